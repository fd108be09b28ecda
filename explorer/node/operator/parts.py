"""Which parts this installation is made of: gathers the inputs for `explorer.supply` from the machine and the images."""

from __future__ import annotations

import hashlib
from pathlib import Path

from django.conf import settings

from explorer.lab.config import LabConfig
from explorer.lab.images import MADE, STAND_INS, needed, optional, recipe, tar
from explorer.supply import bill, collect
from explorer.supply.part import Part

STATUS = Path("/") / collect.STATUS
OS_RELEASE = Path("/etc/os-release")


def images(config: LabConfig) -> dict[str, Path]:
    """The root file systems that are here, by the image's name."""
    found = {name: tar(config, name) for name in (*needed(config), *optional(config), *STAND_INS)}
    return {name: path for name, path in found.items() if path.exists()}


def parts(config: LabConfig, whole_machine: bool = False) -> list[Part]:
    """All parts. Of the machine's Debian packages those that a node needs, or with `whole_machine` all. Raises OSError,
    ValueError and tarfile.TarError for an input that cannot be read."""
    found = collect.python_parts()
    if (lock := Path(settings.BASE_DIR) / "package-lock.json").exists():
        found += collect.npm_parts(lock)
    found += _machine_parts(whole_machine)
    for name, path in images(config).items():
        found += collect.image_parts(path, name, recipe(config, name).release)
    return found


def _machine_parts(whole: bool) -> list[Part]:
    listed = Path(settings.BASE_DIR) / "setup" / "debian-packages.txt"
    if not (listed.exists() and STATUS.exists()):
        return []
    if whole:
        return collect.debian_parts(STATUS.read_text(), "machine", _machine_release())
    lines = (line.partition("#")[0].strip() for line in listed.read_text().splitlines())
    wanted = [name for line in lines for name in line.split("|") if name]
    return collect.debian_parts(collect.needed_of(STATUS.read_text(), wanted), "machine", _machine_release())


def _machine_release() -> str:
    """Debian's release number of this machine; empty for unstable and for other systems."""
    pairs = (line.partition("=") for line in OS_RELEASE.read_text().splitlines()) if OS_RELEASE.exists() else ()
    about = {name: value.strip('"') for name, _, value in pairs}
    return about.get("VERSION_ID", "") if about.get("ID") == "debian" else ""


def write_bill(config: LabConfig, version: str, whole_machine: bool = False) -> str:
    """The SBOM's text."""
    digests = {}
    for name, path in images(config).items():
        with path.open("rb") as file:
            digests[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return bill.bill(version, parts(config, whole_machine), digests, MADE)
