"""Removes a directory tree that a hostile user made, of any depth and width, within a time limit.

The tree is flattened: a directory inside another is moved up, next to its parent, and removed there in its turn. So no path
gets long, no descriptor is open for more than two directories, and the work is in proportion to the number of entries. What is
done stays done: another call goes on with the rest. Links are removed and not followed; another file system is left alone.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from itertools import count
from pathlib import Path

_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
AT_ONCE = 2_000  # entries that are read before they are removed


def remove_tree(top: Path, seconds: float) -> bool:
    """Removes `top` and everything below it; False when something is left after `seconds`."""
    if not empty(top, seconds):
        return False
    with suppress(OSError):
        top.rmdir()
    return not os.path.lexists(top)


def empty(top: Path, seconds: float) -> bool:
    """Removes everything below `top`; False when something is left after `seconds`. A missing directory is empty."""
    try:
        descriptor = os.open(top, _FLAGS)
    except OSError:
        return not os.path.lexists(top)
    try:
        return _Emptying(descriptor, time.monotonic() + seconds).run()
    finally:
        os.close(descriptor)


class _Emptying:
    """One call of `empty`; `top` is the descriptor of the directory."""

    def __init__(self, top: int, until: float) -> None:
        self.top, self.until = top, until
        self.device = os.fstat(top).st_dev
        self.numbers, self.prefix = count(), f".{os.urandom(8).hex()}-"  # names that the tree cannot have foreseen

    def run(self) -> bool:
        while entries := _some(self.top):
            if not sum(self._remove(name, directory) for name, directory in entries if not self._late()):
                return False
        return True

    def _late(self) -> bool:
        return time.monotonic() > self.until

    def _remove(self, name: str, directory: bool) -> bool:
        try:
            if not directory:
                os.unlink(name, dir_fd=self.top)
                return True
            return self._take_apart(name)
        except FileNotFoundError:
            return True
        except OSError:
            return False

    def _take_apart(self, name: str) -> bool:
        """Removes a directory of the top; the directories in it become directories of the top."""
        below = os.open(name, _FLAGS, dir_fd=self.top)
        try:
            if os.fstat(below).st_dev != self.device:
                return False
            while entries := _some(below):
                lifted = sum(self._lift(below, name, directory) for name, directory in entries)
                if not lifted or self._late():
                    return False
        finally:
            os.close(below)
        os.rmdir(name, dir_fd=self.top)
        return True

    def _lift(self, below: int, name: str, directory: bool) -> bool:
        with suppress(OSError):
            if directory:
                os.rename(name, f"{self.prefix}{next(self.numbers)}", src_dir_fd=below, dst_dir_fd=self.top)
            else:
                os.unlink(name, dir_fd=below)
            return True
        return False


def _some(descriptor: int) -> list[tuple[str, bool]]:
    """The first entries of a directory: name, and whether it is a directory."""
    found: list[tuple[str, bool]] = []
    with os.scandir(descriptor) as entries:
        for entry in entries:
            found.append((entry.name, entry.is_dir(follow_symlinks=False)))
            if len(found) >= AT_ONCE:
                break
    return found
