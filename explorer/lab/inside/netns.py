"""Network namespaces as held descriptors: opened from a process, checked, entered for a moment, closed.

A namespace is opened through `/proc/PID/ns/net` of a process that is in the host's control group. A pidfd that is opened
before shows that it was the same process all the time. An open namespace keeps its interfaces alive, so its holder closes it
when its last process has ended.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import select
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

CLONE_NEWNET = 0x40000000
NS_GET_USERNS = 0xB701
_libc = ctypes.CDLL(None, use_errno=True)


def own_user_namespace() -> int:
    return os.stat("/proc/self/ns/user").st_ino


class Namespace:
    """An open network namespace: `inode` identifies it, `pidfd` is readable once the process it was opened from has ended.
    `pid` is 0 when no process lives in it."""

    def __init__(self, pid: int, pidfd: int, fd: int) -> None:
        self.pid = pid
        self.pidfd = pidfd
        self.fd = fd
        self.inode = os.fstat(fd).st_ino

    def follow(self, pid: int) -> None:
        """Uses another process of the same namespace from now on. Raises OSError when that process has ended too."""
        pidfd = os.pidfd_open(pid)
        os.close(self.pidfd)
        self.pid, self.pidfd = pid, pidfd

    def close(self) -> None:
        for fd in (self.fd, self.pidfd):
            if fd >= 0:
                os.close(fd)
        self.fd = self.pidfd = -1

    def socket(self, family: int, kind: int, protocol: int = 0) -> socket.socket:
        """A non-blocking socket in this namespace; any thread may use it later."""
        with inside(self.fd):
            return socket.socket(family, kind | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC, protocol)


def open_namespace(pid: int, belongs: Callable[[int], bool]) -> Namespace | None:
    """The namespace of `pid`. None when the process is gone, does not belong to the host, or has not entered its own
    namespace yet (an engine puts a starting process into the control group while the process is still in the engine's
    namespace). Raises OSError when the namespace exists and cannot be entered."""
    pidfd = fd = -1
    try:
        pidfd = os.pidfd_open(pid)
        if belongs(pid):
            fd = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
            if owner_of(fd) != own_user_namespace() and not ended(pidfd):
                found = Namespace(pid, pidfd, fd)
                pidfd = fd = -1
                return found
    except (ProcessLookupError, FileNotFoundError):
        pass
    finally:
        for leftover in (pidfd, fd):
            if leftover >= 0:
                os.close(leftover)
    return None


def owner_of(fd: int) -> int:
    """The inode of the user namespace that owns a network namespace."""
    user = fcntl.ioctl(fd, NS_GET_USERNS)
    try:
        return os.fstat(user).st_ino
    finally:
        os.close(user)


def ended(pidfd: int) -> bool:
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(0))


@contextmanager
def inside(fd: int) -> Iterator[None]:
    """Puts this thread into the namespace during the block. Nothing in the block may wait."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        _setns(fd)
        try:
            yield
        finally:
            try:
                _setns(home)
            except OSError:
                os._exit(70)  # a thread that cannot leave a learner's namespace must not go on
    finally:
        os.close(home)


def _setns(fd: int) -> None:
    if _libc.setns(fd, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")
