"""Gives the file systems to the engine, and gives every new host the learners' image without importing it each time.

`box` is imported once for each version of Docker Engine, in a scratch host. What its Docker daemon wrote down (layers and
image records, nothing that names that daemon) is kept as a seed and copied into the volume of each new host before its
daemon starts.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from docker.errors import ImageNotFound

import docker
from explorer.environment import patient
from explorer.lab.config import LabConfig
from explorer.lab.engine import session
from explorer.lab.errors import NodeError
from explorer.lab.images.build import complete
from explorer.lab.images.names import BOX, CHANGES, HOSTS, MACHINE, key, tag, tar

Say = Callable[[str], None]
IMPORT_SECONDS = patient(300)
KEPT_IN_SEED = ("image", "overlay2")
SCRATCH = "seed"  # the scratch host's sandbox name
DATA = Path("/var/lib/docker")


def import_images(config: LabConfig, names: Sequence[str], say: Say) -> None:
    """The engine holds `names` and their seeds afterwards, and no older ones of any image."""
    with session(config) as client:
        client.api.timeout = IMPORT_SECONDS
        for name in names:
            if name != BOX and not imported(client, tag(config, name)):
                started = time.monotonic()
                with complete(config, name) as whole:
                    client.api.import_image_from_file(
                        str(whole), repository=f"explorer/{name}", tag=key(config, name), changes=CHANGES[name]
                    )
                say(f"image {name} given to the engine in {time.monotonic() - started:.1f} s")
        for engine in (engine for engine, host in HOSTS.items() if host in names):
            if not seed_dir(config, engine).exists():
                started = time.monotonic()
                _make_seed(config, client, engine)
                say(f"image {BOX} prepared for Docker Engine {engine} in {time.monotonic() - started:.1f} s")
        _forget_old(config, client)


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
    """The versions of Docker Engine a host can be opened with now."""
    return tuple(
        engine
        for engine in config.engines
        if seed_dir(config, engine).exists() and imported(client, tag(config, HOSTS[engine]))
    )


def seed_dir(config: LabConfig, engine: str) -> Path:
    return config.engine_dir / "seeds" / f"{key(config, HOSTS[engine])}-{key(config, BOX)}"


def seeded_volume(config: LabConfig, client: docker.DockerClient, name: str, labels: dict[str, str], engine: str) -> str:
    """A volume for a host's /var/lib/docker that holds the learners' image already. Returns its name."""
    volume = client.api.create_volume(name=name, labels=labels)
    if seed_dir(config, engine).exists():
        _copy([seed_dir(config, engine) / part for part in KEPT_IN_SEED], Path(volume["Mountpoint"]))
    return name


def _copy(sources: list[Path], target: Path) -> None:
    done = subprocess.run(
        ["cp", "-a", "--reflink=auto", *map(str, sources), str(target)], check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise NodeError("The learners' image could not be put on a host.", done.stderr.strip()[:500])


def _make_seed(config: LabConfig, client: docker.DockerClient, engine: str) -> None:
    from explorer.lab import hosts, lans
    from explorer.lab.run import execute
    from explorer.network.scenario import Scenario

    hosts.close_sandbox(config, SCRATCH)
    scratch = Scenario(name=SCRATCH, summary="", machines=())
    fresh = seed_dir(config, engine).with_suffix(".new")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        facts = hosts.make_scratch(config, client, SCRATCH, scratch, engine)
        volume = Path(client.api.inspect_volume(hosts.object_name(config, SCRATCH, "h1"))["Mountpoint"])
        with complete(config, BOX) as whole:
            shutil.copyfile(whole, volume / "box.tar")
        changes = [word for change in CHANGES[BOX] for word in ("--change", change)]
        out: list[bytes] = []
        words = ["docker", "import", *changes, str(DATA / "box.tar"), BOX]
        if execute(client, facts, words, lambda _, data: out.append(data), IMPORT_SECONDS):
            raise NodeError("The learners' image could not be imported.", b"".join(out).decode(errors="replace")[-500:])
        client.api.stop(facts, timeout=20)
        fresh.mkdir(parents=True)
        for name in KEPT_IN_SEED:
            if not (volume / name).is_dir():
                raise NodeError("A host's Docker does not use the overlay2 driver here.", f"no {name} in its data")
            _copy([volume / name], fresh)
        fresh.replace(seed_dir(config, engine))
    finally:
        hosts.close_sandbox(config, SCRATCH)
        lans.forget_expiry(config, SCRATCH)


def _forget_old(config: LabConfig, client: docker.DockerClient) -> None:
    current = {tag(config, name) for name in (MACHINE, *(HOSTS[engine] for engine in config.engines))}
    for image in client.api.images():
        for name in image.get("RepoTags") or ():
            if name.startswith("explorer/") and name not in current:
                client.api.remove_image(name, force=True)
    seeds = [seed_dir(config, engine) for engine in config.engines]
    for seed in (config.engine_dir / "seeds").iterdir():
        if seed not in seeds:
            shutil.rmtree(seed, ignore_errors=True)


def details(config: LabConfig, client: docker.DockerClient) -> list[dict[str, Any]]:
    """For labdoctor: each image, its version and size in bytes (0: not there)."""
    found = []
    for name in (*(HOSTS[engine] for engine in config.engines), MACHINE):
        size = _inspect(client, tag(config, name))["Size"] if imported(client, tag(config, name)) else 0
        found.append({"name": name, "version": key(config, name), "bytes": size})
    seeded = engines(config, client) and tar(config, BOX).exists()
    found.append({"name": BOX, "version": key(config, BOX), "bytes": tar(config, BOX).stat().st_size if seeded else 0})
    return found
