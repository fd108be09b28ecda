"""HTTP to a daemon over a unix socket. Header, body, line and time are bounded.

There is one request per connection. It is used for the learner's own daemon, which may lie, and for the node's engine where
the engine's answer carries what a host printed.
"""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import h11

from explorer.environment import patient
from explorer.lab.inside.allowance import Account

HEAD_BYTES = 32 * 1024
BODY_BYTES = 4 * 1024 * 1024
SECONDS = patient(2.0)
TURN, REST = 0.005, 9.0  # seconds of reading without a pause; the pause is so many times as long
Connect = Callable[[], socket.socket]  # a non-blocking, connected socket, or OSError


class BadAnswer(Exception):
    """The daemon gave no answer, too long an answer or one that makes no sense; `str()` is a short reason."""


@dataclass(slots=True)
class Exchange:
    """An answer whose header has been read; the body is read piece by piece."""

    socket: socket.socket
    connection: h11.Connection
    status: int = 0
    pieces: list[bytes] = field(default_factory=list)
    busy: float = 0.0
    account: Account | None = None  # of the sandbox whose daemon answers

    async def next_event(self) -> Any:
        """The next part of the answer. Raises BadAnswer."""
        loop = asyncio.get_running_loop()
        while True:
            await self.pause()
            try:
                event = self._parsed()
            except h11.RemoteProtocolError as error:
                raise BadAnswer(f"it does not speak HTTP ({error})"[:200]) from error
            if event is not h11.NEED_DATA:
                return event
            try:
                self.connection.receive_data(await loop.sock_recv(self.socket, 64 * 1024))
            except (OSError, h11.RemoteProtocolError) as error:
                raise BadAnswer("it hung up") from error

    async def pause(self) -> None:
        """Waits after some work: a daemon that always has more to send would stop all other tasks and timers."""
        if self.busy > TURN:
            rest = max(self.busy * REST, self.account.charge(self.busy) if self.account else 0.0)
            self.busy = 0.0
            await asyncio.sleep(rest)

    def _parsed(self) -> Any:
        began = time.perf_counter()
        try:
            return self.connection.next_event()
        finally:
            self.busy += time.perf_counter() - began

    async def body(self) -> AsyncIterator[bytes]:
        while True:
            event = await self.next_event()
            if isinstance(event, h11.Data):
                yield bytes(event.data)
            elif isinstance(event, h11.EndOfMessage | h11.ConnectionClosed):
                return

    def close(self) -> None:
        self.socket.close()


async def start(
    connect: Connect, method: str, target: str, body: bytes = b"", upgrade: bool = False, account: Account | None = None
) -> Exchange:
    """Sends the request and reads the header of the answer. The caller closes the exchange and limits the time. Raises
    BadAnswer."""
    loop = asyncio.get_running_loop()
    try:
        open_socket = connect()
    except OSError as error:
        raise BadAnswer(f"nothing listens ({error.strerror or error})") from error
    exchange = Exchange(open_socket, h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_BYTES), account=account)
    headers = [("Host", "docker"), ("Content-Length", str(len(body)))]
    if body:
        headers.append(("Content-Type", "application/json"))
    headers += [("Connection", "Upgrade"), ("Upgrade", "tcp")] if upgrade else [("Connection", "close")]
    try:
        request = exchange.connection.send(h11.Request(method=method, target=target, headers=headers)) or b""
        if body:
            request += exchange.connection.send(h11.Data(data=body)) or b""
        request += exchange.connection.send(h11.EndOfMessage()) or b""
        await loop.sock_sendall(open_socket, request)
        for _ in range(8):  # at most a few informational answers before the real one
            event = await exchange.next_event()
            if isinstance(event, h11.Response) or (isinstance(event, h11.InformationalResponse) and event.status_code == 101):
                exchange.status = event.status_code
                return exchange
            if not isinstance(event, h11.InformationalResponse):
                break
        raise BadAnswer("it did not answer the request")
    except OSError as error:
        exchange.close()
        raise BadAnswer(f"it hung up ({error.strerror or error})") from error
    except BaseException:
        exchange.close()
        raise


async def ask(
    connect: Connect,
    method: str,
    target: str,
    body: Mapping[str, Any] | None = None,
    seconds: float | None = None,
    most: int = BODY_BYTES,
    account: Account | None = None,
) -> tuple[int, bytes]:
    """(status, whole body). Raises BadAnswer after `seconds` (or SECONDS) or more than `most` bytes. It waits for the turn of
    `account` first: while a sandbox waits for its turn, its daemon is not late."""
    sent = json.dumps(body).encode() if body is not None else b""
    seconds = SECONDS if seconds is None else seconds
    if account:
        await account.turn()
    try:
        async with asyncio.timeout(seconds):
            exchange = await start(connect, method, target, sent, account=account)
            received = bytearray()
            try:
                async for piece in exchange.body():
                    received += piece
                    if len(received) > most:
                        raise BadAnswer(f"it answered more than {most // 1024 // 1024} MiB")
            finally:
                exchange.close()
            return exchange.status, bytes(received)
    except TimeoutError as error:
        raise BadAnswer(f"it gave no answer within {seconds:.0f} s") from error


async def ask_json(connect: Connect, target: str, seconds: float | None = None, most: int = BODY_BYTES) -> Any:
    """The decoded body of a GET that was answered with 200; the caller has to check its shape. Raises BadAnswer."""
    return decoded(*await ask(connect, "GET", target, seconds=seconds, most=most))


def decoded(status: int, body: bytes) -> Any:
    """The JSON value of an answer. Raises BadAnswer."""
    if status != 200:
        raise BadAnswer(f"it answered {status}")
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadAnswer("its answer is not JSON") from error


def to_path(path: str) -> Connect:
    """A function that connects to a socket whose path only the node can write."""

    def connect() -> socket.socket:
        opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        try:
            opened.connect(path)
        except OSError:
            with suppress(OSError):
                opened.close()
            raise
        return opened

    return connect
