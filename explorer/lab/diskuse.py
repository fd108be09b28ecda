"""What each sandbox takes of the node's disk: bytes in blocks, and files. Sizes that files claim are not looked at.

A disk of its own (`engine.disks`) is one file of the node, so one question answers. What a container without such a disk wrote
is walked through by descriptors, with bounds; files that are deleted but open are found at the processes that hold them.
"""

from __future__ import annotations

import os
import stat
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import docker
from explorer.environment import patient
from explorer.lab.config import LabConfig
from explorer.lab.engine import cgroups, disks
from explorer.lab.engine.descent import descend
from explorer.lab.hosts import lans

TREE_SECONDS = patient(3.0)  # for one tree
MOST_OPEN = 20_000  # descriptors looked at for one container


class Use(NamedTuple):
    bytes: int = 0
    files: int = 0
    whole: bool = True  # False: there is more than could be counted in time

    def plus(self, other: Use) -> Use:
        return Use(self.bytes + other.bytes, self.files + other.files, self.whole and other.whole)


def by_sandbox(config: LabConfig, client: docker.DockerClient) -> dict[str, Use]:
    """What each sandbox takes, by its name."""
    found: defaultdict[str, Use] = defaultdict(Use)
    for disk in disks.find(config):
        found[disk.sandbox] = found[disk.sandbox].plus(Use(disk.taken, 1))
    filters = lans.filters(config)
    for volume in client.api.volumes(filters=filters)["Volumes"] or ():
        name = _sandbox(volume)
        found[name] = found[name].plus(tree(Path(volume["Mountpoint"])))
    for container in client.api.containers(all=True, filters=filters):
        name, upper = _sandbox(container), disks.upper_layer(client.api.inspect_container(container["Id"]))
        found[name] = found[name].plus(tree(upper) if upper else Use())
        if not disks.in_use(config):
            found[name] = found[name].plus(held(cgroups.processes(config, container["Id"])))
    return dict(found)


def _sandbox(thing: dict[str, Any]) -> str:
    return str((thing.get("Labels") or {}).get("explorer.sandbox", ""))


def tree(top: Path) -> Use:
    """What is below `top`. A file with several names counts once in sum. One directory may hold millions of files."""
    blocks, files, whole = 0.0, 0, not os.path.lexists(top)
    until = time.monotonic() + TREE_SECONDS
    for directory in descend(top, TREE_SECONDS):
        for found in _entries(directory.descriptor):
            blocks += found.st_blocks / max(1, found.st_nlink if stat.S_ISREG(found.st_mode) else 1)
            files += 1
            if time.monotonic() > until:
                return Use(round(blocks * 512), files, False)
        whole = directory.depth == 0
    return Use(round(blocks * 512), files, whole)


def _entries(descriptor: int) -> Iterator[os.stat_result]:
    with suppress(OSError), os.scandir(descriptor) as entries:
        for entry in entries:
            with suppress(OSError):
                yield entry.stat(follow_symlinks=False)


def held(pids: Iterable[int]) -> Use:
    """Regular files on a disk that these processes hold open and that have no name any more."""
    found: dict[tuple[int, int], int] = {}
    for file in _open_files(pids):
        if stat.S_ISREG(file.st_mode) and file.st_nlink == 0 and file.st_blocks:
            found[file.st_dev, file.st_ino] = file.st_blocks * 512
    return Use(sum(found.values()), len(found))


def _open_files(pids: Iterable[int]) -> Iterator[os.stat_result]:
    looked = 0
    for pid in pids:
        with suppress(OSError), os.scandir(f"/proc/{pid}/fd") as entries:
            for entry in entries:
                looked += 1
                if looked > MOST_OPEN:
                    return
                with suppress(OSError):
                    yield entry.stat()


def written(pids: Iterable[int]) -> int:
    """Bytes that these processes have sent to a disk since they began."""
    total = 0
    for pid in pids:
        with suppress(OSError, ValueError):
            for line in Path(f"/proc/{pid}/io").read_text().splitlines():
                total += int(line.split()[1]) if line.startswith("write_bytes") else 0
    return total


def writers(config: LabConfig, client: docker.DockerClient) -> dict[str, int]:
    """Sandbox → bytes that its running processes have written."""
    found: defaultdict[str, int] = defaultdict(int)
    for container in client.api.containers(filters=lans.filters(config)):
        found[_sandbox(container)] += written(cgroups.processes(config, container["Id"]))
    return dict(found)
