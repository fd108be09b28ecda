"""The names of all images, and the inputs of their hashes."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from explorer.lab.config import LabConfig
from explorer.lab.images.recipes import BOX, MACHINE, host, recipe

FORMAT = "3"  # raise this number when the way of building changes
MADE = 1_767_225_600  # 2026-01-01 in seconds of Unix time: the newest time of a file in an image, so that two builds are equal


NEEDED = (MACHINE, BOX)  # beside hosts with any version of Docker Engine


def needed(config: LabConfig) -> tuple[str, ...]:
    """The images with which a node begins to serve, when its first version of Docker Engine can be had."""
    return (host(config.engines[0]), *NEEDED)


def optional(config: LabConfig) -> tuple[str, ...]:
    """Images of hosts with further versions of Docker Engine; they are made while the node already serves."""
    return tuple(host(engine) for engine in config.engines[1:])


def base_key(config: LabConfig, name: str) -> str:
    """A hash of everything that the packages' file system is made from."""
    source = recipe(config, name).source
    return _base_key(config, name, source.state if source else "")


def key(config: LabConfig, name: str) -> str:
    """A hash of everything that the image is made from."""
    return _key(config, name, base_key(config, name))


@lru_cache
def _base_key(config: LabConfig, name: str, source: str) -> str:
    made = recipe(config, name)
    digest = hashlib.sha256("\n".join([FORMAT, made.suite, name, *made.packages, source]).encode())
    for script in made.finishes:
        digest.update(script.read_bytes())
    if (ready := ready_made(config, name)) and ready.exists():
        found = ready.stat()
        digest.update(f"{found.st_size} {found.st_mtime_ns}".encode())
    return digest.hexdigest()[:12]


@lru_cache
def _key(config: LabConfig, name: str, base: str) -> str:
    made = recipe(config, name)
    digest = hashlib.sha256("\n".join([base, *made.changes]).encode())
    for home, files in made.tree.items():
        for file in files:
            path = home / file
            digest.update(f"{home.name}/{file} {path.stat().st_mode & 0o111:o}\n".encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def ready_made(config: LabConfig, name: str) -> Path | None:
    return config.images_dir / f"{name}.tar" if config.images_dir else None


def tar(config: LabConfig, name: str) -> Path:
    return ready_made(config, name) or config.cache_dir / f"{name}-{base_key(config, name)}.tar"


def tag(config: LabConfig, name: str) -> str:
    return f"explorer/{name}:{key(config, name)}"
