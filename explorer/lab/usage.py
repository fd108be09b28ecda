"""What a sandbox takes: memory, processor time and containers, read from its control groups on the node. No process of the
sandbox is asked.

A learner's root may make groups below the host's own group. So no link is followed, the number of directories is bounded, and
the number of containers, which comes from names of groups, is only a claim.
"""

from __future__ import annotations

import os
import re
import stat
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from explorer.lab.config import LabConfig
from explorer.lab.engine.leftovers import our_cgroups
from explorer.lab.inside.places import CONTAINER

FILE_BYTES = 16 * 1024
GROUPS_READ = 300  # groups read below one host
MOST_CONTAINERS = 99
IDENTITY = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Usage:
    memory: int = 0  # bytes, without page cache that the kernel can free
    cpu: float = 0.0  # seconds of processor time since these containers began
    containers: int = 0  # containers inside, as the names of groups claim


def read_usage(config: LabConfig, identities: Iterable[str]) -> Usage | None:
    """The sum over these containers of the node's engine; None when none of them has a control group (any more)."""
    return add_up(our_cgroups(config), [one for one in identities if IDENTITY.fullmatch(one)])


def add_up(parents: list[Path], identities: list[str]) -> Usage | None:
    groups = [group for one in identities for parent in parents if is_directory(group := parent / one)]
    if not groups:
        return None
    inside = {one for group in groups for one in inner_containers(group)}
    return Usage(memory=sum(map(memory_of, groups)), cpu=cpu_of(groups), containers=min(len(inside), MOST_CONTAINERS))


def memory_of(group: Path) -> int:
    """Bytes. Version 2 of control groups is tried first; on version 1 only the directory of the memory controller has an
    answer."""
    current = number(group / "memory.current")
    if current is not None:
        return max(0, current - field(group / "memory.stat", "inactive_file"))
    current = number(group / "memory.usage_in_bytes")
    return max(0, current - field(group / "memory.stat", "total_inactive_file")) if current is not None else 0


def cpu_of(groups: list[Path]) -> float:
    """Seconds, from either version. A machine that mounts both reports the same time twice, so the larger number counts."""
    second = sum(field(group / "cpu.stat", "usage_usec") for group in groups) / 1e6
    first = sum(number(group / "cpuacct.usage") or 0 for group in groups) / 1e9
    return max(first, second)


def inner_containers(group: Path) -> Iterator[str]:
    """The container ids in the names of the groups below, each once; bounded."""
    waiting, read = deque([group]), 0
    while waiting and read < GROUPS_READ:
        here = waiting.popleft()
        with suppress(OSError), os.scandir(here) as entries:
            for entry in entries:
                if not entry.is_dir(follow_symlinks=False):
                    continue
                read += 1
                if read > GROUPS_READ:
                    return
                found = CONTAINER.search(entry.name)
                if found:
                    yield found[1]
                else:
                    waiting.append(Path(entry.path))


def is_directory(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False


def read_file(path: Path) -> str:
    """At most FILE_BYTES of a regular file; "" for everything else."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        plain = stat.S_ISREG(os.fstat(descriptor).st_mode)
        return os.read(descriptor, FILE_BYTES).decode("ascii", "replace") if plain else ""
    except OSError:
        return ""
    finally:
        os.close(descriptor)


def number(path: Path) -> int | None:
    text = read_file(path).strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 20 else None


def field(path: Path, name: str) -> int:
    for line in read_file(path).splitlines():
        key, _, value = line.partition(" ")
        if key == name and value.isascii() and value.isdecimal() and len(value) < 20:
            return int(value)
    return 0
