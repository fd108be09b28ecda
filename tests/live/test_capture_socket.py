"""The capture socket: who gets in, every frame once, what was left out, and the end."""

import asyncio
import time
from types import SimpleNamespace
from typing import Any

import pytest

from explorer.live import capture as module
from explorer.network.packets.captured import Frame
from explorer.sandboxes.events import CaptureFacts, capture_key, captures_key
from tests.live.test_terminal_socket import soon
from tests.network.test_captured import PING

pytestmark = pytest.mark.django_db(transaction=True)
FRAME = Frame(5_000_000_000, "in", len(PING), PING)


@pytest.fixture
def capture(world, redis):
    """A capture that has ended, with two frames and a gap between them."""
    facts = CaptureFacts(id="c1", place="h1/web", interface="eth0", running=False, kept=2, left_out=9)
    redis.hset(captures_key(world.id), "c1", facts.model_dump_json())
    key = capture_key(world.id, "c1")
    redis.xadd(key, {"f": FRAME.pack()}, id="1-0")
    redis.xadd(key, {"g": 9}, id="1-1")
    redis.xadd(key, {"f": b"no frame"}, id="2-0")
    redis.xadd(key, {"f": FRAME.pack()}, id="3-0")
    redis.xadd(key, {"x": "You stopped it."}, id="3-1")
    return f"/ws/capture/c1/?sandbox={world.id}"


async def test_frames_then_the_end(opens, capture, learner):
    socket = await opens(capture, learner).opened()
    rows = (await socket.until("captured"))["rows"]
    assert [row.get("number", f"-{row.get('left_out')}") for row in rows] == [1, "-9", 3]
    assert "ping request" in rows[0]["summary"]
    assert (await socket.until("capture_ended"))["reason"] == "You stopped it."
    assert await socket.closed() == 1000


async def test_a_stranger_and_an_unknown_sandbox_get_the_same_answer(opens, capture, stranger):
    for address in (capture, "/ws/capture/c1/?sandbox=zzzzzzzzzzzz"):
        socket = opens(address, stranger)
        await socket.connect()
        assert await socket.closed() == 4403


async def test_one_of_another_sandbox_is_unknown(opens, world, learner, monkeypatch):
    monkeypatch.setattr("explorer.live.capture.APPEARS_SECONDS", 0.2)
    socket = await opens(f"/ws/capture/c9/?sandbox={world.id}", learner).opened()
    assert (await socket.until("refused"))["code"] == "unknown_capture"
    assert await socket.closed() == 4403


async def test_a_wish_becomes_an_order(opens, world, learner):
    socket = await opens(world.address, learner).opened()
    await socket.send_to('{"type":"start_capture","place":"h1","interface":"eth0","expression":"arp"}')
    begun = (await socket.until("capture_begun"))["capture"]
    await socket.send_to(f'{{"type":"stop_capture","capture":"{begun}"}}')
    await socket.send_to('{"type":"start_capture","place":"h1","interface":"eth0","expression":"' + "x" * 501 + '"}')
    assert (await socket.until("refused"))["code"] == "malformed"
    start, stop = world.orders()
    assert (start["type"], start["about"], start["expression"]) == ("start_capture", begun, "arp")
    assert (stop["type"], stop["about"]) == ("stop_capture", begun)


async def test_permission_is_asked_again_although_frames_come_without_a_pause(monkeypatch):
    """A reader that is always a little behind never waits for frames."""

    class Subscription:
        left = 2000

        async def next(self):
            self.left -= 1
            return [] if self.left else [None]

    async def subscribe(*asked):
        return Subscription()

    async def nothing(*asked): ...

    async def carry(entries):
        until = time.monotonic() + 0.0005
        while time.monotonic() < until:
            pass
        return bool(entries)

    asked = []

    async def allowed():
        asked.append(1)

    monkeypatch.setattr(module, "RECHECK_SECONDS", 0.1)
    socket: Any = object.__new__(module.CaptureSocket)
    socket.capture, socket.sandbox = "c1", SimpleNamespace(pk="sb")
    socket.hub = SimpleNamespace(subscribe=subscribe, leave=lambda subscription: None)
    socket.find = socket.begin = socket.follow = nothing
    socket.carry, socket.allowed = carry, allowed
    await socket.flow()
    assert len(asked) >= 2


class Tired:
    """Redis that does not answer the first question."""

    def __init__(self):
        self.asked = 0

    async def set(self, *words, **named):
        self.asked += 1
        if self.asked == 1:
            raise ConnectionError("away for a moment")


async def test_a_short_trouble_of_redis_does_not_make_a_follower_forgotten(monkeypatch):
    monkeypatch.setattr(module, "FOLLOWED_SECONDS", 0.03)
    socket: Any = object.__new__(module.CaptureSocket)
    socket.capture, socket.sandbox, socket.hub = "c1", SimpleNamespace(pk="sb"), SimpleNamespace(redis=Tired())
    following = asyncio.create_task(socket.follow())
    await soon(lambda: socket.hub.redis.asked > 2 or following.done())
    assert not following.done()
    following.cancel()


async def test_a_reader_that_never_began_is_no_follower():
    async def refuse(*asked):
        raise ConnectionError("away")

    async def nothing(*asked): ...

    socket: Any = object.__new__(module.CaptureSocket)
    socket.capture, socket.sandbox = "c1", SimpleNamespace(pk="sb")
    socket.hub = SimpleNamespace(redis=Tired(), subscribe=refuse)
    socket.find = socket.begin = nothing
    before = asyncio.all_tasks()
    with pytest.raises(ConnectionError):
        await socket.flow()
    assert asyncio.all_tasks() == before
