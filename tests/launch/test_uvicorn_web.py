"""A request that does not come to its end is not waited for."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from pathlib import Path

import pytest
import uvicorn
from uvicorn import config

from explorer.launch import uvicorn_web
from tests.attacks import attack

BIG = bytes(20 * 2**20)


async def hello(scope, receive, send):
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "bytes": BIG})
        await send({"type": "websocket.close", "code": 1000})
    if scope["type"] != "http":
        return
    if scope["path"] == "/big":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(BIG))]})
        await send({"type": "http.response.body", "body": BIG})
        return
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"hi"})


@pytest.fixture
async def port(monkeypatch):
    monkeypatch.setattr(uvicorn_web, "HEAD_SECONDS", 0.3)
    monkeypatch.setattr(uvicorn_web, "BODY_SECONDS", 0.6)
    monkeypatch.setattr(uvicorn_web, "STUCK_SECONDS", 0.5)
    monkeypatch.setitem(config.HTTP_PROTOCOLS, "httptools", uvicorn_web.PROTOCOL)
    config_ = uvicorn.Config(hello, port=0, http="httptools", ws="websockets-sansio", lifespan="off", log_level="error")
    server = uvicorn.Server(config_)
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await running


HALVES = {
    "nothing": b"",
    "half a line": b"GET /teach/ HT",
    "half the headers": b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ye",
    "half a body": b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf",
}


@attack("{half} of a request, kept for ever", origin="page", expected="ended", held_by="a time for each part of a request")
@pytest.mark.parametrize("half", HALVES)
async def test_half_a_request_is_let_go(port, half):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HALVES[half])
    assert await asyncio.wait_for(reader.read(), 20) == b""
    writer.close()


async def test_drops_of_a_request_do_not_prolong_it(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\n")
    with contextlib.suppress(ConnectionError):
        for number in range(500):
            writer.write(b"X-%d: y\r\n" % number)
            await writer.drain()
            if reader.at_eof():
                break
            await asyncio.sleep(0.05)
    assert reader.at_eof()


async def test_whole_requests_on_one_connection_are_answered_however_long_it_lasts(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(3):
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert (await reader.readuntil(b"hi")).startswith(b"HTTP/1.1 200")
        await asyncio.sleep(0.4)
    writer.close()


UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n"
)
ASKS = {"a page": b"GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n", "a websocket": UPGRADE}


def ask(port, what, room):
    """A connection whose kernel keeps little of what was not read."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
    client.connect(("127.0.0.1", port))
    client.sendall(ASKS[what])
    return client


def theirs(client):
    """Whether the server still has its end."""
    here, there = client.getsockname()[1], client.getpeername()[1]
    lines = Path("/proc/net/tcp").read_text().splitlines()
    return any(f":{there:04X} " in line and f":{here:04X} 01 " in line for line in (line[:45] for line in lines[1:]))


@attack(
    "{what} that is asked for and not read",
    origin="page",
    expected="ended",
    held_by="a time in which a client must take something",
)
@pytest.mark.parametrize("what", ASKS)
async def test_a_client_that_reads_nothing_is_let_go(port, what):
    with contextlib.closing(ask(port, what, 4096)) as client:
        await asyncio.sleep(0.2)
        assert theirs(client)
        async with asyncio.timeout(10):
            while theirs(client):  # noqa: ASYNC110
                await asyncio.sleep(0.1)


@pytest.mark.parametrize("what", ASKS)
async def test_a_client_that_reads_slowly_is_served_to_the_end(port, what):
    with contextlib.closing(ask(port, what, 256 * 1024)) as client:
        client.setblocking(False)
        loop, got = asyncio.get_running_loop(), 0
        async with asyncio.timeout(60):
            while got < len(BIG):
                await asyncio.sleep(0.02)
                some = await loop.sock_recv(client, 256 * 1024)
                assert some, f"cut off after {got} bytes"
                got += len(some)
