"""A program run in a host or a machine: an exec of the node's engine, from its creation to its exit status.

Whatever the project runs in a host is run by this file: the shells of terminals, a lesson's scripts, the commands that build
a scenario, the commands of a comparison and those an operator gives. It needs only the engine's socket. An exec does not end
with the connection that carries its output, so whoever stops listening has to end the program as well.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Literal

from explorer.environment import patient
from explorer.lab.errors import HostTimeout, NodeError, NotThere
from explorer.lab.inside import unix_http
from explorer.lab.inside.unix_http import BadAnswer, Connect, Exchange, ask, ask_json

Stream = Literal["out", "err"]
Write = Callable[[Stream, bytes], None]
READ_BYTES = 32 * 1024
STATUS_EVERY = 0.01
CALL_SECONDS = patient(60.0)  # the engine answers late while it starts twenty hosts at once
END_SECONDS = patient(2.0)
_STREAMS: dict[int, Stream] = {1: "out", 2: "err"}
_HEAD = struct.Struct(">BxxxI")  # before each piece of output: which stream, how many bytes


@dataclass(frozen=True, slots=True)
class Program:
    """What is to be run. `environment` holds NAME=VALUE words; with a `terminal` the two outputs are one, and typing
    `detach_keys` (the engine's own when empty) lets go of the program."""

    argv: tuple[str, ...]
    environment: tuple[str, ...] = ()
    directory: str = ""
    stdin: bool = False
    terminal: bool = False
    detach_keys: str = ""


class Execution:
    """One program on its way. `create`, `start`, then `read` until it returns nothing, `status`, `close`."""

    def __init__(self, engine: Connect, identity: str, terminal: bool, seconds: float | None) -> None:
        self.identity = identity
        self._engine, self._terminal, self._seconds = engine, terminal, seconds
        self._exchange: Exchange | None = None
        self._first = b""
        self._waiting = 0  # readers and writers of the socket
        self._closed = False

    @classmethod
    async def create(cls, engine: Connect, container: str, program: Program, seconds: float | None = None) -> Execution:
        """`container` is a name or id on the node's engine, which has `seconds` for each answer. Raises NotThere, NodeError or
        BadAnswer. Nothing runs yet."""
        wanted: dict[str, Any] = {
            "AttachStdin": program.stdin,
            "AttachStdout": True,
            "AttachStderr": True,
            "Tty": program.terminal,
            "Cmd": list(program.argv),
            "Env": list(program.environment),
        }
        if program.directory:
            wanted["WorkingDir"] = program.directory
        if program.detach_keys:
            wanted["DetachKeys"] = program.detach_keys
        status, body = await ask(engine, "POST", f"/containers/{container}/exec", wanted, seconds)
        if status != 201:
            raise _refusal(status, body)
        try:
            return cls(engine, str(json.loads(body)["Id"]), program.terminal, seconds)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise BadAnswer("it names no exec") from error

    async def start(self) -> None:
        """Starts the program and takes over the connection, as `docker exec` does. Raises as `create`."""
        wanted = json.dumps({"Detach": False, "Tty": self._terminal}).encode()
        seconds = unix_http.SECONDS if self._seconds is None else self._seconds
        try:
            async with asyncio.timeout(seconds):
                exchange = await unix_http.start(self._engine, "POST", f"/exec/{self.identity}/start", wanted, upgrade=True)
        except TimeoutError as error:
            raise BadAnswer(f"it gave no answer within {seconds:.0f} s") from error
        if exchange.status not in (101, 200):
            exchange.close()
            raise _refusal(exchange.status, b"")
        self._exchange = exchange
        # a quick program's output may come in one piece with the head of the answer
        self._first = bytes(exchange.connection.trailing_data[0])

    async def read(self) -> bytes:
        """The next bytes, as the engine sends them (see `Frames`); b"" at the end of the output and once it is closed."""
        first, self._first = self._first, b""
        if first or self._exchange is None or self._closed:
            return first
        data = b""
        with self._held(self._exchange) as held, suppress(OSError):
            data = await asyncio.get_running_loop().sock_recv(held, READ_BYTES)
        return data

    async def write(self, data: bytes) -> None:
        """Waits while the program takes no input, until it is closed. Raises OSError when it never will take any again."""
        if self._exchange is not None and not self._closed:
            with self._held(self._exchange) as held:
                await asyncio.get_running_loop().sock_sendall(held, data)

    @contextmanager
    def _held(self, exchange: Exchange) -> Iterator[socket.socket]:
        """The socket. Once it is closed, the last who waited for it lets go of it: a closed one wakes nobody."""
        self._waiting += 1
        try:
            yield exchange.socket
        finally:
            self._waiting -= 1
            if self._closed and not self._waiting:
                exchange.close()

    def end_input(self) -> None:
        if self._exchange is not None and not self._closed:
            with suppress(OSError):
                self._exchange.socket.shutdown(socket.SHUT_WR)

    async def carry(self, write: Write, stdin: bytes = b"") -> None:
        """Feeds the program and hands on what it writes, until it closes its output."""
        feeding = asyncio.create_task(self._feed(stdin)) if stdin else None
        frames = Frames()
        try:
            while data := await self.read():
                for stream, piece in frames.feed(data):
                    write(stream, piece)
                await asyncio.sleep(0)  # output without end never waits: others, and clocks, get their turn here
        finally:
            if feeding:
                feeding.cancel()
                await asyncio.gather(feeding, return_exceptions=True)

    async def _feed(self, stdin: bytes) -> None:
        with suppress(OSError):  # it has read as much as it wanted
            await self.write(stdin)
        self.end_input()

    async def resize(self, columns: int, rows: int) -> bool:
        """Whether the engine took the new size of the terminal; it does not until the process has started."""
        status, _ = await ask(self._engine, "POST", f"/exec/{self.identity}/resize?h={rows}&w={columns}", seconds=self._seconds)
        return status < 300

    async def status(self, seconds: float) -> int | None:
        """What the program ended with; None while it runs, after waiting `seconds` for its end."""
        until = time.monotonic() + seconds
        while True:
            told = await self._told()
            if not told.get("Running"):
                code = told.get("ExitCode")
                return code if isinstance(code, int) else None
            if time.monotonic() >= until:
                return None
            await asyncio.sleep(STATUS_EVERY)

    async def kill(self) -> None:
        """Ends the program itself, not what it has started. The engine says which process of this machine it is."""
        with suppress(BadAnswer, OSError):
            pid = await self._pid()
            if not pid:
                return
            pidfd = os.pidfd_open(pid)
            try:
                if await self._pid() == pid:  # held before it is asked again, so the signal reaches no other process
                    signal.pidfd_send_signal(pidfd, signal.SIGKILL)
            finally:
                os.close(pidfd)

    async def _pid(self) -> int:
        told = await self._told()
        pid = told.get("Pid") if told.get("Running") else 0
        return pid if isinstance(pid, int) and pid > 1 else 0

    async def _told(self) -> dict[str, Any]:
        told = await ask_json(self._engine, f"/exec/{self.identity}/json", self._seconds)
        if not isinstance(told, dict):
            raise BadAnswer("it does not say what became of an exec")
        return told

    def close(self) -> None:
        """Ends the connection, not the program; whoever waits in `read` gets b"". Twice does nothing twice."""
        if self._closed:
            return
        self._closed = True
        if self._exchange is not None:
            with suppress(OSError):
                self._exchange.socket.shutdown(socket.SHUT_RDWR)  # wakes a reader and a writer
            if not self._waiting:
                self._exchange.close()


def _refusal(status: int, body: bytes) -> NotThere | NodeError:
    detail = f"exec answered {status}: {body[:300]!r}"
    if status == 404:
        return NotThere("That host is gone.", detail)
    if status == 409:
        return NotThere("That host is not running.", detail)
    return NodeError("The node's engine failed.", detail)


class Frames:
    """Takes apart what the engine sends of a program without a terminal: pieces of two outputs, each behind a head.

    A piece is handed on as it comes, before it is whole, so a head that promises gigabytes makes nothing grow.
    """

    def __init__(self) -> None:
        self._head = bytearray()
        self._stream: Stream = "out"
        self._left = 0

    def feed(self, data: bytes) -> Iterator[tuple[Stream, bytes]]:
        at = 0
        while at < len(data):
            if self._left:
                piece = data[at : at + self._left]
                self._left -= len(piece)
                at += len(piece)
                yield self._stream, piece
                continue
            lacking = _HEAD.size - len(self._head)
            self._head += data[at : at + lacking]
            at += lacking
            if len(self._head) == _HEAD.size:
                kind, self._left = _HEAD.unpack(self._head)
                self._stream = _STREAMS.get(kind, "out")
                self._head.clear()


async def run_program(
    engine: Connect, container: str, program: Program, write: Write, seconds: float, stdin: bytes = b""
) -> int:
    """The program's own exit status. Whatever keeps it from its end (its time, the caller's, an error of `write`) ends it too.

    Raises HostTimeout, NotThere, or NodeError when the engine does not answer.
    """
    execution: Execution | None = None
    try:
        async with asyncio.timeout(seconds):
            execution = await Execution.create(engine, container, program, CALL_SECONDS)
            await execution.start()
            await execution.carry(write, stdin)
            status = await execution.status(seconds)
            return status or 0
    except TimeoutError as error:
        await _abandon(execution)
        said = " ".join(program.argv)[:200]
        raise HostTimeout(f"The command did not end within {seconds:g} s.", said) from error
    except BadAnswer as error:
        await _abandon(execution)
        raise NodeError("The node's engine does not answer.", str(error)) from error
    except BaseException:
        await _abandon(execution)
        raise
    finally:
        if execution:
            execution.close()


async def _abandon(execution: Execution | None) -> None:
    if execution:
        with suppress(TimeoutError):
            async with asyncio.timeout(END_SECONDS):
                await execution.kill()
