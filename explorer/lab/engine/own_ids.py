"""An OCI runtime that gives a container a range of user ids of its own: it changes the container's configuration and calls
`runc`.

Docker's `userns-remap` has one range for all containers of a daemon. So what the kernel counts per user id (keys, descriptors
in flight, pipes, pending signals) would be one count for all learners. A container whose environment names a range
(`EXPLORER_IDS=FIRST`) is created with that range instead. Files on the disk keep the owner that Docker gave them: the root
file system and the volumes are mounted again with an id mapping from Docker's range to the sandbox's (mount_setattr(2),
MOUNT_ATTR_IDMAP; for overlay, Linux 5.19 or newer).

This is a separate program without third-party imports: `python own_ids.py RUNC-ARGUMENTS…`. The engine calls it only for
`create`. After an error it prints a sentence on standard error and ends with status 1; the engine passes both on.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import struct
import sys
from contextlib import suppress
from typing import Any

NAME = "EXPLORER_IDS"
FOLDER = "EXPLORER_ROOTS"  # the directory for mounts that exist while a container is created
COUNT = 65_536
ROOT = "root"
_CALLS = {"open_tree": 428, "move_mount": 429, "mount_setattr": 442}  # these numbers are the same on every architecture
_CLONE, _CLOEXEC, _RECURSIVE, _HERE, _EMPTY_PATH = 0x1, 0x80000, 0x8000, -100, 0x1000
_FROM_EMPTY_PATH = 0x4
_IDMAP, _PRIVATE = 0x00100000, 1 << 18  # private: unmounting the copy leaves the mounts below the original alone
_NEW_USER = 0x10000000
_DETACH = 0x2

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def _syscall(name: str, *words: Any) -> int:
    found = int(_libc.syscall(_CALLS[name], *words))
    if found < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{name}: {os.strerror(error)}")
    return found


def mapping(uid: int, gid: int, outside: int) -> int:
    """A descriptor of a user namespace that maps `uid`, `gid` and the 65,535 ids after each to `outside` and the ids after
    it.

    Root is mapped to root, because the engine keeps directories of root there and overlay makes one as root.
    """
    ready, ready_end = os.pipe()
    go, go_end = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(go_end)  # otherwise the child would wait for itself
        try:
            if _libc.unshare(_NEW_USER) != 0:
                os._exit(1)
            os.write(ready_end, b".")
            os.read(go, 1)
        finally:
            os._exit(0)
    try:
        os.close(ready_end)
        if os.read(ready, 1) != b".":
            raise OSError(0, "no user namespace could be made")
        for kind, inside in (("uid", uid), ("gid", gid)):
            with open(f"/proc/{child}/{kind}_map", "w") as file:
                file.write(f"0 0 1\n{inside} {outside} {COUNT}\n")
        return os.open(f"/proc/{child}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        os.close(go_end)
        os.waitpid(child, 0)
        os.close(ready)
        os.close(go)


def mount_again(source: str, target: str, namespace: int | None = None) -> None:
    """Mounts `source` at `target` as well; with `namespace`, with owners mapped by that user namespace."""
    tree = _syscall("open_tree", _HERE, source.encode(), _CLONE | _CLOEXEC)
    try:
        attributes = struct.pack("=QQQQ", 0 if namespace is None else _IDMAP, 0, _PRIVATE, namespace or 0)
        _syscall("mount_setattr", tree, b"", _EMPTY_PATH, ctypes.create_string_buffer(attributes, 32), 32)
        _syscall("move_mount", tree, b"", _HERE, target.encode(), _FROM_EMPTY_PATH)
    finally:
        os.close(tree)


def overlay_options(mountinfo: str, where: str) -> dict[str, str]:
    """lowerdir, upperdir and workdir of the last overlay mounted at `where`, read from the text of /proc/self/mountinfo.
    Raises OSError."""
    found: dict[str, str] = {}
    for line in mountinfo.splitlines():
        words = line.split()
        if len(words) > 6 and words[4].encode().decode("unicode_escape") == where and "overlay" in words:
            pairs = (word.partition("=") for word in words[-1].split(","))
            found = {name: value for name, _, value in pairs if name in ("lowerdir", "upperdir", "workdir")}
    if set(found) != {"lowerdir", "upperdir", "workdir"}:
        raise OSError(0, f"{where} is no overlay")
    return found


def _umount(target: str) -> None:
    if _libc.umount2(target.encode(), _DETACH) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"umount {target}: {os.strerror(error)}")


def remount_root(root: str, namespace: int, scratch: str) -> None:
    """Replaces Docker's overlay at `root` with an overlay of the same layers with mapped owners."""
    with open("/proc/self/mountinfo") as file:
        options = overlay_options(file.read(), root)
    places = [*options["lowerdir"].split(":")]
    above = os.path.dirname(options["upperdir"])  # the directory of upperdir and workdir, which must be on one mount
    mounted: list[str] = []
    try:
        for number, source in enumerate([*places, above]):
            target = os.path.join(scratch, str(number))
            os.mkdir(target)
            mount_again(os.path.realpath(source), target, namespace)
            mounted.append(target)
        upper = os.path.join(mounted[-1], os.path.basename(options["upperdir"]))
        work = os.path.join(mounted[-1], os.path.basename(options["workdir"]))
        data = f"lowerdir={':'.join(mounted[:-1])},upperdir={upper},workdir={work}"
        _umount(root)
        if _libc.mount(b"overlay", root.encode(), b"overlay", ctypes.c_ulong(0), data.encode()) != 0:
            error = ctypes.get_errno()
            raise OSError(error, f"overlay at {root}: {os.strerror(error)}")
    finally:
        for target in mounted:
            with suppress(OSError):
                _umount(target)
                os.rmdir(target)


def passable(root: str, scratch: str) -> str:
    """Mounts `root` below `scratch` as well, because only Docker's ids may pass the directories above `root`."""
    target = os.path.join(scratch, ROOT)
    mount_again(root, target)
    return target


def asked_range(config: dict[str, Any]) -> int | None:
    """The first id that the container's environment names, or None. The variable is removed from the environment."""
    process = config.get("process") or {}
    words = process.get("env") or []
    found = [word for word in words if word.startswith(f"{NAME}=")]
    process["env"] = [word for word in words if word not in found]
    return int(found[-1].partition("=")[2]) if found else None


def change(config: dict[str, Any], first: int, scratch: str) -> None:
    """Changes this OCI configuration: the container gets the ids from `first` on, and its files are mounted to match."""
    ours = {"containerID": 0, "hostID": first, "size": COUNT}
    linux = config["linux"]
    before, group = linux["uidMappings"][0]["hostID"], linux["gidMappings"][0]["hostID"]
    linux["uidMappings"] = linux["gidMappings"] = [ours]
    namespace = mapping(before, group, first)
    try:
        root = config["root"]["path"]
        remount_root(root, namespace, scratch)
        config["root"]["path"] = passable(root, scratch)
        for number, mount in enumerate(config["mounts"]):
            source = mount.get("source", "")
            if mount.get("type") != "bind" or not os.path.exists(source) or os.stat(source).st_uid != before:
                continue
            target = os.path.join(scratch, f"m{number}")
            if os.path.isdir(source):
                os.mkdir(target)
            else:
                open(target, "w").close()
            mount_again(source, target, namespace)
            mount["source"] = target
    finally:
        os.close(namespace)
    for descriptor in (0, 1, 2):  # the engine's pipes: a program may open them again through /dev/stdout
        with suppress(OSError):
            os.fchown(descriptor, first, first)


def forget(scratch: str) -> None:
    """Unmounts what was mounted below `scratch`; the container has its own copies of these mounts by now."""
    for name in os.listdir(scratch):
        target = os.path.join(scratch, name)
        with suppress(OSError):
            _umount(target)
        if name != ROOT:  # runc changes to this directory for every later command
            with suppress(OSError):
                os.rmdir(target) if os.path.isdir(target) else os.unlink(target)


def rehearse(folder: str, root: tuple[int, int]) -> None:
    """Mounts a small overlay below `folder` as for a container, and tests an owner. Raises OSError when that does not work."""
    parts = {
        name: os.path.join(folder, "rehearsal", name) for name in ("lower", "upper/diff", "upper/work", "merged", "scratch")
    }
    try:
        for path in parts.values():
            os.makedirs(path, 0o711)
        os.mkdir(os.path.join(parts["lower"], "file"))
        for path in (parts["upper/diff"], parts["upper/work"], os.path.join(parts["lower"], "file")):
            os.chown(path, *root)
        data = f"lowerdir={parts['lower']},upperdir={parts['upper/diff']},workdir={parts['upper/work']}"
        if _libc.mount(b"overlay", parts["merged"].encode(), b"overlay", ctypes.c_ulong(0), data.encode()) != 0:
            raise OSError(ctypes.get_errno(), "overlay cannot be mounted here")
        try:
            namespace = mapping(*root, root[0] + COUNT)
            try:
                remount_root(parts["merged"], namespace, parts["scratch"])
            finally:
                os.close(namespace)
            if os.stat(os.path.join(parts["merged"], "file")).st_uid != root[0] + COUNT:
                raise OSError(0, "owners are not mapped")
        finally:
            with suppress(OSError):
                _umount(parts["merged"])
    finally:
        shutil.rmtree(os.path.join(folder, "rehearsal"), ignore_errors=True)


def main(arguments: list[str]) -> None:
    bundle = arguments[arguments.index("--bundle") + 1]
    path = os.path.join(bundle, "config.json")
    with open(path) as file:
        config = json.load(file)
    first = asked_range(config)
    if first is None:
        os.execvp("runc", ["runc", *arguments])  # noqa: S606
    scratch = os.path.join(os.environ[FOLDER], arguments[-1])
    os.makedirs(os.path.join(scratch, ROOT), 0o711, exist_ok=True)
    try:
        change(config, first, scratch)
        with open(path, "w") as file:
            json.dump(config, file)
        status = os.spawnvp(os.P_WAIT, "runc", ["runc", *arguments])  # noqa: S606 (this is what a runtime does)
    except (OSError, KeyError, ValueError) as error:
        sys.exit(f"the sandbox's own user ids could not be set up: {error}")
    finally:
        forget(scratch)
    sys.exit(status if status >= 0 else 128 - status)


if __name__ == "__main__":
    main(sys.argv[1:])
