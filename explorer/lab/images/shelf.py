"""The image shelf: images that operators put on a node for all of its hosts. Each layer lies once on the node's disk.

    shelf/layers/ID/     what a layer holds; every host has `layers` mounted read-only at MOUNTED
    shelf/store/         the records that Docker's overlay2 driver and image store keep: small files, and in place of each
                         layer's content a link into MOUNTED
    shelf/images/*.json  one record of ours for each image

A new host's /var/lib/docker gets a copy of the store, so its daemon knows the images from the beginning. The layers are not
copied: all hosts read the same files, and the kernel keeps one copy of their pages. `hosts.stocking` fills the shelf.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from explorer.lab.config import LabConfig
from explorer.lab.engine.kernel import remapped_root
from explorer.lab.engine.removal import remove_tree
from explorer.lab.errors import NodeError
from explorer.network import image_names

MOUNTED = "/var/lib/docker-shelf"  # where hosts have the layers
STORE_PARTS = ("overlay", "overlay-images", "overlay-layers", "storage.lock")
OVERLAY, IMAGE = "overlay2", "image/overlay2"
REMOVE_SECONDS = 120.0
A_STAND_IN = "(a stand-in)"
_ID = re.compile(r"[a-z0-9-]{20,80}", re.ASCII)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Shelved:
    """An image on the shelf. `layers` are ids of the overlay2 driver, `chains` the image store's records of them."""

    name: str
    tag: str
    id: str
    layers: tuple[str, ...]
    chains: tuple[str, ...]
    bytes: int
    added: float
    source: str
    answers_to: tuple[str, ...] = ()  # further names by which hosts have it
    stand_in: bool = False  # it says of itself that it stands in for another image

    @property
    def reference(self) -> str:
        return f"{self.name}:{self.tag}"

    @property
    def names(self) -> tuple[str, ...]:
        return (self.reference, *self.answers_to)

    def called(self, name: str) -> str:
        """One of its names, as people are told it."""
        return f"{name} {A_STAND_IN}" if self.stand_in else name


def parse(reference: str) -> tuple[str, str]:
    """(name, tag) of an image's reference; without a tag it is `latest`. Raises NodeError."""
    try:
        return image_names.split(reference)
    except ValueError as error:
        raise NodeError("That is not the name of an image.", str(error)) from error


def folder(config: LabConfig) -> Path:
    return config.engine_dir / "shelf"


def layers_dir(config: LabConfig) -> Path:
    """The directory that every host has mounted. It is made when it is missing."""
    path = folder(config) / "layers"
    path.mkdir(parents=True, exist_ok=True)
    return path


def store_dir(config: LabConfig) -> Path:
    return folder(config) / "store"


def images(config: LabConfig) -> tuple[Shelved, ...]:
    """What is on the shelf, by name."""
    found = []
    with suppress(FileNotFoundError):
        for path in (folder(config) / "images").glob("*.json"):
            with suppress(OSError, ValueError, TypeError, LookupError, AttributeError):
                found.append(_shelved(json.loads(path.read_text())))
    return tuple(sorted(found, key=lambda one: one.reference))


def _shelved(told: dict[str, Any]) -> Shelved:
    """An image from its record."""
    one_name = told.pop("stands_for", "")  # records were written with this when an image had at most one other name
    several = tuple(told.pop("answers_to", ())) or tuple(filter(None, (one_name,)))
    return Shelved(**told | {"layers": tuple(told["layers"]), "chains": tuple(told["chains"]), "answers_to": several})


def references(config: LabConfig) -> tuple[str, ...]:
    """Every name by which `docker run` finds something on the shelf, as people are told it."""
    return tuple(sorted(one.called(name) for one in images(config) for name in one.names))


def key_of(shelved: tuple[Shelved, ...]) -> str:
    """A name for this content of the shelf, in whatever order; "" for none."""
    if not shelved:
        return ""
    in_order = sorted(shelved, key=lambda one: one.reference)
    told = "\n".join(f"{one.reference} {' '.join(one.answers_to)} {one.id} {one.layers}" for one in in_order)
    return hashlib.sha256(told.encode()).hexdigest()[:12]


def key(config: LabConfig) -> str:
    return key_of(images(config))


@contextmanager
def alone(config: LabConfig) -> Iterator[None]:
    """One process at a time changes the shelf. Raises NodeError when another one does."""
    folder(config).mkdir(parents=True, exist_ok=True)
    with open(folder(config) / "lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise NodeError("Another process changes the shelf now.", "try again when it has finished") from error
        yield


def record(config: LabConfig, one: Shelved) -> None:
    """Puts the image on the list; its layers and the store's records are there already."""
    path = folder(config) / "images" / f"{hashlib.sha256(one.reference.encode()).hexdigest()[:16]}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.write_text(json.dumps(asdict(one)))
    new.replace(path)


def strike(config: LabConfig, one: Shelved) -> None:
    """Takes the image off the list. Its layers stay as long as `sweep` is not called."""
    path = folder(config) / "images" / f"{hashlib.sha256(one.reference.encode()).hexdigest()[:16]}.json"
    path.unlink(missing_ok=True)


# --- from a daemon's data to the shelf --------------------------------------------------------------------------------


def take_layers(config: LabConfig, data: Path) -> list[str]:
    """Moves the content of every layer below `data` (a daemon's /var/lib/docker, or a part of it) to the shelf and leaves a
    link. Returns the ids of these layers."""
    taken = []
    for found in sorted((data / OVERLAY).iterdir()):
        content = found / "diff"
        if found.name == "l" or content.is_symlink() or not content.is_dir():
            continue
        if not _ID.fullmatch(found.name):
            raise NodeError("A layer has a name that Docker would not give.", found.name[:80])
        target = layers_dir(config) / found.name
        remove_tree(target, REMOVE_SECONDS)
        _without_special_files(content)
        _move(content, target)
        content.symlink_to(f"{MOUNTED}/{found.name}")
        os.lchown(content, *remapped_root())
        taken.append(found.name)
    return taken


def take_store(config: LabConfig, data: Path, name: str) -> None:
    """Moves the images in `data`, a directory of Podman's, to the shelf as a store that Podman hosts read
    (`additionalimagestores`)."""
    target = layers_dir(config) / name
    remove_tree(target, REMOVE_SECONDS)
    for part in sorted(data.iterdir()):
        if part.name not in STORE_PARTS:
            remove_tree(part, REMOVE_SECONDS) if part.is_dir() and not part.is_symlink() else part.unlink()
    _without_special_files(data)
    _move(data, target)


def _move(source: Path, target: Path) -> None:
    """The engine's data may be another mount, so this copies, with everything that the kernel keeps of a file."""
    new = target.with_name(f"{target.name}.new")
    remove_tree(new, REMOVE_SECONDS)
    words = ["cp", "-a", "--reflink=auto", "-T", str(source), str(new)]
    done = subprocess.run(words, check=False, capture_output=True, text=True)
    if done.returncode or not remove_tree(source, REMOVE_SECONDS):
        remove_tree(new, REMOVE_SECONDS)
        raise NodeError("A layer could not be put on the shelf.", done.stderr.strip()[-300:])
    new.rename(target)


def _without_special_files(top: Path) -> None:
    """Removes FIFOs, sockets and devices (not overlay's marks of removed files): hosts could reach each other through these."""
    for place, _, names in os.walk(top):
        for name in names:
            path = os.path.join(place, name)
            found = os.lstat(path)
            mark = stat.S_ISCHR(found.st_mode) and found.st_rdev == 0
            if not mark and not (stat.S_ISREG(found.st_mode) or stat.S_ISLNK(found.st_mode)):
                os.unlink(path)


def chains_of(data: Path, image: str) -> list[tuple[str, str]]:
    """(chain, layer) of each layer of an image, from the lowest: the image store's name for it and overlay2's. Raises
    NodeError when the records are not as Docker writes them."""
    try:
        told = json.loads((data / IMAGE / "imagedb/content/sha256" / _hex(image)).read_bytes())
        found, chain = [], ""
        for digest in told["rootfs"]["diff_ids"]:
            joined = f"{chain} {digest}" if chain else str(digest)
            chain = f"sha256:{hashlib.sha256(joined.encode()).hexdigest()}" if chain else str(digest)
            layer = (data / IMAGE / "layerdb/sha256" / _hex(chain) / "cache-id").read_text()
            if not _ID.fullmatch(layer):
                raise ValueError(layer[:80])
            found.append((chain, layer))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NodeError("The image's records are not as Docker writes them.", str(error)[:200]) from error
    return found


def _hex(digest: str) -> str:
    if not _DIGEST.fullmatch(digest):
        raise NodeError("That is no digest of an image.", digest[:80])
    return digest.removeprefix("sha256:")


def keep_records(config: LabConfig, data: Path, image: str, chains: list[tuple[str, str]]) -> None:
    """Copies what a daemon wrote about this image, and about its layers, into the store."""
    store = store_dir(config)
    hexed = _hex(image)
    parts = [f"{IMAGE}/imagedb/content/sha256/{hexed}", f"{IMAGE}/imagedb/metadata/sha256/{hexed}"]
    parts += [f"{IMAGE}/layerdb/sha256/{_hex(chain)}" for chain, _ in chains]
    for _, layer in chains:
        parts.append(f"{OVERLAY}/{layer}")
        link = (data / OVERLAY / layer / "link").read_text()
        if re.fullmatch(r"[A-Z0-9]{26}", link):
            parts.append(f"{OVERLAY}/l/{link}")
    there = [part for part in parts if os.path.lexists(data / part)]
    store.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(["cp", "-a", "--parents", *there, str(store)], cwd=data, check=False, capture_output=True, text=True)
    if done.returncode:
        raise NodeError("The image's records could not be kept.", done.stderr.strip()[:500])


# --- from the shelf to a new host -------------------------------------------------------------------------------------


def put_store(config: LabConfig, target: Path, shelved: tuple[Shelved, ...] | None = None) -> None:
    """Copies the store into `target`, which holds the seed's records already, and names the images there."""
    shelved = images(config) if shelved is None else shelved
    if not shelved:
        return
    parts = [str(store_dir(config) / part) for part in ("image", OVERLAY)]
    done = subprocess.run(["cp", "-a", *parts, str(target)], check=False, capture_output=True, text=True)
    if done.returncode:
        raise NodeError("The shelf could not be put on a host.", done.stderr.strip()[:500])
    path = target / IMAGE / "repositories.json"
    told: dict[str, Any] = {}
    with suppress(OSError, ValueError):
        told = json.loads(path.read_text())
    names = told.setdefault("Repositories", {})
    for one in shelved:
        for reference in one.names:
            name, tag = parse(reference)
            names.setdefault(name, {})[f"{name}:{tag}"] = one.id
    path.unlink(missing_ok=True)
    path.write_text(json.dumps(told))
    path.chmod(0o600)
    os.chown(path, *remapped_root())


# --- what nothing needs any more --------------------------------------------------------------------------------------


def lone(config: LabConfig, needed: set[str]) -> list[Path]:
    """Layers that neither an image of the shelf nor `needed` (the layers of seeds) uses."""
    used = needed | {layer for one in images(config) for layer in one.layers}
    return [path for path in layers_dir(config).iterdir() if path.name not in used]


def sweep(config: LabConfig, needed: set[str]) -> None:
    """Removes lone layers, and the store's records of images and layers that are gone. No host may be open that has them."""
    for path in lone(config, needed):
        remove_tree(path, REMOVE_SECONDS)
    there = images(config)
    keep = {one.id.removeprefix("sha256:") for one in there} | {
        chain.removeprefix("sha256:") for one in there for chain in one.chains
    }
    layers = {layer for one in there for layer in one.layers}
    store = store_dir(config)
    for part in ("imagedb/content", "imagedb/metadata", "layerdb"):
        for path in _entries(store / IMAGE / part / "sha256"):
            if path.name not in keep:
                path.unlink() if path.is_file() else remove_tree(path, REMOVE_SECONDS)
    for path in _entries(store / OVERLAY):
        if path.name != "l" and path.name not in layers:
            remove_tree(path, REMOVE_SECONDS)
    for path in _entries(store / OVERLAY / "l"):
        if Path(os.readlink(path)).parent.name not in layers:
            path.unlink()


def _entries(path: Path) -> list[Path]:
    return list(path.iterdir()) if path.is_dir() else []
