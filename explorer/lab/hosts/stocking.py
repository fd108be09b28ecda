"""Puts an image on the node's shelf, and takes one off.

An image is loaded in a scratch host of the node, whose limits and borders are those of every host: nothing of the archive is
unpacked outside of it. What the scratch host's daemon wrote goes to the shelf (`images.shelf`). The scratch host has the shelf
already, so a layer that is there is not stored again.
"""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import docker
from explorer.environment import patient
from explorer.lab.config import LabConfig
from explorer.lab.engine import disks
from explorer.lab.engine.client import session
from explorer.lab.engine.disks import LEAST_FREE_BYTES
from explorer.lab.errors import NodeError
from explorer.lab.hosts import lans, lifecycle
from explorer.lab.hosts.run import BoundedOutput, execute
from explorer.lab.images import shelf
from explorer.lab.images.load import disk_key, engines, layers_of_seeds, put_seed
from explorer.lab.images.recipes import BOX
from explorer.lab.images.stand_ins import LABEL as STAND_IN_LABEL
from explorer.network.scenario import Scenario

Say = Callable[[str], None]
LOAD_SECONDS = patient(480)  # less than a scratch host lives, and than the reconciler leaves a sandbox without a row alone
PULL_SECONDS = patient(900)
MEMBERS = 200_000  # of an archive
SCRATCH = "shelf"  # the name of the scratch host's sandbox
ARCHIVE = "image.tar"
TOO_LARGE = os.strerror(errno.EFBIG).lower()
ROOT_PARTS = {"bin", "usr", "etc", "lib", "sbin"}
_LOADED = re.compile(r"^Loaded image(?: ID)?: (\S+)$", re.MULTILINE)


def add(
    config: LabConfig, reference: str, source: str, say: Say, answers_to: Sequence[str] = (), origin: str = ""
) -> shelf.Shelved:
    """Puts the image in `source` (an archive of `docker save`, an OCI layout or a root file system, as a tar or a directory; or
    REGISTRY/REF) on the shelf under this name, and under those that it answers to. `origin` says where it is from when
    `source` does not. Raises NodeError with a sentence for each thing that can be wrong."""
    name, tag = shelf.parse(reference)
    with shelf.alone(config), session(config) as client, _as_tar(config, source) as archive:
        engine = a_ready_engine(config, client)
        check_room(config, archive.stat().st_size)
        kind = kind_of(archive)
        before = tuple(one for one in shelf.images(config) if one.reference != f"{name}:{tag}")
        _, *others = free_names(config, reference, answers_to)
        say(f"loading {origin or source} in a scratch host")
        with _scratch(config, client, engine) as (container, data):
            found = _load(config, container, data, archive, kind, f"{name}:{tag}", say)
            client.api.stop(container, timeout=20)
            chains = shelf.chains_of(data, found["Id"])
            shelf.take_layers(config, data)
            shelf.keep_records(config, data, found["Id"], chains)
        one = shelf.Shelved(
            name=name,
            tag=tag,
            id=found["Id"],
            layers=tuple(layer for _, layer in chains),
            chains=tuple(chain for chain, _ in chains),
            bytes=found["Size"],
            added=time.time(),
            source=(origin or source)[:200],
            answers_to=tuple(others),
            stand_in=STAND_IN_LABEL in found["Labels"],
        )
        _offer(config, client, (*before, one))
        shelf.record(config, one)
        return one


def a_ready_engine(config: LabConfig, client: docker.DockerClient) -> str:
    """A version of Docker Engine with which a host can be opened now. Raises NodeError when there is none."""
    if ready := engines(config, client):
        return ready[0]
    raise NodeError("No host can be opened on this node yet.", "wait until the engine is ready")


def free_names(config: LabConfig, reference: str, answers_to: Sequence[str]) -> tuple[str, ...]:
    """An image's names, each with its tag, the first one first. Raises NodeError when another image has one of them."""
    own, *others = (":".join(shelf.parse(name)) for name in (reference, *answers_to))
    wanted = tuple(dict.fromkeys([own, *others]))
    if f"{BOX}:latest" in wanted:
        raise NodeError(f"{BOX} is the image that every host has already.", "choose another name")
    for one in shelf.images(config):
        if one.reference == own:
            continue  # the new image takes its place
        if one.reference in wanted:
            raise NodeError(f"{one.reference} is on the shelf already.", "remove that image first, or leave that name out")
        if taken := next((name for name in one.answers_to if name in wanted), ""):
            raise NodeError(f"{taken} is a name that {one.reference} answers to.", "remove that image first")
    return wanted


def remove(config: LabConfig, reference: str) -> tuple[shelf.Shelved, int]:
    """Takes an image off the shelf. Returns it, and how many layers stay on the disk until no open host has them."""
    name, tag = shelf.parse(reference)
    with shelf.alone(config), session(config) as client:
        there = shelf.images(config)
        one = next((each for each in there if each.reference == f"{name}:{tag}"), None)
        if one is None:
            listed = ", ".join(each.reference for each in there) or "nothing"
            raise NodeError(f"There is no {name}:{tag} on the shelf.", f"there is {listed}")
        _offer(config, client, tuple(each for each in there if each != one))
        shelf.strike(config, one)
    return one, tidy(config)


def tidy(config: LabConfig) -> int:
    """Removes layers that nothing uses, unless a sandbox is open: its hosts may run containers from them. Returns the number of
    layers that stay for that reason."""
    lone = shelf.lone(config, layers_of_seeds(config))
    if not lone or lifecycle.list_sandboxes(config):
        return len(lone)
    with suppress(NodeError), shelf.alone(config):
        shelf.sweep(config, layers_of_seeds(config))
    return 0


def _offer(config: LabConfig, client: docker.DockerClient, shelved: tuple[shelf.Shelved, ...]) -> None:
    """Makes what hosts with this shelf are copied from, before the list changes: no host waits for it."""
    if disks.in_use(config):
        for engine in engines(config, client):
            disks.make_template(config, disk_key(config, engine, shelved), partial(put_seed, config, engine, shelved=shelved))


# --- an archive -------------------------------------------------------------------------------------------------------


@contextmanager
def _as_tar(config: LabConfig, source: str) -> Iterator[Path]:
    path = Path(source)
    with tempfile.TemporaryDirectory(dir=config.engine_dir / "tmp", prefix="image-") as place:
        made = Path(place, ARCHIVE)
        if path.is_file():
            yield path
        elif path.is_dir():
            check_room(config, 0)  # before the node's disk is written to
            _run(["tar", "--create", f"--file={made}", f"--directory={path}", "."], "The directory could not be packed.")
            yield made
        elif "/" in source and re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._:/@-]{2,199}", source):
            check_room(config, 0)
            _pull(config, source, made)
            yield made
        else:
            raise NodeError("There is no such file or directory, and it is no REGISTRY/NAME.", source[:200])


def _pull(config: LabConfig, source: str, target: Path) -> None:
    """Fetches an image as an archive, which may not become larger than an image may be."""
    if not shutil.which("skopeo"):
        raise NodeError("This node has no program that gets images from a registry.", "install skopeo, or name a file")
    most = config.image_mb * 2**20
    limited = ["prlimit", f"--fsize={most}"]  # the archive is one file, and so is each layer before it is put there
    skopeo = ["skopeo", "--tmpdir", str(target.parent)]
    words = [*limited, *skopeo, "copy", "--quiet", f"docker://{source}", f"docker-archive:{target}"]
    try:
        _run(words, f"{source} could not be had from its registry.", PULL_SECONDS)
    except NodeError as error:
        if TOO_LARGE in error.detail.lower() or (target.exists() and target.stat().st_size >= most):
            raise NodeError(f"{source} is larger than an image may be.", f"EXPLORER_IMAGE_MB is {config.image_mb}") from error
        raise


def _run(words: list[str], sentence: str, seconds: float = LOAD_SECONDS) -> None:
    try:
        done = subprocess.run(words, check=False, capture_output=True, text=True, timeout=seconds)
    except subprocess.TimeoutExpired as error:
        raise NodeError(sentence, f"it took longer than {seconds:.0f} s") from error
    if done.returncode:
        raise NodeError(sentence, done.stderr.strip()[-500:])


def kind_of(archive: Path) -> str:
    """`image` for an archive of `docker save` or an OCI layout, `root` for a root file system. Raises NodeError."""
    tops: set[str] = set()
    try:
        with tarfile.open(archive) as told:
            for count, member in enumerate(told):
                name = member.name.removeprefix("./")
                if name in ("manifest.json", "oci-layout"):
                    return "image"
                tops.add(name.partition("/")[0])
                if count >= MEMBERS:
                    raise NodeError("The archive has too many files.", f"more than {MEMBERS}")
    except (tarfile.TarError, OSError, EOFError, ValueError) as error:
        raise NodeError(
            "That is not a tar archive of an image.", f"{archive.name}: {str(error).partition(chr(10))[0]}"[:200]
        ) from error
    if not tops & ROOT_PARTS:
        names = ", ".join(sorted(filter(None, tops))[:5]) or "nothing"
        raise NodeError("That is a tar archive, but of no image and of no root file system.", f"it holds {names}"[:300])
    return "root"


def check_room(config: LabConfig, more: int) -> None:
    """Refuses what the limits, or the node's disk, have no room for; the archive lies in the scratch host for a while."""
    if more > config.image_mb * 2**20:
        raise NodeError(f"The image is larger than one may be: {more // 2**20} MB.", f"EXPLORER_IMAGE_MB is {config.image_mb}")
    taken = sum(one.bytes for one in shelf.images(config))
    if taken + more > config.shelf_mb * 2**20:
        raise NodeError(
            f"The shelf is full: {taken // 2**20} MB are on it, and this has {more // 2**20} MB.",
            f"remove an image, or raise EXPLORER_SHELF_MB, which is {config.shelf_mb}",
        )
    free = shutil.disk_usage(config.engine_dir).free
    if free - 2 * more < 2 * LEAST_FREE_BYTES:
        raise NodeError(
            f"The node's disk has no room for it: {free // 2**20} MB are free.",
            f"it needs {2 * more // 2**20} MB for a while, and {2 * LEAST_FREE_BYTES // 2**20} MB have to stay free",
        )


# --- in a scratch host ------------------------------------------------------------------------------------------------


@contextmanager
def _scratch(config: LabConfig, client: docker.DockerClient, engine: str) -> Iterator[tuple[str, Path]]:
    """A host that nobody else has: its container, and its /var/lib/docker on the node."""
    lifecycle.close_sandbox(config, SCRATCH)
    try:
        container = lifecycle.make_scratch(config, client, SCRATCH, Scenario(name=SCRATCH, summary="", machines=()), engine)
        volume = client.api.inspect_volume(lifecycle.object_name(config, SCRATCH, "h1"))["Mountpoint"]
        yield container, Path(volume)
    finally:
        lifecycle.close_sandbox(config, SCRATCH)
        lans.forget_expiry(config, SCRATCH)


def _load(config: LabConfig, container: str, data: Path, archive: Path, kind: str, reference: str, say: Say) -> dict[str, Any]:
    """Loads the archive under this name. Returns what `docker image inspect` says."""
    shutil.copyfile(archive, data / ARCHIVE)
    inside = f"/var/lib/docker/{ARCHIVE}"
    with _limited(config, container, data):
        if kind == "root":
            _docker(config, container, "import", inside, reference)
        else:
            names = _LOADED.findall(_docker(config, container, "load", "--input", inside))
            if len(names) != 1:
                raise NodeError("The archive holds more than one image." if names else "The archive holds no image.")
            _docker(config, container, "tag", names[0], reference)
    os.unlink(data / ARCHIVE)
    found = _described(_docker(config, container, "image", "inspect", reference))
    own = json.loads(_docker(config, container, "version", "--format", "{{json .Server.Arch}}"))
    if found.get("Architecture") not in (own, ""):
        raise NodeError(f"The image is made for {found.get('Architecture')}, and this node is {own}.")
    check_room(config, found["Size"])
    say(f"{reference}: {found['Size'] // 2**20} MB in {len(found['RootFS'].get('Layers') or ())} layers")
    return found


def _described(text: str) -> dict[str, Any]:
    """What `docker image inspect` printed about one image. An image may say very much of itself; then the text was cut off."""
    try:
        found: dict[str, Any] = dict(json.loads(text)[0])
        labels = dict(dict(found.get("Config") or {}).get("Labels") or {})
        return found | {"Id": str(found["Id"]), "Size": int(found["Size"]), "RootFS": dict(found["RootFS"]), "Labels": labels}
    except (ValueError, TypeError, LookupError, RecursionError) as error:
        raise NodeError("What the image says of itself makes no sense, or is too long.", str(error)[:200]) from error


@contextmanager
def _limited(config: LabConfig, container: str, data: Path) -> Iterator[None]:
    """While the block runs, what the daemon unpacks is measured; beyond the limit its programs are ended."""
    over: list[int] = []
    done = threading.Event()
    most = config.image_mb * 2**20

    def watch() -> None:
        while not done.wait(0.5):
            taken = disk_use(data / shelf.OVERLAY)
            if taken > most + 2**20 or shutil.disk_usage(data).free < LEAST_FREE_BYTES:
                over.append(taken)
                execute(config, container, ["pkill", "-KILL", "dockerd"], lambda stream, text: None, 10)
                return

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    except NodeError as error:
        if over:
            raise NodeError(
                f"The image is larger than one may be: {over[0] // 2**20} MB and more, unpacked.",
                f"EXPLORER_IMAGE_MB is {config.image_mb}",
            ) from error
        raise
    finally:
        done.set()
        watcher.join()


def disk_use(top: Path) -> int:
    """Bytes in blocks below `top`; entries that disappear meanwhile count nothing."""
    total = 0
    for place, _, names in os.walk(top):
        for name in names:
            try:
                total += os.lstat(os.path.join(place, name)).st_blocks * 512
            except OSError:
                continue
    return total


def _docker(config: LabConfig, container: str, *words: str) -> str:
    said = BoundedOutput(256 * 1024)
    if execute(config, container, ["docker", *words], said.write, LOAD_SECONDS):
        text = (said.err + said.out).decode(errors="replace").strip()[-400:]
        raise NodeError(f"The image could not be loaded: `docker {words[0]}` failed.", text)
    return said.out.decode(errors="replace")
