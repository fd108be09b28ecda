"""A program that runs in a host or a machine: an exec of the node's engine, from its creation to its exit status.

Terminals, a lesson's scripts, the commands that build a scenario, the commands of a comparison and those of operators all run
through this module. It needs only the engine's socket. The program does not end with the connection that carries its output,
so a caller that stops listening has to end the program too.
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
_HEAD = struct.Struct(">BxxxI")  # the header of each piece of output: the stream, the number of bytes


@dataclass(frozen=True, slots=True)
class Program:
    """What is run. `environment` holds NAME=VALUE words. With `terminal`, the two outputs are one, and typing `detach_keys`
    (if empty, the engine's own) disconnects from the program."""

    argv: tuple[str, ...]
    environment: tuple[str, ...] = ()
    directory: str = ""
    stdin: bool = False
    terminal: bool = False
    detach_keys: str = ""


class Execution:
    """One program that runs. Call `create`, `start`, then `read` until it returns nothing, `status`, `close`."""

    def __init__(self, engine: Connect, identity: str, terminal: bool, seconds: float | None) -> None:
        self.identity = identity
        self._engine, self._terminal, self._seconds = engine, terminal, seconds
        self._exchange: Exchange | None = None
        self._first = b""
        self._waiting = 0  # readers and writers of the socket
        self._closed = False

    @classmethod
    async def create(cls, engine: Connect, container: str, program: Program, seconds: float | None = None) -> Execution:
        """Creates the exec; nothing runs yet. `container` is a name or id on the node's engine. The engine has `seconds` for
        each answer. Raises NotThere, NodeError or BadAnswer."""
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
        """Starts the program and takes over the connection, as `docker exec` does. Raises the same errors as `create`."""
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
        # the output of a quick program may come together with the answer's header
        self._first = bytes(exchange.connection.trailing_data[0])

    async def read(self) -> bytes:
        """The next bytes, as the engine sends them (see `Frames`); b"" at the end of the output and after `close`."""
        first, self._first = self._first, b""
        if first or self._exchange is None or self._closed:
            return first
        data = b""
        with self._held(self._exchange) as held, suppress(OSError):
            data = await asyncio.get_running_loop().sock_recv(held, READ_BYTES)
        return data

    async def write(self, data: bytes) -> None:
        """Writes to the program, and waits while the program takes no input, until `close`. Raises OSError when the program
        takes no more input."""
        if self._exchange is not None and not self._closed:
            with self._held(self._exchange) as held:
                await asyncio.get_running_loop().sock_sendall(held, data)

    @contextmanager
    def _held(self, exchange: Exchange) -> Iterator[socket.socket]:
        """The socket. After `close`, the last user of the socket closes it: closing a socket does not wake those who wait on
        it."""
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
        """Writes `stdin` to the program and passes its output to `write`, until the program closes its output."""
        feeding = asyncio.create_task(self._feed(stdin)) if stdin else None
        frames = Frames()
        try:
            while data := await self.read():
                for stream, piece in frames.feed(data):
                    write(stream, piece)
                await asyncio.sleep(0)  # endless output makes no pause: other tasks and timers run here
        finally:
            if feeding:
                feeding.cancel()
                await asyncio.gather(feeding, return_exceptions=True)

    async def _feed(self, stdin: bytes) -> None:
        with suppress(OSError):  # the program does not read more
            await self.write(stdin)
        self.end_input()

    async def resize(self, columns: int, rows: int) -> bool:
        """Whether the engine took the new size of the terminal. The engine refuses until the process has started."""
        status, _ = await ask(self._engine, "POST", f"/exec/{self.identity}/resize?h={rows}&w={columns}", seconds=self._seconds)
        return status < 300

    async def status(self, seconds: float) -> int | None:
        """The exit status, after waiting up to `seconds` for the end; None while the program runs."""
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
        """Kills the program itself, not the programs that it started. The engine names its process on this machine."""
        with suppress(BadAnswer, OSError):
            pid = await self._pid()
            if not pid:
                return
            pidfd = os.pidfd_open(pid)
            try:
                # the pidfd was opened before this second question, so the signal reaches no other process
                if await self._pid() == pid:
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
        """Closes the connection; the program goes on. A pending `read` returns b"". A second call does nothing."""
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
    """Splits what the engine sends of a program without a terminal: pieces of two outputs, each with a header.

    A piece is passed on as it arrives, before it is complete, so a header that announces gigabytes does not take memory.
    """

    def __init__(self) -> None:
        self._head = bytearray()
        self._stream: Stream = "out"
        self._left = 0

    def feed(self, data: bytes) -> Iterator[tuple[Stream, bytes]]:
        """The next (stream, piece) in these bytes."""
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
    """Runs a program and returns its exit status. When the time is over, the caller is cancelled or `write` raises, the
    program is killed.

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
