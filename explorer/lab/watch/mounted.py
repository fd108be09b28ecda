"""Namespaces without a process, which a mount keeps: those of `ip netns add` and those of overlay networks.

The host's mount table names them. The path is opened below the host's root without following links, and what was opened is
used only if it is a network namespace that belongs to the sandbox's users.
"""

from __future__ import annotations

import fcntl
import os
import re
import stat
from pathlib import PurePosixPath

from explorer.lab.inside.inner import open_looked_at
from explorer.lab.inside.netns import CLONE_NEWNET, Namespace, own_user_namespace, owner_of
from explorer.lab.inside.places import NAME, NAMESPACE, read_text

TABLE_BYTES = 256 * 1024
MOST = 256
NS_GET_NSTYPE = 0xB703
BY_HAND = "/run/netns"
BY_DOCKER = "/run/docker/netns"
OF_PODMAN = re.compile(r"netns-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")  # of its containers, which have processes
# The namespaces of an overlay, of its load balancer, and the one where services' published ports arrive. The others are
# those of containers, which have processes.
OVERLAY = re.compile(r"\d{1,6}-[0-9a-z]{1,25}|lb_[0-9a-z]{1,25}|ingress_sbox")


def mounted_namespaces(pid: int) -> dict[int, str]:
    """Inode → path as the host sees it."""
    try:
        lines = read_text(f"/proc/{pid}/mountinfo", TABLE_BYTES).splitlines()
    except OSError:
        return {}
    found: dict[int, str] = {}
    for line in lines:
        fields = line.split(" - ")[0].split()
        inode = NAMESPACE.fullmatch(fields[3]) if len(fields) > 4 else None
        if inode and len(found) < MOST and is_wanted(PurePosixPath(fields[4])):
            found.setdefault(int(inode[1]), fields[4])
    return found


def is_wanted(path: PurePosixPath) -> bool:
    if str(path.parent) == BY_DOCKER:
        return bool(OVERLAY.fullmatch(path.name))
    return str(path.parent) == BY_HAND and bool(NAME.fullmatch(path.name)) and not OF_PODMAN.fullmatch(path.name)


def open_mounted(pid: int, path: str) -> Namespace | None:
    """The namespace that is mounted at `path`, or None. Its pidfd is that of the host's first process, because the mount ends
    with it."""
    try:
        fd = open_looked_at(pid, path.lstrip("/"), lambda seen: stat.S_ISREG(seen.st_mode))  # a namespace is a regular file
    except FileNotFoundError:
        return None
    pidfd = -1
    try:
        if fcntl.ioctl(fd, NS_GET_NSTYPE) == CLONE_NEWNET and owner_of(fd) != own_user_namespace():
            pidfd = os.pidfd_open(pid)
            return Namespace(0, pidfd, fd)
        return None
    except OSError:  # no longer a namespace
        return None
    finally:
        if pidfd < 0:
            os.close(fd)
