"""Tests whether a part is ready: each probe answers yes or no within about a second and does not raise."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import redis

from explorer.launch.state import publish_socket

Probe = Callable[[Path], Awaitable[bool]]  # the argument is the part's log
_A_MOMENT, _SOME_MOMENTS = 1.0, 3.0
_TAIL = 64 * 1024


async def _ask(connection: Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]], words: bytes) -> bytes:
    with contextlib.suppress(OSError, TimeoutError, ValueError):  # ValueError: a line without end
        async with asyncio.timeout(_A_MOMENT):
            reader, writer = await connection
            try:
                writer.write(words)
                return await reader.readline()
            finally:
                writer.close()
    return b""


def valkey_answers(made: Path, public: Path, owner: int) -> Probe:
    """Whether Valkey answers at `public`. It made its socket at `made`, where root does not connect: web could replace it."""

    async def probe(log: Path) -> bool:
        if not publish_socket(made, public, owner):
            return False
        return await _ask(asyncio.open_unix_connection(public), b"PING\r\n") == b"+PONG\r\n"

    return probe


def page_answers(host: str, port: int, path: str) -> Probe:
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()

    async def probe(log: Path) -> bool:
        return b" 200 " in await _ask(asyncio.open_connection(host, port), request)

    return probe


def says(word: str) -> Probe:
    """The part has written a line that starts with `word`."""

    async def probe(log: Path) -> bool:
        return any(line.startswith(word) for line in last_lines(log, 1000))

    return probe


def _ping(node: str, seconds: float) -> bool:
    from explorer.celery import app  # imported here to keep Celery and its tasks out of a supervisor that does not ask

    return bool(app.control.ping(destination=[node], timeout=seconds))


def task_worker_answers(node: str) -> Probe:
    def ping() -> bool:
        try:
            return _ping(node, 0.5)
        except Exception:  # any problem with the broker means “not ready”; the part's log says why
            return False

    async def probe(log: Path) -> bool:
        return await asyncio.to_thread(ping)

    return probe


def task_worker_lives(node: str, url: str) -> Probe:
    """Whether the worker answers within some seconds. Yes also while Redis does not: then the worker cannot."""

    def ping() -> bool:
        try:
            with redis.Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1) as client:
                client.ping()
            return _ping(node, _SOME_MOMENTS)
        except Exception:  # no answer of Redis is not the worker's fault
            return True

    async def probe(log: Path) -> bool:
        return await asyncio.to_thread(ping)

    return probe


def relay_listens(url: str) -> Probe:
    """Whether some client of Redis waits on a stream for orders, as a relay does."""

    def look() -> bool:
        try:
            with redis.Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1) as client:
                return any(str(each["cmd"]).startswith("xread") for each in client.client_list())
        except (redis.RedisError, OSError):
            return False

    async def probe(log: Path) -> bool:
        return await asyncio.to_thread(look)

    return probe


def last_lines(log: Path, count: int) -> list[str]:
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - _TAIL))
            return file.read().decode(errors="replace").splitlines()[-count:]
    except OSError:
        return []


def port_is_free(host: str, port: int) -> bool:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(found[0], found[1]) as one:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.bind(found[4])
    except OSError:
        return False
    return True
