"""The names of all images, and the inputs of their hashes."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from explorer.lab.config import LabConfig
from explorer.lab.images.stand_ins import STAND_INS

HERE = Path(__file__).parent
HOST, MACHINE, BOX = "host", "machine", "box"
STAND_IN = "stand-in"  # what all stand-ins have in common
HOSTS = {"26": HOST, "28": "host28"}  # Docker Engine → the host's image whose Debian suite has it
SUITES = {"host28": "sid"}
SUITE = "trixie"  # the suite of every other image
RELEASES = {"trixie": "13"}  # Debian's release number; unstable has none
FORMAT = "3"  # raise this number when the way of building changes
MADE = 1_767_225_600  # 2026-01-01 in seconds of Unix time: the newest time of a file in an image, so that two builds are equal

_PATH = "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_COMMON = [_PATH, "ENV LANG=C.UTF-8", "WORKDIR /root"]
CHANGES = {
    **{host: [*_COMMON, 'CMD ["host-start"]'] for host in HOSTS.values()},
    MACHINE: [*_COMMON, 'CMD ["machine-start"]'],
    BOX: [*_COMMON, 'CMD ["web"]', "EXPOSE 80"],
}


def needed(config: LabConfig) -> tuple[str, ...]:
    """The images that a node needs before it is ready."""
    return (HOSTS[config.engines[0]], MACHINE, BOX)


def optional(config: LabConfig) -> tuple[str, ...]:
    """Images of hosts with further versions of Docker Engine; they are made while the node already serves."""
    return tuple(HOSTS[engine] for engine in config.engines[1:])


def suite(name: str) -> str:
    return SUITES.get(name, SUITE)


def release(name: str) -> str:
    """Debian's release number of an image's packages; empty for unstable."""
    return RELEASES.get(suite(name), "")


def source(name: str) -> str:
    """The image whose package list and files are used: the images of hosts differ only in the Debian suite."""
    return HOST if name in HOSTS.values() else name


def packages(name: str) -> list[str]:
    lines = (line.split("#")[0].strip() for line in (HERE / f"{source(name)}.packages").read_text().splitlines())
    return [line for line in lines if line]


def finishes(name: str) -> list[Path]:
    """The scripts that turn extracted packages into a root file system, in their order; none for images that are installed."""
    scripts = [HERE / f"{word}.finish" for word in ((STAND_IN, name) if name in STAND_INS else (name,))]
    return [script for script in scripts if script.exists()]


def tree(name: str) -> list[Path]:
    """Our own files in an image; they are added over the packages' files."""
    return sorted(path for path in (HERE / source(name)).rglob("*") if path.is_file())


@lru_cache
def base_key(config: LabConfig, name: str) -> str:
    """A hash of everything that the packages' file system is made from."""
    digest = hashlib.sha256("\n".join([FORMAT, suite(name), name, *packages(name)]).encode())
    for script in finishes(name):
        digest.update(script.read_bytes())
    if (ready := ready_made(config, name)) and ready.exists():
        found = ready.stat()
        digest.update(f"{found.st_size} {found.st_mtime_ns}".encode())
    return digest.hexdigest()[:12]


@lru_cache
def key(config: LabConfig, name: str) -> str:
    """A hash of everything that the image is made from."""
    digest = hashlib.sha256("\n".join([base_key(config, name), *CHANGES[name]]).encode())
    for path in tree(name):
        digest.update(f"{path.relative_to(HERE)} {path.stat().st_mode & 0o111:o}\n".encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def ready_made(config: LabConfig, name: str) -> Path | None:
    return config.images_dir / f"{name}.tar" if config.images_dir else None


def tar(config: LabConfig, name: str) -> Path:
    return ready_made(config, name) or config.cache_dir / f"{name}-{base_key(config, name)}.tar"


def tag(config: LabConfig, name: str) -> str:
    return f"explorer/{name}:{key(config, name)}"
