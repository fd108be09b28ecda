"""The whole site behind the real server: what only a real socket shows."""

import asyncio
import json

import pytest
import requests
import websockets
from websockets.asyncio.client import connect

from explorer.live.limits import SOCKETS_OPEN
from tests.attacks import attack
from tests.live.conftest import cookie_of, frame

pytestmark = pytest.mark.django_db(transaction=True)


def dial(server, address, learner, origin=None, **more):
    origin = origin or f"http://{server}"
    return connect(f"ws://{server}{address}", origin=origin, additional_headers={"Cookie": cookie_of(learner)}, **more)


async def event(socket):
    while True:
        message = json.loads(await asyncio.wait_for(socket.recv(), 5))
        if message.get("number"):
            return message


@attack("a websocket from a page of another site", origin="page", expected="refused", held_by="exact origins")
async def test_a_foreign_origin_gets_no_handshake(server, world, learner):
    with pytest.raises(websockets.InvalidStatus) as refused:
        await dial(server, world.address, learner, "http://evil.example").__aenter__()
    assert refused.value.response.status_code == 403


async def test_a_refused_page_can_read_the_code_and_gets_nothing_else(server, world, stranger):
    async with dial(server, world.address, stranger) as socket:
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await asyncio.wait_for(socket.recv(), 5)
    assert closed.value.rcvd.code == 4403


async def test_delivers_and_continues(server, world, learner):
    world.publish_many(3)
    async with dial(server, world.address, learner) as socket:
        assert [(await event(socket))["number"] for _ in range(3)] == [1, 2, 3]
    world.publish_many(2)
    async with dial(server, world.address + "?since=3", learner) as socket:
        assert [(await event(socket))["number"] for _ in range(2)] == [4, 5]


@attack("a huge websocket message", origin="page", expected="contained", held_by="a limit of the message")
async def test_a_huge_message_ends_that_socket_only(server, world, learner):
    async with dial(server, world.address, learner) as other, dial(server, world.address, learner) as socket:
        await socket.send("x" * 20_000)
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await event(socket)
        assert closed.value.rcvd.code == 1009
        world.publish()
        assert (await event(other))["number"] == 1


@attack("a page that reads nothing", origin="page", expected="contained", held_by="a bounded queue for each socket")
async def test_a_page_that_reads_nothing_holds_up_nobody_and_loses_its_place_not_events(server, world, learner):
    """One tab stops reading while much is written; another tab gets everything at once, the first one when it reads on."""
    world.snapshot(0)
    async with dial(server, world.address, learner, max_queue=1) as slow, dial(server, world.address, learner) as quick:
        big = "x" * 200_000
        for index in range(40):
            await asyncio.to_thread(world.publish, f"{index} {big}")
        for number in range(1, 41):
            assert (await event(quick))["number"] == number
        for number in range(1, 41):
            assert (await event(slow))["number"] == number


async def test_a_terminal_over_the_wire(server, world, learner):
    world.terminal()
    world.print(b"$ ", 0)
    async with dial(server, world.address, learner) as page:
        await page.send('{"type": "ask_ticket", "terminal": "t1"}')
        while (given := json.loads(await asyncio.wait_for(page.recv(), 5)))["type"] != "ticket_given":
            pass
    offered = ["explorer", f"ticket.{given['ticket']}"]
    async with dial(server, world.terminal_address(), learner, subprotocols=offered) as socket:
        assert socket.subprotocol == "explorer"
        assert frame(await asyncio.wait_for(socket.recv(), 5)) == (0, b"$ ")
        await socket.send(b"\r")
        await asyncio.sleep(0.2)
    assert [order["data"] for order in world.orders()] == [b"\r"]


async def test_sockets_that_leave_are_forgotten(server, world, learner):
    for _ in range(5):
        async with dial(server, world.address, learner) as socket:
            await socket.recv()
    await asyncio.sleep(0.3)
    assert SOCKETS_OPEN.open.total() == 0


def test_healthz_over_the_wire(server):
    assert requests.get(f"http://{server}/healthz", timeout=5).json() == {"ok": True}


@attack("a static file outside the static root", origin="page", expected="refused", held_by="resolved paths")
def test_no_static_file_outside_the_static_root(server):
    for path in ("/static/../manage.py", "/static/%2e%2e/manage.py", "/static//etc/passwd", "/static/none.css"):
        request = requests.Request("GET", f"http://{server}").prepare()
        request.url = f"http://{server}{path}"
        assert requests.Session().send(request, timeout=5).status_code == 404


def test_the_script_for_other_sites_may_be_loaded_by_them_and_nothing_else_of_ours(server, tmp_path):
    from explorer.asgi import static_files

    (tmp_path / "embed-script.js").write_text("1")
    static_files.add(tmp_path, "/static/")
    policy = "cross-origin-resource-policy"
    assert requests.get(f"http://{server}/embed.js", timeout=5).headers[policy] == "cross-origin"
    assert requests.get(f"http://{server}/static/embed-script.js", timeout=5).headers[policy] == "same-origin"


def test_static_files_say_what_they_are_and_how_long_they_keep(server, tmp_path):
    from explorer.asgi import static_files

    (tmp_path / "app.0123456789ab.js").write_text("1")
    (tmp_path / "plain.css").write_text("a{}")
    static_files.add(tmp_path, "/static/")
    hashed = requests.get(f"http://{server}/static/app.0123456789ab.js", timeout=5)
    plain = requests.get(f"http://{server}/static/plain.css", timeout=5)
    assert (hashed.status_code, plain.status_code) == (200, 200)
    assert "immutable" in hashed.headers["Cache-Control"]
    assert "immutable" not in plain.headers["Cache-Control"]
    for response in (hashed, plain):
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert "Access-Control-Allow-Origin" not in response.headers
