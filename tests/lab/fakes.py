"""Daemons on a unix socket, named by how they misbehave."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import cast

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
