"""An OCI runtime's `create` with what Docker cannot give a container: user ids and a disk of its own.

It changes the container's configuration and calls `runc`. The container's environment asks for it: `EXPLORER_IDS=FIRST` is the
first id of a range (see `own_ids`), `EXPLORER_DISK=FILE` an image for everything that is written (see `own_disk`),
`EXPLORER_DATA=DIRECTORY` where the host's engine keeps its data, `EXPLORER_SHELF=DIRECTORY` the layers that all hosts share,
mounted read-only. The mount is made read-only here, outside of the
container's namespaces: so the kernel lets nobody in the container make it writable (a locked flag, mount_namespaces(7)). The
variables are removed from the environment.

This is a separate program without third-party imports: `python -m explorer.lab.engine.create RUNC-ARGUMENTS…`. After an error
it prints a sentence on standard error and ends with status 1; the engine passes both on.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

from explorer.lab.engine.mounts import mount_again, umount
from explorer.lab.engine.own_disk import DOCKER, ETC, ROOT, opened
from explorer.lab.engine.own_ids import COUNT, mapping, remount_root

IDS, DISK, SHELF, DATA = "EXPLORER_IDS", "EXPLORER_DISK", "EXPLORER_SHELF", "EXPLORER_DATA"
ASKED = tuple(f"{name}=" for name in (IDS, DISK, SHELF, DATA))
DOCKER_DATA = "/var/lib/docker"
SHELF_INSIDE = "/var/lib/docker-shelf"
SHELF_OPTIONS = ["rbind", "rprivate", "ro", "nosuid", "nodev"]
FOLDER = "EXPLORER_ROOTS"  # the directory for mounts that exist while a container is created
BUNDLE_ROOT = "root"
MOST_BYTES = 65_536  # of a file that Docker made for /etc


class Asked(NamedTuple):
    first: int | None = None
    disk: str = ""
    shelf: str = ""
    data: str = DOCKER_DATA


class Copy(NamedTuple):
    """A file of Docker's and the descriptor of the container's own copy."""

    source: str
    descriptor: int


def take_asked(config: dict[str, Any]) -> Asked:
    """What the container's environment asks for. The variables are removed from the environment."""
    process = config.get("process") or {}
    words = process.get("env") or []
    found = dict(word.partition("=")[::2] for word in words if word.startswith(ASKED))
    process["env"] = [word for word in words if word.partition("=")[0] not in found]
    plain = Asked(int(found[IDS]) if IDS in found else None, found.get(DISK, ""), found.get(SHELF, ""))
    return plain._replace(data=found[DATA]) if DATA in found else plain


def change(config: dict[str, Any], asked: Asked, scratch: str) -> list[Copy]:
    """Changes this OCI configuration: the container gets what it asked for, and its files are mounted to match. Returns what
    has to be copied again after `runc create`, when Docker has written its files."""
    linux = config["linux"]
    before, group = (linux[name][0]["hostID"] for name in ("uidMappings", "gidMappings"))
    with _namespace(before, group, asked.first) as namespace:
        own = _own_disk(asked.disk, namespace, scratch) if asked.disk else ""
        root = config["root"]["path"]
        remount_root(root, namespace, scratch, own and os.path.join(own, ROOT))
        config["root"]["path"] = _passable(root, scratch)
        owner = (before, group) if asked.first is None else (asked.first, asked.first)
        copies = _put_on(own, config["mounts"], owner, asked.data)
        if namespace is not None:
            _map_sources(config["mounts"], before, namespace, scratch)
        if asked.shelf:
            config["mounts"].append(_shelf(asked.shelf, namespace, scratch))
    if asked.first is not None:
        linux["uidMappings"] = linux["gidMappings"] = [{"containerID": 0, "hostID": asked.first, "size": COUNT}]
        for descriptor in (0, 1, 2):  # the engine's pipes: a program may open them again through /dev/stdout
            with suppress(OSError):
                os.fchown(descriptor, asked.first, asked.first)
    return copies


@contextmanager
def _namespace(uid: int, gid: int, first: int | None) -> Iterator[int | None]:
    if first is None:
        yield None
        return
    found = mapping(uid, gid, first)
    try:
        yield found
    finally:
        os.close(found)


def _own_disk(image: str, namespace: int | None, scratch: str) -> str:
    """The image's file system, mounted with mapped owners in a directory below `scratch`."""
    own = os.path.join(scratch, "own")
    os.mkdir(own, 0o711)
    with opened(image, os.path.join(scratch, "disk")) as disk:
        mount_again(disk, own, namespace)
    return own


def _shelf(layers: str, namespace: int | None, scratch: str) -> dict[str, Any]:
    """The container's mount of the shared layers."""
    target = os.path.join(scratch, "shelf")
    os.mkdir(target)
    mount_again(layers, target, namespace, closed=True)
    return {"destination": SHELF_INSIDE, "type": "bind", "source": target, "options": SHELF_OPTIONS}


def _passable(root: str, scratch: str) -> str:
    """Mounts `root` below `scratch` as well, because only Docker's ids may pass the directories above `root`."""
    target = os.path.join(scratch, BUNDLE_ROOT)
    mount_again(root, target)
    return target


def _put_on(own: str, mounts: list[dict[str, Any]], owner: tuple[int, int], inside: str = DOCKER_DATA) -> list[Copy]:
    """Lets the mounts of /etc/hosts and of Docker's other files, which root in the container may write, come from the own
    disk, and adds `inside` (/var/lib/docker) where the disk has it. `owner` is root in the container. Without an own disk
    nothing changes."""
    copies: list[Copy] = []
    if not own:
        return copies
    for mount in mounts:
        folder, name = os.path.split(mount["destination"])
        if mount.get("type") == "bind" and folder == "/etc":
            mine = os.path.join(own, ETC, name)
            copies.append(Copy(mount["source"], os.open(mine, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)))
            os.fchown(copies[-1].descriptor, *owner)
            mount["source"] = mine
    if os.path.isdir(data := os.path.join(own, DOCKER)):
        mounts.append({"destination": inside, "type": "bind", "source": data, "options": ["rbind", "rprivate"]})
    return copies


def copy_again(copies: list[Copy]) -> None:
    """Writes what Docker's files hold now into the container's own; the container's first process has not begun yet."""
    for copy in copies:
        with open(copy.source, "rb") as file:
            text = file.read(MOST_BYTES)
        os.ftruncate(copy.descriptor, 0)
        os.pwrite(copy.descriptor, text, 0)


def _map_sources(mounts: list[dict[str, Any]], owner: int, namespace: int, scratch: str) -> None:
    """Mounts the sources that belong to Docker's root again, with mapped owners."""
    for number, mount in enumerate(mounts):
        source = mount.get("source", "")
        if mount.get("type") != "bind" or not os.path.exists(source) or os.stat(source).st_uid != owner:
            continue
        target = os.path.join(scratch, f"m{number}")
        if os.path.isdir(source):
            os.mkdir(target)
        else:
            open(target, "w").close()
        mount_again(source, target, namespace)
        mount["source"] = target


def forget(scratch: str) -> None:
    """Unmounts what was mounted below `scratch`; the container has its own copies of these mounts by now."""
    for name in os.listdir(scratch):
        target = os.path.join(scratch, name)
        with suppress(OSError):
            umount(target)
        if name != BUNDLE_ROOT:  # runc changes to this directory for every later command
            with suppress(OSError):
                os.rmdir(target) if os.path.isdir(target) else os.unlink(target)


def main(arguments: list[str]) -> None:
    bundle = arguments[arguments.index("--bundle") + 1]
    path = os.path.join(bundle, "config.json")
    with open(path) as file:
        config = json.load(file)
    asked = take_asked(config)
    if asked == Asked():
        os.execvp("runc", ["runc", *arguments])  # noqa: S606
    scratch = os.path.join(os.environ[FOLDER], arguments[-1])
    os.makedirs(os.path.join(scratch, BUNDLE_ROOT), 0o711, exist_ok=True)
    try:
        copies = change(config, asked, scratch)
        with open(path, "w") as file:
            json.dump(config, file)
        status = os.spawnvp(os.P_WAIT, "runc", ["runc", *arguments])  # noqa: S606 (this is what a runtime does)
        if status == 0:
            copy_again(copies)
    except (OSError, KeyError, ValueError) as error:
        sys.exit(f"the user ids and the disk of its own could not be set up: {error}")
    finally:
        forget(scratch)
    sys.exit(status if status >= 0 else 128 - status)


if __name__ == "__main__":
    main(sys.argv[1:])
