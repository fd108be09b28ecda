"""The commands that people give in the sandboxes of this node, reported by the kernel's process connector.

There is one socket for the whole node, behind a filter, so that only the start of a program wakes a process; the program
`execs` then reads which process it was. The kernel reports programs only in the machine's first namespaces; elsewhere
`why_not` says so.
"""

from __future__ import annotations

import asyncio
import errno
import json
import os
import re
import secrets
import socket
import struct
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from explorer.lab.config import LabConfig
from explorer.lab.inside import execs
from explorer.lab.inside.filters import EQUAL, EQUAL_X, LOAD_WORD, RETURN, TO_X, Do, Program, attach

log = structlog.get_logger(__name__)

PROGRAM = Path(execs.__file__)
NETLINK_CONNECTOR, PROCESSES = 11, 1  # <linux/netlink.h>; CN_IDX_PROC and CN_VAL_PROC of <linux/connector.h>
LISTEN, IGNORE = 1, 2
NONE, EXEC, EXIT = 0, 0x2, 0x80000000
WHAT, PID, THREAD_GROUP = 36, 52, 56  # their offsets in a message
ACKNOWLEDGED = struct.Struct("=28xI4xI12xI")  # number of the request, kind, error
SO_RCVBUFFORCE = 33
ROOM, ROOM_ENDS = 4 * 1024 * 1024, 1024 * 1024
PATIENCE = 0.5  # seconds to wait for the kernel's acknowledgement
AGAIN, AGAIN_LONGEST = 1.0, 60.0
LOST_EVERY = 30.0
LINE_BYTES = 64 * 1024
TEXT = 300
PLAIN_WORD = re.compile(r"[\w@%+=:,./-]+", re.ASCII)
NOT_LISTED = "Commands are not listed on this node: "
LOST = "Some commands may be missing here: more programs were started on this node than could be followed"
CONTAINED = NOT_LISTED + "its kernel tells of programs only outside of containers, and this node runs in one."


@dataclass(frozen=True, slots=True)
class Command:
    """One command. `inner` is the id of the container on the host, or "". With `counted`, the text gives the number of
    commands that are not listed."""

    inner: str
    text: str
    counted: bool = False


Heard = Callable[[Command], None]


class Commands:
    """The commands of all sandboxes of a node. `why_not` says why none are listed; "" when they are."""

    def __init__(self, config: LabConfig) -> None:
        self.why_not = ""
        self._parent = config.cgroup
        self._attending: dict[str, Heard] = {}
        self._sockets: list[socket.socket] = []
        self._lost_at = -LOST_EVERY
        self.lost = 0  # how often commands could not be followed

    def attend(self, container: str, heard: Heard) -> None:
        """From now on `heard` gets every command of a host or machine, by its id on the node's engine."""
        self._attending[container] = heard

    def leave(self, container: str) -> None:
        self._attending.pop(container, None)

    def open(self) -> None:
        try:
            self._sockets = [listen(EXEC, ROOM), listen(EXIT, ROOM_ENDS)]
        except OSError as error:
            self.why_not = reason(error)
            log.warning("commands are not listed", why=self.why_not)

    async def run(self) -> None:
        """Runs until cancelled. When the reading program ends, it is started again, and every listener gets a sentence about
        it."""
        if not self._sockets:
            return
        try:
            pause = AGAIN
            while True:
                began = time.monotonic()
                try:
                    await self._read()
                except OSError as error:
                    log.warning("the program that reads commands did not start", error=str(error))
                else:
                    log.warning("the program that reads commands ended; starting it again")
                self._lose()
                pause = AGAIN if time.monotonic() - began > AGAIN_LONGEST else min(2 * pause, AGAIN_LONGEST)
                await asyncio.sleep(pause)
        finally:
            for sock in self._sockets:
                forget(sock)
            self._sockets = []

    async def _read(self) -> None:
        fds = [sock.fileno() for sock in self._sockets]
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-ISB",
            str(PROGRAM),
            *map(str, fds),
            self._parent,
            stdin=asyncio.subprocess.PIPE,  # closes when this process ends; then the program ends too
            stdout=asyncio.subprocess.PIPE,
            pass_fds=fds,
            env={},
            limit=LINE_BYTES,
        )
        try:
            while line := await process.stdout.readline() if process.stdout else b"":
                self._take(line)
        except ValueError:
            log.warning("a line that is too long")
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    def _take(self, line: bytes) -> None:
        """Handles one line of the reading program."""
        try:
            told: dict[str, Any] = json.loads(line)
        except ValueError:
            return
        if told.get("lost"):
            self._lose()
            return
        heard_by = self._attending.get(told.get("container", ""))
        if heard_by is None:
            return
        for command in commands(told):
            heard_by(command)

    def _lose(self) -> None:
        """Tells every listener that commands may be missing, because their host is not known; at most once in LOST_EVERY
        seconds."""
        self.lost += 1
        if time.monotonic() - self._lost_at < LOST_EVERY:
            return
        self._lost_at = time.monotonic()
        for heard in list(self._attending.values()):
            heard(Command("", LOST, counted=True))


def commands(told: dict[str, Any]) -> list[Command]:
    if "argv" in told:
        return [Command(told["inner"], words(told["argv"], cut=told["cut"]))]
    said = []
    if more := told["more"]:
        said.append(f"and {more} more command{'s' if more > 1 else ''}, too many at once to list")
    if ended := told["ended"]:
        said.append(f"{ended} program{'s' if ended > 1 else ''} from a shell ended too soon to be read")
    return [Command("", text, counted=True) for text in said]


# --- as one would type it ---


def words(argv: list[str], *, cut: bool = False) -> str:
    """One line that a shell reads as these words. Characters that cannot be printed are written as bash writes them."""
    text = " ".join(map(quoted, argv))
    return text[: TEXT - 1] + "…" if cut or len(text) > TEXT else text


def quoted(word: str) -> str:
    if PLAIN_WORD.fullmatch(word):
        return word
    if word.isprintable():
        return "'" + word.replace("'", "'\"'\"'") + "'"
    return "$'" + "".join(map(escaped, word)) + "'"


def escaped(letter: str) -> str:
    if letter in "'\\":
        return "\\" + letter
    if letter.isprintable():
        return letter
    named = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\x1b": "\\e"}.get(letter)
    code = ord(letter)
    return named or (f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")


# --- the kernel ---


def why_not() -> str:
    """Why this kernel does not report commands, in a sentence; "" when it does."""
    try:
        forget(listen(EXEC, ROOM_ENDS))
    except OSError as error:
        return reason(error)
    return ""


def reason(error: OSError) -> str:
    if error.errno in (errno.ETIMEDOUT, errno.ECONNREFUSED, errno.EPROTONOSUPPORT):
        return CONTAINED
    return f"{NOT_LISTED}its kernel refuses to tell of programs ({error.strerror or error})."


def listen(what: int, room: int) -> socket.socket:
    """A socket that receives events of this kind and no others. Raises OSError where the kernel does not report them."""
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC, NETLINK_CONNECTOR)
    try:
        attach(sock, only(what))
        with suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, room)
        sock.bind((0, 1 << (PROCESSES - 1)))
        sock.settimeout(PATIENCE)
        if not acknowledged(sock, ask(sock, struct.pack("=I", LISTEN))):
            raise OSError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
        # since 6.6, the kernel then sends only this kind; an older kernel ignores a request of this length
        ask(sock, struct.pack("=II", LISTEN, what))
        sock.setblocking(False)
        return sock
    except BaseException:
        sock.close()
        raise


def only(what: int) -> Program:
    """A filter for events of this kind about whole processes, and for the kernel's acknowledgement. A filter sees numbers in
    network order."""
    swapped = int.from_bytes(what.to_bytes(4, sys.byteorder), "big")
    return (
        Do(LOAD_WORD, WHAT),
        Do(EQUAL, NONE, yes="keep"),
        Do(EQUAL, swapped, no="drop"),
        Do(LOAD_WORD, PID),
        Do(TO_X, 0),
        Do(LOAD_WORD, THREAD_GROUP),
        Do(EQUAL_X, 0, yes="keep", no="drop"),
        "keep",
        Do(RETURN, 0xFFFF),
        "drop",
        Do(RETURN, 0),
    )


def ask(sock: socket.socket, payload: bytes) -> int:
    """Sends a request and returns its number. Every listener gets the kernel's answers to all requests, so the number tells
    them apart."""
    number = secrets.randbits(31)
    told = struct.pack("=IIIIHH", PROCESSES, PROCESSES, 0, number, len(payload), 0) + payload
    sock.send(struct.pack("=IHHII", 16 + len(told), 3, 0, 0, 0) + told)  # NLMSG_DONE
    return number


def acknowledged(sock: socket.socket, number: int) -> bool:
    """Whether the kernel accepts the request. Raises OSError when the kernel refuses; inside a container the kernel does not
    answer."""
    until = time.monotonic() + PATIENCE
    with suppress(TimeoutError):
        while time.monotonic() < until:
            data, sender = sock.recvfrom(512)
            if sender[0] != 0 or len(data) < ACKNOWLEDGED.size:
                continue
            answered, kind, code = ACKNOWLEDGED.unpack_from(data)
            if kind != NONE or answered != number + 1:
                continue
            if code:
                raise OSError(code, os.strerror(code))
            return True
    return False


def forget(sock: socket.socket) -> None:
    """Closes the socket. Older kernels count their listeners, so the kernel is told first."""
    with suppress(OSError):
        ask(sock, struct.pack("=I", IGNORE))
    sock.close()
