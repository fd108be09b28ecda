"""Access to the learner's own daemon and files without following a path that the learner can rewrite.

The socket is opened relative to the host's root with openat2: no symbolic link, no magic link, nothing above that root. It
must be a socket, and the process that listens on it must belong to the host. What the daemon says gives names, not kernel
facts.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import stat
import struct
from collections.abc import Callable

from explorer.lab.inside.allowance import Account
from explorer.lab.inside.host_engine import DOCKER, HostEngine
from explorer.lab.inside.unix_http import BadAnswer, Connect, ask, decoded
from explorer.network.model import DockerState

OPENAT2 = 437
RESOLVE_NO_MAGICLINKS, RESOLVE_NO_SYMLINKS, RESOLVE_IN_ROOT = 0x02, 0x04, 0x10
ENGINE_ID = "var/lib/docker/engine-id"
ANSWER_BYTES = 1024 * 1024  # decoding one holds up the loop, also from another thread
Answer = tuple[int, bytes]  # status, body
_libc = ctypes.CDLL(None, use_errno=True)


def open_below(pid: int, path: str, flags: int) -> int:
    """A descriptor for `path` below the root of process `pid`; no link of any kind is followed. Raises OSError."""
    root = os.open(f"/proc/{pid}/root", os.O_PATH | os.O_CLOEXEC)
    try:
        resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS
        how = struct.pack("=QQQ", flags | os.O_CLOEXEC, 0, resolve)
        fd = int(_libc.syscall(OPENAT2, root, path.encode(), how, len(how)))
        if fd < 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))
        return fd
    finally:
        os.close(root)


def open_looked_at(pid: int, path: str, fit: Callable[[os.stat_result], bool]) -> int:
    """A descriptor to read a file of the host, once `fit` accepts the file's stat. Raises OSError otherwise.

    The file is looked at before it is opened, because opening a FIFO would wait and opening a device might do something.
    """
    found = open_below(pid, path, os.O_PATH)
    try:
        if not fit(os.fstat(found)):
            raise OSError(errno.EPERM, f"{path} is not what it should be")
        return os.open(f"/proc/self/fd/{found}", os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    finally:
        os.close(found)


def is_file_of_hosts(seen: os.stat_result) -> bool:
    """Whether it is a regular file of a user of the host. The host's root could mount a file over the path that only the
    machine's root may read."""
    return stat.S_ISREG(seen.st_mode) and seen.st_uid != 0


def read_below(pid: int, path: str, limit: int = 16 * 1024) -> str:
    """The beginning of a regular file of the host; "" when it is missing or not such a file."""
    return _read(pid, path, limit, end=False)


def stat_below(pid: int, path: str) -> os.stat_result | None:
    """The stat of a file of the host, without opening it for reading; None when it is missing or behind a link."""
    try:
        fd = open_below(pid, path, os.O_PATH)
    except OSError:
        return None
    try:
        return os.fstat(fd)
    finally:
        os.close(fd)


def read_end_below(pid: int, path: str, limit: int) -> str:
    """The last `limit` bytes of a regular file of the host; "" when it is missing or not such a file."""
    return _read(pid, path, limit, end=True)


def _read(pid: int, path: str, limit: int, *, end: bool) -> str:
    try:
        fd = open_looked_at(pid, path, is_file_of_hosts)
    except OSError:
        return ""
    try:
        start = max(0, os.fstat(fd).st_size - limit) if end else 0
        return os.pread(fd, limit, start).decode("utf-8", "replace")
    except OSError:
        return ""
    finally:
        os.close(fd)


def engine_id_of(pid: int) -> str:
    """The ID of the host's engine, as its file says; "" without one."""
    return read_below(pid, ENGINE_ID, limit=128).strip()


def to_daemon(pid: int, belongs: Callable[[int], bool], engine: HostEngine = DOCKER) -> Connect:
    """A function that connects to the engine of the host whose first process is `pid`; it raises OSError."""

    def connect() -> socket.socket:
        found = open_below(pid, engine.socket, os.O_PATH)
        opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        try:
            if not stat.S_ISSOCK(os.fstat(found).st_mode):
                raise OSError(0, f"/{engine.socket} is not a socket")
            opened.connect(f"/proc/self/fd/{found}")
            listener = struct.unpack("=iII", opened.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
            if not belongs(listener):
                raise OSError(0, f"whoever listens on /{engine.socket} is not this host")
        except OSError:
            opened.close()
            raise
        finally:
            os.close(found)
        return opened

    return connect


async def read_daemon(host: str, connect: Connect, account: Account | None = None, engine: HostEngine = DOCKER) -> DockerState:
    """What the host's engine says; when it gives no usable answer, `error` says why. The work is charged to `account`."""
    account = account or Account()
    try:
        answers = [await ask(connect, "GET", question, most=ANSWER_BYTES, account=account) for question in engine.questions]
        return await account.aside(_state, engine, host, *answers)
    except BadAnswer as error:
        return DockerState(host=host, engine=engine.kind, error=f"The {engine.title} on {host} does not answer: {error}.")


def _state(engine: HostEngine, host: str, *answers: Answer) -> DockerState:
    state = engine.read(host, *(decoded(*answer) for answer in answers))
    # the daemon lists networks in no fixed order; unsorted, every answer would look like a change
    return state.model_copy(update={"networks": tuple(sorted(state.networks, key=lambda network: (network.name, network.id)))})
