"""Daemons on a unix socket, named by how they misbehave."""

from __future__ import annotations

import asyncio
import json
import struct
from contextlib import asynccontextmanager
from typing import Any, cast

from bench import liar
from explorer.lab.inside.unix_http import to_path

OK = b"HTTP/1.1 200 OK\r\n"


def answer(body: object, status: str = "200 OK") -> bytes:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data


async def silent(reader, writer):
    await asyncio.sleep(60)


async def hangs_up(reader, writer):
    await reader.readline()
    writer.close()


async def endless_head(reader, writer):
    writer.write(OK)
    while not writer.is_closing():
        writer.write(b"X-More: " + b"x" * 1000 + b"\r\n")
        await writer.drain()


async def endless_body(reader, writer):
    writer.write(OK + b"\r\n")
    while not writer.is_closing():
        writer.write(b"[" * 64 * 1024)
        await writer.drain()


async def dribbling(reader, writer):
    writer.write(OK + b"Content-Length: 1000\r\n\r\n")
    while not writer.is_closing():
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.05)


async def babbling(reader, writer):
    writer.write(b"\x00\xff\x13 220 mail ready\r\n\r\n")
    await writer.drain()
    await asyncio.sleep(60)


async def informing(reader, writer):
    while not writer.is_closing():
        writer.write(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        await writer.drain()


def saying(data: bytes):
    async def fake(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(data)
        await writer.drain()
        writer.close()

    return fake


class LyingWithinCaps:
    """A daemon whose every answer is as large as one may be and differs from the last, and that has news all the time."""

    def __init__(self) -> None:
        self.asked = 0

    async def __call__(self, reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        if b"/events" in head:
            writer.write(OK + b"\r\n")
            while not writer.is_closing():
                writer.write(liar.event(self.asked))
                await writer.drain()
                await asyncio.sleep(1 / liar.EVENTS_PER_SECOND)
        self.asked += 1
        turn = self.asked % liar.VARIANTS
        told = {b"/networks": liar.networks, b"/containers": liar.containers}
        body = next((make(turn) for name, make in told.items() if name in head), b'{"Version": "26"}')
        writer.write(answer(body))
        await writer.drain()
        writer.close()


HIJACKED = b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"


def frame(text: bytes, stream: int = 1) -> bytes:
    """What the engine sends of a program that wrote `text` to standard output (1) or error (2)."""
    return struct.pack(">BxxxI", stream, len(text)) + text


class EngineOfOneExec:
    """Knows one exec. `talk` is what happens on the connection once it is started; `code` what it ended with, None while it
    runs; `create` and `begin` are the answers to making and starting it. It remembers what it was asked."""

    def __init__(self, talk=None, code: int | None = 0, create: bytes = b"", begin: bytes = HIJACKED, pid: int = 0) -> None:
        self.talk, self.code, self.begin, self.pid = talk, code, begin, pid
        self.create = create or answer({"Id": "e1"}, "201 Created")
        self.wanted: dict[str, Any] = {}
        self.started: dict[str, object] = {}
        self.asked: list[str] = []
        self.begun = asyncio.Event()

    async def __call__(self, reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        size = next((int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")), 0)
        body = await reader.readexactly(size)
        self.asked.append(b" ".join(head.split(b" ")[:2]).decode())
        if b"/start" in head:
            self.started = json.loads(body)
            self.begun.set()
            writer.write(self.begin)
            if self.talk and self.begin.startswith(HIJACKED):
                await self.talk(reader, writer)
        elif b"/resize" in head:
            writer.write(answer({}, "200 OK" if self.code is None else "409 Conflict"))
        elif head.startswith(b"POST"):
            self.wanted = json.loads(body)
            writer.write(self.create)
        else:
            writer.write(answer(await self.told()))
        await writer.drain()
        writer.close()

    async def told(self) -> object:
        return {"Running": self.code is None, "ExitCode": self.code, "Pid": self.pid}


@asynccontextmanager
async def daemon(tmp_path, behave):
    """The way to connect to it."""
    path = str(tmp_path / "d.sock")
    talks: list[asyncio.Task[None]] = []

    async def talk(reader, writer):
        talks.append(cast("asyncio.Task[None]", asyncio.current_task()))
        try:
            await behave(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_unix_server(talk, path)
    try:
        yield to_path(path)
    finally:
        server.close()
        for task in talks:
            task.cancel()
        await asyncio.gather(*talks, return_exceptions=True)
