"""Keeps the node's disk from getting full. A host has a limit (`engine.disks`), but all limits together may be more than the
node's disk, and where there are no loop devices a host has none. So a sandbox is ended when space or files run out.

Blocks decide, not the sizes of files, so a sparse file blames nobody. Where hosts have disks of their own the count is exact.
Elsewhere, when no sandbox is found that takes much, the one that has written most since the last look is ended.
"""

from __future__ import annotations

import os

import docker
from explorer.lab import diskuse, ended
from explorer.lab.config import LabConfig
from explorer.lab.diskuse import Use
from explorer.lab.engine import disks
from explorer.lab.engine.client import session
from explorer.lab.engine.disks import LEAST_FREE_BYTES
from explorer.lab.hosts import lifecycle

LEAST_FREE_FILES = 20_000
WORTH_IT_BYTES = 128 * 2**20  # removing a sandbox that takes less would not help
WORTH_IT_FILES = 10_000
WORTH_IT_WRITTEN = 64 * 2**20


class Guard:
    """Looks at the disk from time to time, and remembers what sandboxes had written at the last look."""

    def __init__(self, config: LabConfig) -> None:
        self.config = config
        self.written: dict[str, int] = {}

    def relieve(self) -> str:
        """Ends the sandbox that is to blame when space is short. Returns its name, or "" when nothing was ended."""
        short, exact = lacking(self.config), disks.in_use(self.config)
        if not short and exact:
            return ""
        with session(self.config) as client:
            name = self._to_blame(client, short) if short else ""
            self.written = {} if exact else diskuse.writers(self.config, client)
        if name:
            self._end(name, short)
        return name

    def _end(self, name: str, short: str) -> None:
        for found in lifecycle.list_sandboxes(self.config):
            if found.sandbox == name:
                ended.note(self.config, name, found.generation, "disk", f"the node's disk was short of {short}")
        lifecycle.close_sandbox(self.config, name)

    def _to_blame(self, client: docker.DockerClient, short: str) -> str:
        name = biggest(diskuse.by_sandbox(self.config, client), short)
        if name or disks.in_use(self.config):
            return name
        return newest_writer(diskuse.writers(self.config, client), self.written)


def lacking(config: LabConfig) -> str:
    """What the disk of the engine is short of: "bytes", "files" or ""."""
    found = os.statvfs(config.engine_dir)
    if found.f_bavail * found.f_frsize < LEAST_FREE_BYTES:
        return "bytes"
    return "files" if found.f_files and found.f_favail < LEAST_FREE_FILES else ""


def biggest(uses: dict[str, Use], short: str) -> str:
    """The sandbox that takes most of what is short; "" when none takes much. One that could not be counted to its end takes
    more than those that could."""
    worth = WORTH_IT_BYTES if short == "bytes" else WORTH_IT_FILES
    taken = {name: (not use.whole, use.bytes if short == "bytes" else use.files) for name, use in uses.items() if name}
    name = max(taken, key=lambda name: taken[name], default="")
    return name if name and (taken[name][0] or taken[name][1] >= worth) else ""


def newest_writer(now: dict[str, int], before: dict[str, int]) -> str:
    """The sandbox that has written most since the last look; "" when none wrote much."""
    grown = {name: size - before.get(name, 0) for name, size in now.items() if name}
    name = max(grown, key=lambda name: grown[name], default="")
    return name if name and grown[name] >= WORTH_IT_WRITTEN else ""
