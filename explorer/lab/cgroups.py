"""Hands a host's control groups to its root, so that the Docker daemon in it can divide them further."""

from __future__ import annotations

import os
import time
from pathlib import Path

from explorer.lab import kernel
from explorer.lab.config import LabConfig
from explorer.lab.errors import NodeError
from explorer.lab.leftovers import our_cgroups

WAIT_SECONDS = 5.0
# The directory and these files: enough to make groups below it. The files that hold the host's own limits stay the node's.
HANDED_OVER = ("cgroup.procs", "cgroup.subtree_control", "cgroup.threads", "tasks", "cgroup.clone_children")


def delegate(config: LabConfig, container: str) -> None:
    """Version 1 has one directory per controller, version 2 a single one."""
    uid, gid = kernel.remapped_root()
    until = time.monotonic() + WAIT_SECONDS
    while not (groups := [path for parent in our_cgroups(config) if (path := parent / container).is_dir()]):
        if time.monotonic() > until:
            raise NodeError("The host's control groups are nowhere to be found.", container)
        time.sleep(0.01)
    for group in sorted(groups, key=lambda path: path.parent.parent.name == "cpu"):  # a host waits for that one
        os.chown(group, uid, gid)
        for name in HANDED_OVER:
            if (group / name).exists():
                os.chown(group / name, uid, gid)


def version() -> int:
    return 2 if Path("/sys/fs/cgroup/cgroup.controllers").exists() else 1
