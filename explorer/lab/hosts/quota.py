"""Limits on what one host takes of things that all hosts of a node share: counts of the kernel, and files that the engine
reads."""

from __future__ import annotations

import os
import stat
import subprocess
from contextlib import suppress
from typing import Any

# Counted by the kernel per user namespace, so these hold for a host and everything in it. Raising them needs
# CAP_SYS_RESOURCE, which no process of a host has.
PER_HOST = {
    "max_inotify_instances": 1024,
    "max_net_namespaces": 128,
    "max_mnt_namespaces": 512,
    "max_user_namespaces": 64,
    "max_uts_namespaces": 512,
    "max_ipc_namespaces": 512,
    "max_pid_namespaces": 512,
    "max_cgroup_namespaces": 512,
    "max_time_namespaces": 64,
}
RESOLVER = "127.0.0.11"  # where Docker answers names in a container
KEPT_BYTES = 64 * 1024
_WRITE = "cd /proc/sys/user || exit; while [ $# -gt 1 ]; do [ ! -e $1 ] || echo $2 >$1; shift 2; done"


def limit_host(pid: int) -> None:
    """Sets the limits from the node, in the user namespace of a host's first process. It does nothing when the host is gone."""
    words = [word for name, value in PER_HOST.items() for word in (name, str(value))]
    subprocess.run(
        ["nsenter", f"--user=/proc/{pid}/ns/user", "sh", "-c", _WRITE, "sh", *words],
        check=False,
        capture_output=True,
    )


def shut_resolver(pid: int) -> None:
    """Closes the engine's own resolver in a host's or machine's network namespace: it answers with the engine's processor
    time. Names of a LAN come from /etc/hosts and from `outside`. It does nothing where the kernel cannot close a socket."""
    subprocess.run(
        ["nsenter", f"--net=/proc/{pid}/ns/net", "ss", "-K", "-H", "-tuan", "src", RESOLVER], check=False, capture_output=True
    )


def cut_files(container: dict[str, Any]) -> None:
    """Empties two files of a container when they are too long: the engine reads them whole when a container ends, and root in
    a host may have made them huge."""
    for name in ("HostsPath", "ResolvConfPath"):
        with suppress(OSError):
            fd = os.open(container.get(name) or "", os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                found = os.fstat(fd)
                if stat.S_ISREG(found.st_mode) and found.st_size > KEPT_BYTES:
                    os.ftruncate(fd, 0)
            finally:
                os.close(fd)
