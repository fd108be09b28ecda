"""A host's control groups: given to its root, so that its Docker daemon can divide them, and emptied at its end."""

from __future__ import annotations

import os
import time
from pathlib import Path

from explorer.environment import patient
from explorer.lab.config import LabConfig
from explorer.lab.engine.leftovers import kill_group, members, our_cgroups
from explorer.lab.errors import NodeError

WAIT_SECONDS = patient(5.0)
KILL_ROUNDS = 50
KILL_SECONDS = patient(60.0)  # for all rounds: one round may walk through a hundred thousand groups
# Limits of a host's own groups, in files that stay with the node. A host with a thousand processes needs no more groups; the
# last one limits the buffers of UDP and TCP sockets (bytes), which version 2 counts as memory.
OWN_LIMITS = {"cgroup.max.descendants": 2_000, "cgroup.max.depth": 32, "memory.kmem.tcp.limit_in_bytes": 64 * 2**20}
# Root needs the directory and these files to make groups below. The files with the host's own limits stay with the node.
HANDED_OVER = ("cgroup.procs", "cgroup.subtree_control", "cgroup.threads", "tasks", "cgroup.clone_children")


def delegate(config: LabConfig, container: str, root: tuple[int, int]) -> None:
    """Gives the groups to user and group `root` of the node. Version 1 has one directory per controller, version 2 one.
    Raises NodeError."""
    until = time.monotonic() + WAIT_SECONDS
    while not (groups := [path for parent in our_cgroups(config) if (path := parent / container).is_dir()]):
        if time.monotonic() > until:
            raise NodeError("The host's control groups are nowhere to be found.", container)
        time.sleep(0.01)
    for group in sorted(groups, key=lambda path: path.parent.parent.name == "cpu"):  # the last one, because a host waits for it
        limit(group)
        for name in HANDED_OVER:
            if (group / name).exists():
                os.chown(group / name, *root)
        os.chown(group, *root)  # the directory last, because the host begins as soon as it can make a group


def limit(group: Path) -> None:
    """Sets those of OWN_LIMITS that this group has. Version 1 has no limit of groups; `lab.memory` counts them."""
    for name, value in OWN_LIMITS.items():
        write(group / name, str(value))


def kill_now(config: LabConfig, container: str) -> None:
    """Kills every process of a container in no time, where the kernel has version 2 (Linux 5.14 or newer), beside version 1
    or alone. `kill_all` has to follow."""
    for parent in our_cgroups(config):
        write(parent / container / "cgroup.kill", "1")


def freeze(config: LabConfig, container: str, frozen: bool) -> None:
    """Stops every process of a container, or lets them go on. Version 2 is asked first."""
    groups = [parent / container for parent in our_cgroups(config)]
    if not any(write(group / "cgroup.freeze", str(int(frozen))) for group in groups):
        for group in groups:
            write(group / "freezer.state", "FROZEN" if frozen else "THAWED")


def write(file: Path, text: str) -> bool:
    """Writes into an existing file. False when there is none, or when it refuses."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        os.write(descriptor, text.encode())
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)


def kill_all(config: LabConfig, container: str) -> None:
    """Kills every process of a container, before the engine is asked to remove it: the engine would wait for frozen processes
    without end."""
    until = time.monotonic() + KILL_SECONDS
    for _ in range(KILL_ROUNDS):
        if time.monotonic() > until:
            return
        groups = [path for parent in our_cgroups(config) if (path := parent / container).is_dir()]
        if not sum(kill_group(group) for group in groups):
            return
        time.sleep(0.02)


def processes(config: LabConfig, container: str) -> set[int]:
    """The pids of all processes of a container, as the node counts them."""
    groups = [path for parent in our_cgroups(config) if (path := parent / container).is_dir()]
    return {pid for group in groups for pid in members(group)}


def version() -> int:
    return 2 if Path("/sys/fs/cgroup/cgroup.controllers").exists() else 1
