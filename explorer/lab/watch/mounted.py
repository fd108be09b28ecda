"""Namespaces that no process lives in, kept by a mount: those of `ip netns add`, and those of overlay networks.

The host's mount table names them; the path is opened below the host's root with no link followed, and what was opened is
taken only if it is a network namespace of the sandbox's own users.
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
# An overlay's own namespace, its load balancer's, and the one where services' published ports arrive; the others there are
# containers', which have processes.
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
    return str(path.parent) == BY_HAND and bool(NAME.fullmatch(path.name))


def open_mounted(pid: int, path: str) -> Namespace | None:
    """Its life is that of the mount, so the host's first process stands for it."""
    try:
        fd = open_looked_at(pid, path.lstrip("/"), lambda seen: stat.S_ISREG(seen.st_mode))  # as namespaces are
    except FileNotFoundError:
        return None
    pidfd = -1
    try:
        if fcntl.ioctl(fd, NS_GET_NSTYPE) == CLONE_NEWNET and owner_of(fd) != own_user_namespace():
            pidfd = os.pidfd_open(pid)
            return Namespace(0, pidfd, fd)
        return None
    except OSError:  # not a namespace any more
        return None
    finally:
        if pidfd < 0:
            os.close(fd)
