"""Whose files a thread may touch: it takes the file system identity of a user for one call, and gives it back.

The kernel keeps this identity for each thread (`setfsuid`, `setfsgid`). A thread that gives up root's also loses the
capabilities that overrule the owners of files. Its other rights stay, so it can take root's identity back.
"""

from __future__ import annotations

import ctypes
import os
import stat
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

_SET_PARENT_DEATH, _GET_PARENT_DEATH = 1, 2  # prctl
_ASK = -1  # no user: setfsuid answers whose identity it is and changes nothing
_libc = ctypes.CDLL(None, use_errno=True)
Answer = TypeVar("Answer")


class Identity:
    """The file system identity of user and group `uid`."""

    def __init__(self, uid: int) -> None:
        self.uid = uid
        _leave_groups()

    def run(self, do: Callable[..., Answer], *args: object, **named: object) -> Answer:
        """Calls `do` with this identity. Afterwards the thread has the identity of its process."""
        death = ctypes.c_int()
        _libc.prctl(_GET_PARENT_DEATH, ctypes.byref(death), 0, 0, 0)  # the kernel forgets it at a change of identity
        try:
            self._take()
            return do(*args, **named)
        finally:
            _libc.setfsuid(os.geteuid())
            _libc.setfsgid(os.getegid())
            if death.value:
                _libc.prctl(_SET_PARENT_DEATH, death.value, 0, 0, 0)

    def run_within(self, do: Callable[[], object]) -> None:
        """Like `run`, also when the thread is within a `run` already, as when Python frees an object there."""
        if _libc.setfsuid(_ASK) == self.uid:
            do()
        else:
            self.run(do)

    def _take(self) -> None:
        _libc.setfsgid(self.uid)
        _libc.setfsuid(self.uid)
        if _libc.setfsuid(_ASK) != self.uid or _libc.setfsgid(_ASK) != self.uid:
            raise PermissionError(f"this process may not take the file system identity of user {self.uid}")


@lru_cache(maxsize=1)
def _leave_groups() -> None:
    """Leaves root's further groups: with them a thread could open what these groups may open."""
    if os.getgroups():
        os.setgroups([])


class Unguarded(Exception):
    """A directory in which root would open files that others can replace."""


def identity_for(file: Path) -> Identity | None:
    """Whose identity this process needs to open a database: that of the owner of its directory. None when the process is not
    root, and when the directory is root's own. Raises `Unguarded` when it is root's and others may write there.
    """
    if os.geteuid() != 0:
        return None
    try:
        found = file.parent.stat()
    except OSError:
        return None  # SQLite says that it is not there
    if found.st_uid:
        return Identity(found.st_uid)
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise Unguarded(
            f"others may write in {file.parent}, where the database is, so root does not open it there: "
            "give the directory to the web's user, or take the others' right to write"
        )
    return None
