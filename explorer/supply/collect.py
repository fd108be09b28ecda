"""Collects the parts: Python distributions, the front end's lock file, Debian's package lists on the machine and in images."""

from __future__ import annotations

import json
import re
import tarfile
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path

from explorer.supply.part import DEBIAN, NPM, PYTHON, Part, same_name

Paragraph = dict[str, str]
STATUS = "var/lib/dpkg/status"
STATUS_DIR = "var/lib/dpkg/status.d/"  # images that are extracted and not installed have one file per package here
LARGEST_STATUS = 32 << 20  # bytes
INSTALLED = "install ok installed"


def python_parts(found: Iterable[Distribution] | None = None) -> list[Part]:
    """The distributions of this Python environment."""
    parts = set()
    for distribution in distributions() if found is None else found:
        about = distribution.metadata
        if about and about["Name"]:
            licence = about["License-Expression"] or ""
            parts.add(Part(PYTHON, same_name(about["Name"]), distribution.version, "python", licence=licence))
    return sorted(parts)


def npm_parts(lock: Path) -> list[Part]:
    """The packages of a package-lock.json (version 2 or 3). Raises OSError and ValueError."""
    parts = set()
    for place, about in json.loads(lock.read_text()).get("packages", {}).items():
        if place and not about.get("link"):
            name = about.get("name") or place.rpartition("node_modules/")[2]
            parts.add(Part(NPM, name, about["version"], "npm", licence=str(about.get("license", ""))))
    return sorted(parts)


def paragraphs(text: str) -> Iterator[Paragraph]:
    """The paragraphs of a Debian control file, each field's first line only."""
    for block in re.split(r"\n\s*\n", text):
        fields = (line.partition(":") for line in block.splitlines() if line and not line[0].isspace())
        if found := {name: value.strip() for name, colon, value in fields if colon}:
            yield found


def debian_parts(text: str, where: str, release: str) -> list[Part]:
    """The installed packages of a dpkg status file's text."""
    return sorted({_part(found, where, release) for found in paragraphs(text) if _is_installed(found)})


def _is_installed(found: Paragraph) -> bool:
    return "Package" in found and "Version" in found and found.get("Status", INSTALLED) == INSTALLED


def _part(found: Paragraph, where: str, release: str) -> Part:
    named = re.fullmatch(r"(\S+)(?: \((\S+)\))?", found.get("Source", ""))
    source, version = named.groups() if named else (None, None)
    name = found["Package"]
    return Part(DEBIAN, name, found["Version"], where, source or name, version or found["Version"], release)


def image_parts(image: Path, name: str, release: str) -> list[Part]:
    """The Debian packages of an image's root file system (a tar). Raises OSError and tarfile.TarError."""
    texts = []
    with tarfile.open(image) as archive:
        for member in archive:
            place = member.name.removeprefix("./")
            is_list = member.isfile() and (place == STATUS or place.startswith(STATUS_DIR))
            if is_list and (file := archive.extractfile(member)):
                texts.append(file.read(LARGEST_STATUS).decode(errors="replace"))
    return debian_parts("\n\n".join(texts), f"image {name}", release)


def needed_of(text: str, wanted: Iterable[str]) -> str:
    """Of a dpkg status file's text, the paragraphs of the `wanted` packages that are installed and of all packages that
    these depend on."""
    blocks = {
        found["Package"]: (found, block) for block in text.split("\n\n") for found in paragraphs(block) if "Package" in found
    }
    installed = {name: pair for name, pair in blocks.items() if _is_installed(pair[0])}
    provided = {word: name for name, (found, _) in installed.items() for word in _names(found.get("Provides", ""))}
    todo, seen = list(wanted), set()
    while todo:
        name = todo.pop()
        name = name if name in installed else provided.get(name, name)
        if name in installed and name not in seen:
            seen.add(name)
            found = installed[name][0]
            todo += _names(f"{found.get('Depends', '')}, {found.get('Pre-Depends', '')}")
    return "\n\n".join(installed[name][1] for name in sorted(seen))


def _names(relation: str) -> list[str]:
    """The package names of a dependency line; of alternatives all, since those that are not installed drop out."""
    return [word.split()[0].partition(":")[0] for word in re.split(r"[,|]", relation) if word.strip()]
