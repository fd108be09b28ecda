"""A range of user ids of its own for a container.

Docker's `userns-remap` has one range for all containers of a daemon. So what the kernel counts per user id (keys, descriptors
in flight, pipes, pending signals) would be one count for all learners. A container whose environment names a range is created
with that range instead (see `create`). Files on the disk keep the owner that Docker gave them: the root file system and the
volumes are mounted again with an id mapping from Docker's range to the sandbox's (mount_setattr(2), MOUNT_ATTR_IDMAP; for
overlay, Linux 5.19 or newer).

This module has no third-party imports: `create` runs it without site-packages.
"""

from __future__ import annotations

import ctypes
import os
import shutil
from contextlib import suppress

from explorer.lab.engine.mounts import mount, mount_again, overlay_options, umount

COUNT = 65_536
_NEW_USER = 0x10000000

_libc = ctypes.CDLL(None, use_errno=True)


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


def remount_root(root: str, namespace: int | None, scratch: str, above: str = "") -> None:
    """Replaces Docker's overlay at `root` with an overlay of the same layers with mapped owners.

    What is written goes to `above`, a directory with `diff` and `work` that is mounted with mapped owners already. Without
    `above` it goes where Docker wanted it.
    """
    with open("/proc/self/mountinfo") as file:
        options = overlay_options(file.read(), root)
    docker = os.path.dirname(options["upperdir"])  # the directory of upperdir and workdir, which must be on one mount
    mounted: list[str] = []
    try:
        for number, source in enumerate([*options["lowerdir"].split(":"), *([] if above else [docker])]):
            target = os.path.join(scratch, str(number))
            os.mkdir(target)
            mount_again(os.path.realpath(source), target, namespace)
            mounted.append(target)
        lower = mounted if above else mounted[:-1]
        place = above or mounted[-1]
        data = f"lowerdir={':'.join(lower)},upperdir={place}/diff,workdir={place}/work"
        umount(root)
        mount("overlay", root, "overlay", 0, data)
    finally:
        for target in mounted:
            with suppress(OSError):
                umount(target)
                os.rmdir(target)


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
        mount("overlay", parts["merged"], "overlay", 0, data)
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
                umount(parts["merged"])
    finally:
        shutil.rmtree(os.path.join(folder, "rehearsal"), ignore_errors=True)
