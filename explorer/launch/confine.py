"""Runs a program that must have no access to the node: `python -m explorer.launch.confine PLAN PROGRAM…`.

There are two ways. Both use a separate mount namespace, in which the engine's directories are covered:
own-uid     a separate user id that owns no files. A directory on the way to the program's files that only root may pass (such
            as a checkout in /root) is covered by an empty directory that everybody may pass and that holds only these files.
bare-root   where the files themselves are readable only for root: root without any capability, every path read-only except
            `write`. What it may write belongs to the group of that user id.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import stat
import struct
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

Way = Literal["own-uid", "bare-root"]
WAYS: tuple[Way, ...] = ("own-uid", "bare-root")

_NEW_MOUNTS = 0x20000  # CLONE_NEWNS
_READ_ONLY, _NO_SUID, _BIND, _REC, _REMOUNT, _PRIVATE = 0x1, 0x2, 0x1000, 0x4000, 0x20, 0x40000
_PDEATHSIG, _DROP_BOUNDING, _NO_NEW_PRIVS = 1, 24, 38  # prctl
_MOUNT_SETATTR, _AT_RECURSIVE, _AT_HERE = 442, 0x8000, -100
_CAPSET_VERSION = 0x20080522


@dataclass(frozen=True, slots=True)
class Plan:
    way: Way
    uid: int
    reach: tuple[str, ...]  # paths that the program must be able to read
    write: tuple[str, ...]  # paths that the program must be able to write
    hide: tuple[str, ...]  # directories that the program must see as empty

    def argv(self, *program: str) -> tuple[str, ...]:
        return (sys.executable, "-m", "explorer.launch.confine", json.dumps(asdict(self)), *program)


_libc = ctypes.CDLL(None, use_errno=True)


def _call(name: str, *args: object) -> None:
    if getattr(_libc, name)(*args) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{name}: {os.strerror(error)}")


def _mount(source: str | None, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    args = [None if word is None else word.encode() for word in (source, target, kind, data)]
    _call("mount", args[0], args[1], args[2], ctypes.c_ulong(flags), args[3])


def closed_doors(paths: tuple[str, ...]) -> dict[Path, list[Path]]:
    """The topmost directories that other users may not pass, each with the paths below it."""
    doors: dict[Path, list[Path]] = {}
    for path in map(Path, paths):
        for parent in reversed(path.parents):
            if not parent.stat().st_mode & stat.S_IXOTH:
                doors.setdefault(parent, []).append(path)
                break
    return doors


def _open_doors(paths: tuple[str, ...]) -> None:
    for door, behind in closed_doors(paths).items():
        held = {path: os.open(path, os.O_PATH) for path in sorted(behind) if path.exists()}
        _mount("tmpfs", str(door), "tmpfs", _NO_SUID, "mode=755,size=64k")
        for path, fd in held.items():
            if path.exists():  # inside a path that is bound already
                continue
            path.mkdir(parents=True)
            _mount(f"/proc/self/fd/{fd}", str(path), None, _BIND | _REC)
            os.close(fd)
        _mount(None, str(door), None, _REMOUNT | _BIND | _READ_ONLY | _NO_SUID)


def _hide(paths: tuple[str, ...]) -> None:
    for path in paths:
        if os.path.isdir(path):
            _mount("tmpfs", path, "tmpfs", _READ_ONLY | _NO_SUID, "mode=000,size=4k")
        elif os.path.exists(path):
            _mount("/dev/null", path, None, _BIND)


def _freeze(write: tuple[str, ...]) -> None:
    """Makes every mount read-only. Only CAP_SYS_ADMIN could undo it, and the program does not have it."""
    held = [(path, os.open(path, os.O_PATH)) for path in write if os.path.isdir(path)]
    attributes = ctypes.create_string_buffer(struct.pack("=QQQQ", _READ_ONLY, 0, 0, 0))
    _call("syscall", _MOUNT_SETATTR, _AT_HERE, b"/", _AT_RECURSIVE, attributes, 32)
    thawed = ctypes.create_string_buffer(struct.pack("=QQQQ", 0, _READ_ONLY, 0, 0))
    for path, fd in held:
        _mount(f"/proc/self/fd/{fd}", path, None, _BIND)
        _call("syscall", _MOUNT_SETATTR, _AT_HERE, path.encode(), 0, thawed, 32)
        os.close(fd)


def _drop_everything(way: Way, uid: int) -> None:
    for capability in range(64):
        _libc.prctl(_DROP_BOUNDING, capability, 0, 0, 0)  # after the kernel's last capability, EINVAL is expected
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    if way == "own-uid":
        os.setresuid(uid, uid, uid)
    else:
        header, none = struct.pack("=Ii", _CAPSET_VERSION, 0), bytes(24)
        _call("capset", header, none)
    _call("prctl", _NO_NEW_PRIVS, 1, 0, 0, 0)


def enter(plan: Plan) -> None:
    """Applies `plan` to this process. It cannot be undone."""
    os.umask(0o022)
    if os.geteuid() == 0:
        _call("unshare", _NEW_MOUNTS)
        _mount(None, "/", None, _REC | _PRIVATE)
        _hide(plan.hide)
        if plan.way == "own-uid":
            _open_doors((*plan.reach, *plan.write))
        else:
            _freeze(plan.write)
        _drop_everything(plan.way, plan.uid)
    os.umask(0o027)
    _call("prctl", _PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    os.environ["HOME"] = "/nonexistent"


def works(plan: Plan) -> bool:
    """Whether the plan works: a child process applies it and then tests what it can read and write."""
    child = os.fork()
    if child == 0:
        try:
            enter(plan)
            fine = all(_readable(path) for path in plan.reach) and all(os.access(path, os.W_OK) for path in plan.write)
            os._exit(0 if fine else 1)
        except BaseException:  # a forked child must not return into the parent's code
            os._exit(1)
    return os.waitpid(child, 0)[1] == 0


def _readable(path: str) -> bool:
    """Whether a directory and the files in it are readable. Under a strict umask the files of a checkout can be unreadable in
    a readable directory."""
    if not os.access(path, os.R_OK | os.X_OK):
        return False
    with os.scandir(path) as entries:
        return all(os.access(entry.path, os.R_OK) for entry in entries if entry.is_file() and not entry.name.startswith("."))


def main(arguments: list[str]) -> None:
    enter(Plan(**json.loads(arguments[0])))
    os.execvp(arguments[1], arguments[1:])  # noqa: S606


if __name__ == "__main__":
    main(sys.argv[1:])
