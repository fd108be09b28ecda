"""Mounts that the node makes for a container: a tree mounted a second time with other owners, and an overlay.

This module has no third-party imports: `create` runs it without site-packages.
"""

from __future__ import annotations

import ctypes
import os
import struct
from typing import Any

_CALLS = {"open_tree": 428, "move_mount": 429, "mount_setattr": 442}  # these numbers are the same on every architecture
_CLONE, _CLOEXEC, _HERE, _EMPTY_PATH = 0x1, 0x80000, -100, 0x1000
_FROM_EMPTY_PATH = 0x4
_IDMAP, _PRIVATE = 0x00100000, 1 << 18  # private: unmounting the copy leaves the mounts below the original alone
_CLOSED = 0x1 | 0x2 | 0x4  # read-only, nosuid, nodev
_DETACH = 0x2

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def mount(source: str, target: str, kind: str, flags: int = 0, options: str = "") -> None:
    """mount(2). Raises OSError."""
    if _libc.mount(source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), options.encode()) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{kind} at {target}: {os.strerror(error)}")


def umount(target: str) -> None:
    """Takes the mount out of the tree of mounts; the kernel ends it when nothing uses it any more. Raises OSError."""
    if _libc.umount2(target.encode(), _DETACH) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"umount {target}: {os.strerror(error)}")


def mount_again(source: str, target: str, namespace: int | None = None, *, closed: bool = False) -> None:
    """Mounts `source` at `target` as well; with `namespace`, with owners mapped by that user namespace. With `closed`, nothing
    can be written there, no device works there, and no program gets rights there."""
    tree = _syscall("open_tree", _HERE, source.encode(), _CLONE | _CLOEXEC)
    try:
        wanted = (0 if namespace is None else _IDMAP) | (_CLOSED if closed else 0)
        attributes = struct.pack("=QQQQ", wanted, 0, _PRIVATE, namespace or 0)
        _syscall("mount_setattr", tree, b"", _EMPTY_PATH, ctypes.create_string_buffer(attributes, 32), 32)
        _syscall("move_mount", tree, b"", _HERE, target.encode(), _FROM_EMPTY_PATH)
    finally:
        os.close(tree)


def _syscall(name: str, *words: Any) -> int:
    found = int(_libc.syscall(_CALLS[name], *words))
    if found < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{name}: {os.strerror(error)}")
    return found


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
