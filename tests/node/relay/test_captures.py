"""Captures as the relay keeps them: begun, carried to their stream, ended, bounded, and what is left after a restart."""

import asyncio
import time

import pytest

from explorer.lab.ask.capture import Batch
from explorer.lab.errors import BadFilter
from explorer.network.packets.captured import Frame
from explorer.node.relay import captures as captures_module
from explorer.node.relay.captures import FORSAKEN, MOST, RINGS, STOPPED, Captures
from explorer.sandboxes import captures, streams
from explorer.sandboxes.events import CaptureFacts, capture_key, captures_key, followed_key
from explorer.sandboxes.orders import StartCapture, StopCapture

FRAME = Frame(1, "in", 60, b"x" * 60)


class Ear:
    """Hears what a test says."""

    def __init__(self):
        self.taken = self.left_out = 0
        self.waiting, self.ended, self.closed = [], "", False

    def take(self):
        frames, self.waiting = tuple(self.waiting), []
        self.taken += len(frames)
        return Batch(frames, self.ended)

    def finish(self):
        self.left_out += 1  # something was still on its way

    def close(self):
        self.closed = True


async def until(true, seconds=5.0):
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends
        await asyncio.sleep(0.01)


@pytest.fixture
def ears():
    return {}


@pytest.fixture
async def desk(redis, ears):
    told = []

    async def tell(event):
        told.append(event)

    async def listen(place, interface, expression, bounds):
        if expression == "nonsense":
            raise BadFilter("This filter was not understood. tcpdump: syntax error")
        return ears.setdefault(interface, Ear())

    client = streams.redis_async()
    made = Captures(client, "sb", listen, tell)
    made.told = told  # type: ignore[attr-defined]
    yield made
    await made.end_all("over")
    await client.aclose()


def start(desk, name, expression="", ring=False):
    desk.start_capture(name, StartCapture(place="h1/web", interface=name, expression=expression, ring=ring))


async def begin(desk, ears, *names):
    for name in names:
        start(desk, name)
        await until(lambda name=name: name in ears)
    await until(lambda: desk.told and {one.id for one in desk.told[-1].captures} >= set(names))


async def test_frames_go_to_a_stream_of_their_own_and_are_read_back(desk, ears):
    await begin(desk, ears, "a")
    ears["a"].waiting = [FRAME] * 3
    await until(lambda: captures.find("sb", "a").kept == 3)
    desk.stop_capture("a", StopCapture(capture="a"))
    await until(lambda: not captures.find("sb", "a").running)
    facts = captures.find("sb", "a")
    assert (facts.reason, facts.kept, facts.left_out, ears["a"].closed) == (STOPPED, 3, 1, True)
    assert list(captures.read_frames("sb", "a")) == [FRAME] * 3
    assert captures.read_frame("sb", "a", 3) == FRAME
    assert captures.read_frame("sb", "a", 4) is None
    await until(lambda: not desk.tasks)
    assert not desk.stops


async def test_what_was_left_out_is_said_where_it_was(desk, ears, redis):
    await begin(desk, ears, "a")
    ears["a"].waiting = [FRAME]
    await until(lambda: captures.find("sb", "a").kept == 1)
    ears["a"].left_out = 9_000
    await until(lambda: captures.find("sb", "a").left_out == 9_000)
    ears["a"].waiting = [FRAME]
    await until(lambda: captures.find("sb", "a").kept == 2)
    ears["a"].ended = "It ended by itself."
    await until(lambda: not captures.find("sb", "a").running)
    kinds = [next(iter(fields)) for _, fields in redis.xrange(capture_key("sb", "a"))]
    assert kinds == [b"f", b"g", b"f", b"g", b"x"]


async def test_nonsense_is_told_and_costs_nothing_that_was_kept(desk, ears):
    for name in ("a", "b"):
        await begin(desk, ears, name)
        ears[name].ended = "It ended by itself."
        await until(lambda name=name: not captures.find("sb", name).running)
    start(desk, "c", "nonsense")
    await until(lambda: (found := captures.find("sb", "c")) and found.failed)
    assert "tcpdump: syntax error" in captures.find("sb", "c").reason
    assert captures.find("sb", "a")
    assert captures.find("sb", "b")


async def test_a_third_at_once_is_refused_and_a_third_later_replaces_the_oldest(desk, ears):
    await begin(desk, ears, "a", "b")
    start(desk, "c")
    await until(lambda: (found := captures.find("sb", "c")) and found.failed)
    assert f"{MOST} captures run" in captures.find("sb", "c").reason
    ears["a"].ended = "It ended by itself."
    await until(lambda: not captures.find("sb", "a").running)
    await begin(desk, ears, "d")
    assert captures.find("sb", "a") is None
    assert {one.id for one in desk.told[-1].captures if not one.failed} == {"b", "d"}


async def test_with_its_sandbox_it_ends_and_lets_go(desk, ears):
    await begin(desk, ears, "a")
    await desk.end_all("It ended with its sandbox.")
    assert captures.find("sb", "a").reason == "It ended with its sandbox."
    assert ears["a"].closed


async def test_one_of_an_earlier_relay_has_ended(desk, redis):
    redis.hset(captures_key("sb"), "old", CaptureFacts(id="old", place="h1", interface="eth0").model_dump_json())
    redis.xadd(capture_key("sb", "old"), {"f": FRAME.pack()}, id="1-0")
    await desk.remember()
    assert not captures.find("sb", "old").running
    assert "restarted" in captures.find("sb", "old").reason
    assert list(captures.read_frames("sb", "old")) == [FRAME]


async def test_a_ring_keeps_its_newest_frames_and_counts_all(desk, ears, redis, monkeypatch):
    monkeypatch.setattr(captures_module, "RING_FRAMES", 5)
    start(desk, "a", ring=True)
    await until(lambda: "a" in ears)
    for _ in range(3):
        ears["a"].waiting = [FRAME] * 4
        await until(lambda: not ears["a"].waiting)
    await until(lambda: captures.find("sb", "a").kept == 12)
    assert [int(one.split(b"-")[0]) for one, fields in redis.xrange(capture_key("sb", "a")) if b"f" in fields] == [
        8,
        9,
        10,
        11,
        12,
    ]
    assert captures.find("sb", "a").ring


async def test_a_ring_goes_on_while_somebody_follows_it_and_ends_after(desk, ears, redis, monkeypatch):
    monkeypatch.setattr(captures_module, "LONELY", 0.3)
    redis.set(followed_key("sb", "a"), 1)
    start(desk, "a", ring=True)
    await until(lambda: "a" in ears)
    await asyncio.sleep(1.0)
    assert captures.find("sb", "a").running
    redis.delete(followed_key("sb", "a"))
    await until(lambda: not captures.find("sb", "a").running)
    assert captures.find("sb", "a").reason == FORSAKEN
    assert ears["a"].closed


async def test_a_node_has_room_for_so_many_rings_and_an_ended_one_gives_its_room_back(desk, ears, monkeypatch):
    monkeypatch.setattr(captures_module, "rings", {f"other{number}" for number in range(RINGS - 1)})
    start(desk, "a", ring=True)
    await until(lambda: "a" in ears)
    start(desk, "b", ring=True)
    await until(lambda: (found := captures.find("sb", "b")) and found.failed)
    assert "run on this node already" in captures.find("sb", "b").reason
    ears["a"].ended = "It ended by itself."
    await until(lambda: len(captures_module.rings) == RINGS - 1)
