"""Walks a directory tree that a hostile user made, of any depth and with names of any length, within a time limit.

The walk uses no recursion and no paths. One descriptor is open at a time. The way back up is `..`, and the directory found
there is compared with the one that the walk came from. When the tree changes meanwhile or `..` leads elsewhere, the walk ends
without an exception.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
MOST_NAMES = 500_000  # directories at one level; the next walk handles the rest


@dataclass(frozen=True, slots=True)
class Directory:
    """A directory of the walk. `descriptor` is open until the next directory is asked for."""

    descriptor: int
    depth: int

    @property
    def below(self) -> int:
        """How many directories are in it, as control groups and most file systems count them."""
        return max(0, os.fstat(self.descriptor).st_nlink - 2)

    def read(self, name: str) -> str:
        """The text of a small file in the directory; "" when it cannot be read."""
        with suppress(OSError), os.fdopen(os.open(name, os.O_RDONLY | os.O_CLOEXEC, dir_fd=self.descriptor)) as file:
            return file.read(4 * 1024 * 1024)
        return ""

    def write(self, name: str, text: str) -> None:
        """Writes into an existing file. It does nothing when the file is missing or refuses."""
        with suppress(OSError):
            descriptor = os.open(name, os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC, dir_fd=self.descriptor)
            try:
                os.write(descriptor, text.encode())
            finally:
                os.close(descriptor)


def descend(top: Path, seconds: float, remove: bool = False, inner: bool = False) -> Iterator[Directory]:
    """Every directory below `top`, the deepest first, and `top` last. With `remove`, each directory except `top` is removed
    after it was yielded, if it is empty. With `inner`, directories without directories are left out. The walk ends after
    `seconds`, without an exception."""
    until = time.monotonic() + seconds
    try:
        here = os.open(top, _FLAGS)
    except OSError:
        return
    try:
        names, ways = [_directories(here, inner)], [_identity(here)]
        came = [""]
        while True:
            if time.monotonic() > until:
                return
            if names[-1]:
                name = names[-1].pop()
                with suppress(OSError):
                    below = os.open(name, _FLAGS, dir_fd=here)
                    os.close(here)
                    here = below
                    names.append(_directories(here, inner))
                    ways.append(_identity(here))
                    came.append(name)
                continue
            yield Directory(here, len(ways) - 1)
            if len(ways) == 1:
                return
            name = came.pop()
            names.pop()
            ways.pop()
            above = os.open("..", _FLAGS, dir_fd=here)
            os.close(here)
            here = above
            if _identity(here) != ways[-1]:
                return
            if remove:
                with suppress(OSError):
                    os.rmdir(name, dir_fd=here)
    except OSError:
        return
    finally:
        os.close(here)


def _directories(descriptor: int, inner: bool) -> list[str]:
    names = []
    with suppress(OSError), os.scandir(descriptor) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False) and not (inner and entry.stat(follow_symlinks=False).st_nlink == 2):
                names.append(entry.name)
                if len(names) >= MOST_NAMES:
                    break
    return names


def _identity(descriptor: int) -> tuple[int, int]:
    found = os.fstat(descriptor)
    return found.st_dev, found.st_ino
