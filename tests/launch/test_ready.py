"""Probes of readiness: each says yes or no, whatever answers on the other side."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket

import pytest

from explorer.launch import ready
from explorer.launch.ready import last_lines, page_answers, port_is_free, relay_listens, says, valkey_answers
from tests.redis_fixture import start_valkey


@pytest.fixture
def log(tmp_path):
    return tmp_path / "part.log"


@pytest.fixture
def serves():
    """Starts a server on a port, or on a path, that behaves like this. Returns the port."""
    servers = []

    @contextlib.asynccontextmanager
    async def serve(behave, path=None):
        tasks = set()

        async def talk(reader, writer):
            tasks.add(asyncio.current_task())
            with contextlib.suppress(ConnectionError):
                await behave(reader, writer)
            writer.close()

        server = await (asyncio.start_unix_server(talk, path) if path else asyncio.start_server(talk, "127.0.0.1", 0))
        servers.append(server)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    return serve


def saying(data):
    async def behave(reader, writer):
        await reader.read(100)
        writer.write(data)
        await writer.drain()

    return behave


async def silent(reader, writer):
    await asyncio.sleep(60)


async def hangs_up(reader, writer):
    pass


async def endless_line(reader, writer):
    while True:
        writer.write(b"x" * 65536)
        await writer.drain()


async def refuses_to_read(reader, writer):
    writer.transport.abort()


BAD = pytest.mark.parametrize(
    "behave", [silent, hangs_up, endless_line, refuses_to_read, saying(b"\0\xff\n"), saying(b"HTTP/1.1 503 Not yet\r\n")]
)


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(ready, "_A_MOMENT", 0.3)


async def test_a_page_that_answers_is_ready(serves, log):
    async with serves(saying(b"HTTP/1.1 200 OK\r\n\r\n")) as port:
        assert await page_answers("127.0.0.1", port, "/healthz")(log)


@BAD
async def test_a_page_that_does_anything_else_is_not(serves, log, behave):
    async with serves(behave) as port:
        assert not await page_answers("127.0.0.1", port, "/healthz")(log)


async def test_where_nobody_listens_nothing_is_ready(log, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        assert not await page_answers("127.0.0.1", free.getsockname()[1], "/")(log)
    assert not await valkey_answers(tmp_path / "none", tmp_path / "public", os.geteuid())(log)
    assert not await relay_listens(f"unix://{tmp_path / 'none'}")(log)


async def test_a_redis_that_answers_is_ready(tmp_path, log):
    with contextlib.ExitStack() as stack:
        process = start_valkey(tmp_path)
        stack.callback(process.wait)
        stack.callback(process.kill)
        assert await valkey_answers(tmp_path / "socket", tmp_path / "public", os.geteuid())(log)
        assert not await relay_listens(f"unix://{tmp_path / 'socket'}")(log), "nobody waits for orders"


@BAD
async def test_a_redis_that_does_anything_else_is_not(serves, log, behave, tmp_path):
    async with serves(behave, str(tmp_path / "s")):
        assert not await valkey_answers(tmp_path / "s", tmp_path / "public", os.geteuid())(log)


@pytest.mark.parametrize(("text", "said"), [("ready\n", True), ("x\nready to go\n", True), ("not ready\n", False), ("", False)])
async def test_a_word_at_the_beginning_of_a_line(log, text, said):
    log.write_text(text)
    assert await says("ready")(log) is said


async def test_a_log_that_is_not_there_says_nothing(log):
    assert not await says("ready")(log)


def test_of_a_log_the_end_is_read(log):
    log.write_bytes(b"first\n" + b"x" * 200_000 + b"\nlast \xff\n")
    assert last_lines(log, 1) == ["last \ufffd"]
    assert last_lines(log, 5)[0] != "first"


def test_whether_a_port_is_free():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert not port_is_free("127.0.0.1", taken.getsockname()[1])
        free = taken.getsockname()[1]
    assert port_is_free("127.0.0.1", free)
    assert not port_is_free("no such host.invalid", 80)
