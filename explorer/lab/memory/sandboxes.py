"""What each sandbox holds in kernel memory that nobody is charged for: the sum over its network namespaces and its control
groups.

Namespaces are found by processes, by descriptors that processes hold, and by mounts. All of it is hostile: every walk is
bounded, and nothing of a host is followed but links that the kernel makes.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TypeVar

from explorer.lab.config import LabConfig
from explorer.lab.engine.client import session
from explorer.lab.engine.descent import descend
from explorer.lab.engine.leftovers import our_cgroups
from explorer.lab.hosts import lans
from explorer.lab.inside.netns import CLONE_NEWNET, own_user_namespace, owner_of
from explorer.lab.inside.places import NAMESPACE, ControlGroup
from explorer.lab.memory import holdings
from explorer.lab.watch.mounted import MOST, NS_GET_NSTYPE, mounted_namespaces, open_mounted

GROUP = 10_700  # bytes of one control group, as measured
TMPFS = 7_000  # bytes of one mounted tmpfs that are not charged
MOUNTS_BYTES, MOUNTS_SECONDS = 32 * 2**20, 1.0
GROUPS_SECONDS = 1.0
MOST_GROUPS = 200_000
PROCESSES, DESCRIPTORS = 1_024, 20_000  # looked at for one host
SECONDS = 8.0  # for all namespaces of one sandbox
MOUNTS_TOGETHER, GROUPS_TOGETHER = 3.0, 4.0  # seconds for all mount namespaces, and for all control groups, of one sandbox

One = TypeVar("One")


@dataclass(slots=True)
class Sandbox:
    """A sandbox that runs: the containers of its hosts and machines, each with its first process."""

    name: str
    generation: int = 0
    containers: dict[str, int] = field(default_factory=dict)
    age: float = 0.0  # seconds since the newest of them was made


def running(config: LabConfig) -> list[Sandbox]:
    found: dict[str, Sandbox] = {}
    with session(config) as client:
        for one in client.api.containers(filters=lans.filters(config)):
            labels = one.get("Labels") or {}
            name = str(labels.get("explorer.sandbox", ""))
            with suppress(ValueError):
                made = found.setdefault(name, Sandbox(name, int(labels.get("explorer.generation", "0"))))
                made.containers[one["Id"]] = 0
                age = time.time() - float(one.get("Created") or 0)
                made.age = min(made.age or age, age)
        for made in found.values():
            for container in made.containers:
                with suppress(Exception):  # gone meanwhile
                    made.containers[container] = int(client.api.inspect_container(container)["State"]["Pid"])
    found.pop("", None)
    return list(found.values())


def held_by(config: LabConfig, sandbox: Sandbox, with_groups: bool = True) -> Counter[str]:
    """Kind → bytes. Each kind has its time; what is not counted by then counts as nothing."""
    held: Counter[str] = Counter()
    until = time.monotonic() + SECONDS
    for fd in _namespaces(sandbox):
        try:
            if time.monotonic() < until:
                with suppress(OSError):
                    held += holdings.of_namespace(fd)
        finally:
            os.close(fd)
    held["mounts of tmpfs"] = TMPFS * _sum_within(MOUNTS_TOGETHER, count_tmpfs, _mount_namespaces(sandbox))
    if with_groups:
        held["control groups"] = GROUP * _sum_within(GROUPS_TOGETHER, count_groups, _groups(config, sandbox))
    return held


def _sum_within(seconds: float, count: Callable[[One], int], things: Iterable[One]) -> int:
    """The sum of what is counted until the time is over: a host can make hundreds of namespaces that each take long."""
    total, until = 0, time.monotonic() + seconds
    for thing in things:
        if time.monotonic() > until:
            break
        total += count(thing)
    return total


def _mount_namespaces(sandbox: Sandbox) -> list[int]:
    """A process in each mount namespace."""
    found: dict[str, int] = {}
    for container, first in sandbox.containers.items():
        with suppress(OSError):
            for pid, _inner in islice(ControlGroup.of(first, container).processes(), PROCESSES):
                with suppress(OSError):
                    found.setdefault(os.readlink(f"/proc/{pid}/ns/mnt"), pid)
    return list(found.values())


def count_tmpfs(pid: int) -> int:
    """Mounts of tmpfs that a process sees, bounded in bytes and time. Those that many namespaces share are few."""
    until, left, number, rest = time.monotonic() + MOUNTS_SECONDS, MOUNTS_BYTES, 0, b""
    with suppress(OSError), open(f"/proc/{pid}/mountinfo", "rb", buffering=0) as file:
        while left > 0 and time.monotonic() < until and (piece := file.read(65536)):
            number += (rest + piece).count(b" - tmpfs ")
            rest = piece[-8:]
            left -= len(piece)
    return number


def _groups(config: LabConfig, sandbox: Sandbox) -> list[Path]:
    return [path for parent in our_cgroups(config) for one in sandbox.containers if (path := parent / one).is_dir()]


def count_groups(group: Path) -> int:
    return sum(directory.below for directory in islice(descend(group, GROUPS_SECONDS, inner=True), MOST_GROUPS))


def _namespaces(sandbox: Sandbox) -> list[int]:
    """Descriptors of the network namespaces of a sandbox, each namespace once."""
    found: dict[int, int] = {}
    for container, first in sandbox.containers.items():
        if not first:
            continue
        with suppress(OSError):
            _of_container(first, container, found)
    return list(found.values())


def _of_container(first: int, container: str, found: dict[int, int]) -> None:
    group = ControlGroup.of(first, container)
    looked = 0
    for pid, _inner in islice(group.processes(), PROCESSES):
        for name in ("ns/net", *_descriptors(pid, DESCRIPTORS - looked)):
            looked += 1
            _keep(f"/proc/{pid}/{name}", found)
    for path in mounted_namespaces(first).values():
        namespace = open_mounted(first, path)
        if namespace is not None and len(found) < MOST and namespace.inode not in found:
            found[namespace.inode] = os.dup(namespace.fd)
        if namespace is not None:
            namespace.close()


def _descriptors(pid: int, most: int) -> list[str]:
    names = []
    with suppress(OSError), os.scandir(f"/proc/{pid}/fd") as entries:
        names = [f"fd/{entry.name}" for entry in islice(entries, max(0, most))]
    return names


def _keep(path: str, found: dict[int, int]) -> None:
    """Opens what is at `path` if the kernel calls it a network namespace of a sandbox that is not known yet."""
    with suppress(OSError):
        link = NAMESPACE.fullmatch(os.readlink(path))
        if link is None or int(link[1]) in found or len(found) >= MOST:
            return
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        try:
            if fcntl.ioctl(fd, NS_GET_NSTYPE) == CLONE_NEWNET and owner_of(fd) != own_user_namespace():
                found[os.fstat(fd).st_ino] = fd
                fd = -1
        finally:
            if fd >= 0:
                os.close(fd)
