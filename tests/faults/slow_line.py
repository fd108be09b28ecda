"""A slow line before the site: it takes whatever a client sends, and reads from the server so many bytes per second."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

PIECES = 8  # per second
KEPT = 8 * 1024  # bytes that the line's own kernel may hold


@dataclass
class Line:
    """Looks like a site to `bench.learner`: `port` is the line's, forms go to the site itself."""

    port: int
    address: str
    rate: float  # bytes per second from the server; may be changed at any time


@asynccontextmanager
async def slow_line(port: int, address: str, rate: float) -> AsyncIterator[Line]:
    line = Line(0, address, rate)
    running: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        running.add(task)
        with socket.socket() as upstream:
            upstream.setblocking(False)
            upstream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, KEPT)
            sending: asyncio.Task[None] | None = None
            try:
                await asyncio.get_running_loop().sock_connect(upstream, ("127.0.0.1", port))
                sending = asyncio.create_task(_send(reader, upstream))
                await _receive(line, upstream, writer)
            except (OSError, asyncio.CancelledError):
                pass
            finally:
                if sending:
                    sending.cancel()
                writer.transport.abort()
                running.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    line.port = server.sockets[0].getsockname()[1]
    try:
        yield line
    finally:
        server.close()
        for task in list(running):
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _receive(line: Line, upstream: socket.socket, writer: asyncio.StreamWriter) -> None:
    while some := await asyncio.get_running_loop().sock_recv(upstream, max(1, int(line.rate / PIECES))):
        writer.write(some)
        await writer.drain()
        await asyncio.sleep(len(some) / line.rate)


async def _send(reader: asyncio.StreamReader, upstream: socket.socket) -> None:
    with suppress(OSError):
        while some := await reader.read(64 * 1024):
            await asyncio.get_running_loop().sock_sendall(upstream, some)
        upstream.shutdown(socket.SHUT_WR)
