"""A request that does not come to its end is not waited for."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
import uvicorn
from uvicorn import config

from explorer.launch import uvicorn_web
from tests.attacks import attack


async def hello(scope, receive, send):
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"hi"})


@pytest.fixture
async def port(monkeypatch):
    monkeypatch.setattr(uvicorn_web, "HEAD_SECONDS", 0.3)
    monkeypatch.setattr(uvicorn_web, "BODY_SECONDS", 0.6)
    monkeypatch.setitem(config.HTTP_PROTOCOLS, "httptools", uvicorn_web.PROTOCOL)
    server = uvicorn.Server(uvicorn.Config(hello, port=0, http="httptools", lifespan="off", log_level="error"))
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
