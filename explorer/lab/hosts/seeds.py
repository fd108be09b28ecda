"""Imports the root file systems into the engine, and makes the seed that every new host's volume is copied from.

`box` is imported once for each version of Docker Engine, and for Podman, in a scratch host. The seed is what that host's Docker
daemon wrote: layers and image records, nothing that identifies the daemon. `images.load` copies the seed into the volume of a
new host before the host's daemon starts.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import docker
from explorer.environment import patient
from explorer.lab.config import LabConfig
from explorer.lab.engine import disks
from explorer.lab.engine.client import session
from explorer.lab.engine.kernel import remapped_root
from explorer.lab.engine.removal import remove_tree
from explorer.lab.errors import NodeError
from explorer.lab.hosts import lans, lifecycle
from explorer.lab.hosts.run import BoundedOutput, execute
from explorer.lab.images import shelf
from explorer.lab.images.build import complete
from explorer.lab.images.load import KEPT_IN_SEED, STORE, copy_parts, disk_key, imported, put_seed, ready, seed_dir
from explorer.lab.images.names import key, tag
from explorer.lab.images.recipes import BOX, MACHINE, data, host, recipe
from explorer.lab.inside import host_engine
from explorer.network.engines import PODMAN, title
from explorer.network.scenario import Scenario

Say = Callable[[str], None]
IMPORT_SECONDS = patient(300)
SAID_BYTES = 65536
SCRATCH = "seed"  # the name of the scratch host's sandbox


def import_images(config: LabConfig, names: Sequence[str], say: Say) -> None:
    """Imports `names` and makes their seeds; older versions of the images are removed."""
    with session(config) as client:
        client.api.timeout = IMPORT_SECONDS
        for name in names:
            if name != BOX and not imported(client, tag(config, name)):
                started = time.monotonic()
                with complete(config, name) as whole:
                    client.api.import_image_from_file(
                        str(whole),
                        repository=f"explorer/{name}",
                        tag=key(config, name),
                        changes=[*recipe(config, name).changes],
                    )
                say(f"image {name} given to the engine in {time.monotonic() - started:.1f} s")
        for engine in (engine for engine in config.engines if host(engine) in names):
            if not seed_dir(config, engine).exists():
                started = time.monotonic()
                _make_seed(config, client, engine)
                say(f"image {BOX} prepared for {title(engine)} in {time.monotonic() - started:.1f} s")
            if disks.in_use(config) and not ready(config, engine):
                disks.make_template(config, disk_key(config, engine), partial(put_seed, config, engine))
        _forget_old(config, client)


def _make_seed(config: LabConfig, client: docker.DockerClient, engine: str) -> None:
    lifecycle.close_sandbox(config, SCRATCH)
    scratch = Scenario(name=SCRATCH, summary="", machines=())
    fresh = seed_dir(config, engine).with_suffix(".new")
    remove_tree(fresh, IMPORT_SECONDS)
    try:
        facts = lifecycle.make_scratch(config, client, SCRATCH, scratch, engine)
        volume = Path(client.api.inspect_volume(lifecycle.object_name(config, SCRATCH, "h1"))["Mountpoint"])
        with complete(config, BOX) as whole:
            shutil.copyfile(whole, volume / "box.tar")
        changes = [word for change in recipe(config, BOX).changes for word in ("--change", change)]
        said = BoundedOutput(SAID_BYTES)
        words = [host_engine.named(engine).program, "import", *changes, f"{data(engine)}/box.tar", BOX]
        if execute(config, facts, words, said.write, IMPORT_SECONDS):
            text = (said.out + said.err).decode(errors="replace")[-500:]
            raise NodeError("The learners' image could not be imported.", text)
        client.api.stop(facts, timeout=20)
        fresh.mkdir(parents=True)
        if engine == PODMAN:
            _keep_store(config, volume / "storage", fresh, seed_dir(config, engine).name)
        else:
            _keep_layers(config, volume, fresh)
        fresh.replace(seed_dir(config, engine))
    finally:
        lifecycle.close_sandbox(config, SCRATCH)
        lans.forget_expiry(config, SCRATCH)


def _keep_layers(config: LabConfig, volume: Path, fresh: Path) -> None:
    for name in KEPT_IN_SEED:
        if not (volume / name).is_dir():
            raise NodeError("A host's Docker does not use the overlay2 driver here.", f"no {name} in its data")
        copy_parts([volume / name], fresh)
    shelf.take_layers(config, fresh)


def _keep_store(config: LabConfig, storage: Path, fresh: Path, name: str) -> None:
    if not (storage / "overlay-images").is_dir():
        raise NodeError("A host's Podman does not use the overlay driver here.", "no overlay-images in its data")
    shelf.take_store(config, storage, name)
    (fresh / STORE).symlink_to(f"{shelf.MOUNTED}/{name}")
    os.lchown(fresh / STORE, *remapped_root())


def _forget_old(config: LabConfig, client: docker.DockerClient) -> None:
    current = {tag(config, name) for name in (MACHINE, *(host(engine) for engine in config.engines))}
    for image in client.api.images():
        for name in image.get("RepoTags") or ():
            if name.startswith("explorer/") and name not in current:
                client.api.remove_image(name, force=True)
    seeds = [seed_dir(config, engine) for engine in config.engines]
    for seed in (config.engine_dir / "seeds").iterdir():
        if seed not in seeds:
            remove_tree(seed, IMPORT_SECONDS)
    if disks.in_use(config):
        disks.forget_templates(config, [disk_key(config, engine) for engine in config.engines])
