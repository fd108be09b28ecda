"""Which images the engine holds, and the volume that gives a new host the learners' image without an import.

A seed is what a host's Docker daemon wrote when it imported `box` once: image records and links to the layers on the shelf, but
nothing that identifies that daemon. `hosts.seeds` makes the seed; this module finds and copies it, with the records of the
shelf's images. A Podman host's seed is a link to a store on the shelf, which Podman reads as an additional image store.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from docker.errors import ImageNotFound

import docker
from explorer.lab.config import LabConfig
from explorer.lab.engine import disks
from explorer.lab.errors import NodeError
from explorer.lab.images import shelf
from explorer.lab.images.names import key, tag, tar
from explorer.lab.images.recipes import BOX, MACHINE, host
from explorer.network.engines import PODMAN

KEPT_IN_SEED = ("image", "overlay2")
STORE = "shelf"  # the seed of a Podman host is a link to an image store on the shelf
FORMAT = "2"  # raise this number when the way of making a seed changes


def imported(client: docker.DockerClient, name: str) -> bool:
    try:
        _inspect(client, name)
    except ImageNotFound:
        return False
    return True


def _inspect(client: docker.DockerClient, name: str) -> dict[str, Any]:
    found: dict[str, Any] = client.api.inspect_image(name)  # type: ignore[no-untyped-call]
    return found


def engines(config: LabConfig, client: docker.DockerClient) -> tuple[str, ...]:
    """The versions of Docker Engine with which a host can be opened now."""
    return tuple(engine for engine in config.engines if ready(config, engine) and imported(client, tag(config, host(engine))))


def ready(config: LabConfig, engine: str) -> bool:
    """Whether there is what a new host's /var/lib/docker is copied from."""
    own = disks.in_use(config)
    return (disks.template(config, disk_key(config, engine)) if own else seed_dir(config, engine)).exists()


def disk_key(config: LabConfig, engine: str, shelved: tuple[shelf.Shelved, ...] | None = None) -> str:
    """The name of the disk template of hosts with this version of Docker Engine and the present shelf, or another one."""
    on_it = shelf.key_of(shelf.images(config) if shelved is None else shelved)
    return "-".join(filter(None, (seed_dir(config, engine).name, on_it)))


def seed_dir(config: LabConfig, engine: str) -> Path:
    return config.engine_dir / "seeds" / f"{key(config, host(engine))}-{key(config, BOX)}-{FORMAT}"


def layers_of_seeds(config: LabConfig) -> set[str]:
    """What seeds link to on the shelf: layers, and image stores of Podman's."""
    found = (config.engine_dir / "seeds").glob(f"*/{shelf.OVERLAY}/*")
    links = (seed / STORE for seed in (config.engine_dir / "seeds").glob("*"))
    stores = {link.readlink().name for link in links if link.is_symlink()}
    return stores | {path.name for path in found if (path / "diff").is_symlink()}


def seeded_volume(config: LabConfig, client: docker.DockerClient, name: str, labels: dict[str, str], engine: str) -> str:
    """Makes a volume for a host's /var/lib/docker that holds the learners' image. Returns its name."""
    volume = client.api.create_volume(name=name, labels=labels)
    if seed_dir(config, engine).exists():
        put_seed(config, engine, Path(volume["Mountpoint"]))
    return name


def put_seed(config: LabConfig, engine: str, target: Path, shelved: tuple[shelf.Shelved, ...] | None = None) -> None:
    if engine == PODMAN:  # it reads the store on the shelf where it is
        copy_parts([seed_dir(config, engine) / STORE], target)
        return
    copy_parts([seed_dir(config, engine) / part for part in KEPT_IN_SEED], target)
    shelf.put_store(config, target, shelved)


def copy_parts(sources: list[Path], target: Path) -> None:
    done = subprocess.run(
        ["cp", "-a", "--reflink=auto", *map(str, sources), str(target)], check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise NodeError("The learners' image could not be put on a host.", done.stderr.strip()[:500])


def details(config: LabConfig, client: docker.DockerClient) -> list[dict[str, Any]]:
    """For labdoctor: each image with its version and its size in bytes (0 when it is not there)."""
    found = []
    for name in (*(host(engine) for engine in config.engines), MACHINE):
        size = _inspect(client, tag(config, name))["Size"] if imported(client, tag(config, name)) else 0
        found.append({"name": name, "version": key(config, name), "bytes": size})
    seeded = engines(config, client) and tar(config, BOX).exists()
    found.append({"name": BOX, "version": key(config, BOX), "bytes": tar(config, BOX).stat().st_size if seeded else 0})
    return found
