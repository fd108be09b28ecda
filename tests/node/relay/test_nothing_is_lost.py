"""Orders from the page to the relay (page → socket → stream → relay), and what is seen the same way back.

The edge and the relay are the real ones, over a real Redis; only the lab's observer and its terminals are stood in for. In
between the relay is restarted, the stream is trimmed, Redis begins anew, a page goes away, and queues are full.
"""

import asyncio
import json
import os
import time

import pytest
from asgiref.sync import sync_to_async

from explorer.node.relay import process, sandbox_watch
from explorer.node.relay.process import Relay
from explorer.sandboxes import orders as orders_module
from explorer.sandboxes import streams
from explorer.sandboxes.events import captures_key, events_key, snapshot_key, terminal_key, terminals_key
from explorer.sandboxes.models import Sandbox
from explorer.sandboxes.orders import CloseTerminal, LookAgain, MeasureGrid, OpenTerminal, Order, TypeInTerminal, orders_key
from tests.attacks import attack
from tests.live.conftest import learner, opens, sandbox, world  # noqa: F401
from tests.node.relay.test_process import Eyes, no_shells, until
from tests.node.relay.test_terminals import Echo

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def stand_ins(monkeypatch):
    Eyes.made, Eyes.broken, Eyes.tries = {}, set(), 0
    shells = []

    async def opening(*_):
        shells.append(Echo())
        return shells[-1]

    monkeypatch.setattr(sandbox_watch, "Observer", Eyes)
    monkeypatch.setattr(process, "end_shells", no_shells)
    monkeypatch.setattr("explorer.node.relay.one_shell.Terminal.open", opening)
    return shells


class Node:
    """A relay that can be stopped and started again."""

    def __init__(self):
        self.relay = self.task = None

    def start(self):
        self.relay = Relay()
        self.task = asyncio.create_task(self.relay.run())

    async def stop(self):
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    async def restart(self):
        await self.stop()
        self.start()


@pytest.fixture
async def node(redis, run_dir, settings):
    settings.NODE_NAME = "node1"
    made = Node()
    made.start()
    yield made
    await made.stop()


@pytest.fixture
async def seen(node, world):  # noqa: F811
    """The sandbox is seen by the relay; what it shows."""
    return await until(lambda: Eyes.made.get(world.id) and world.redis.exists(snapshot_key(world.id)) and Eyes.made[world.id])


class Page:
    """Folds what its socket tells, as the page's store does: every number once, none left out."""

    def __init__(self, opens, world, learner):  # noqa: F811
        self.opens, self.world, self.learner = opens, world, learner
        self.number, self.places, self.resyncs, self.heard = 0, {}, 0, []

    async def open(self):
        since = f"?since={self.number}" if self.number else ""
        self.socket = await self.opens(self.world.address + since, self.learner).opened()
        return self

    async def hear(self, seconds=0.3):
        """What comes within so long. The queue is looked into: asked with a time limit, the socket would be ended by it."""
        await asyncio.sleep(seconds)
        while not self.socket.output_queue.empty():
            message = self.socket.output_queue.get_nowait()
            if message["type"] == "websocket.close":
                await self.open()
            else:
                self.fold(json.loads(message["text"]))

    def fold(self, message):
        kind, number = message["type"], message.get("number", 0)
        self.heard.append(kind)
        if kind == "snapshot_taken":
            self.resyncs += message["resync"]
            self.number = max(number, message["snapshot"]["number"])
            self.places = {name: dict(place["views"]) for name, place in message["snapshot"]["places"].items()}
            return
        if number:
            assert number == self.number + 1, "a number was left out or came twice"
            self.number = number
        if kind == "place_seen":
            self.places[message["place"]["id"]] = dict(message["place"]["views"])
        elif kind == "place_gone":
            self.places.pop(message["place"])
        elif kind == "view_changed":
            self.places[message["place"]][message["view"]] = message["observation"]

    def shows(self, place="h1"):
        return [line["text"] for line in self.places[place]["interfaces"]["lines"]]


@pytest.fixture
async def tab(seen, opens, world, learner):  # noqa: F811
    return await Page(opens, world, learner).open()


async def hear_until(tab, lines, seconds=15.0):
    end = time.monotonic() + seconds
    while "h1" not in tab.places or tab.shows() != lines:
        assert time.monotonic() < end, f"{tab.places.keys()} {tab.heard[-9:]}"
        await tab.hear(0.02)


# --- what is seen, on its way to the page ---


async def test_every_change_reaches_the_page_once_and_in_order(seen, tab):
    for number in range(5):
        await seen.show("lo", f"veth{number}")
        await hear_until(tab, ["lo", f"veth{number}"])
    assert tab.heard.count("view_changed") == 5
    assert tab.resyncs == 0


async def test_a_flood_ends_with_the_truth_and_no_number_is_left_out(seen, tab):
    for number in range(1_000):
        await seen.show("lo", f"veth{number}")
    await hear_until(tab, ["lo", "veth999"])


async def test_a_relay_that_restarts_goes_on_with_the_numbers_and_the_truth(node, seen, tab, world):  # noqa: F811
    await seen.show("lo", "before")
    await hear_until(tab, ["lo", "before"])
    number = tab.number
    await node.restart()
    again = await until(lambda: Eyes.made[world.id] is not seen and Eyes.made[world.id])
    await until(lambda: streams.read_since(world.redis, world.id, number).events)
    await again.show("lo", "after")
    await hear_until(tab, ["lo", "after"])
    assert tab.number > number


async def test_a_page_that_was_away_hears_what_it_missed(seen, tab, world):  # noqa: F811
    await tab.hear()
    await tab.socket.disconnect()
    for number in range(3):
        await seen.show("lo", f"veth{number}")
        await until(lambda number=number: f"veth{number}" in repr(streams.read_since(world.redis, world.id).events[-3:]))
    await tab.open()
    await hear_until(tab, ["lo", "veth2"])
    assert tab.heard.count("snapshot_taken") == 1
    assert tab.heard.count("view_changed") == 3


def last_in(world):  # noqa: F811
    return streams.read_since(world.redis, world.id).last


async def test_a_page_whose_place_was_trimmed_is_told_everything_anew(seen, tab, world):  # noqa: F811
    await tab.hear()
    await tab.socket.disconnect()
    world.publish_many(3)
    for number in range(3):
        await seen.show("lo", f"veth{number}")
        await asyncio.sleep(0.1)
    kept = await until(lambda: snapshot if "veth2" in (snapshot := world.redis.get(snapshot_key(world.id)).decode()) else "")
    await until(
        lambda: last_in(world) == json.loads(world.redis.get(snapshot_key(world.id)))["number"] >= json.loads(kept)["number"]
    )
    world.redis.xtrim(events_key(world.id), maxlen=1, approximate=False)
    await tab.open()
    await hear_until(tab, ["lo", "veth2"])
    assert tab.resyncs == 1


async def test_redis_that_begins_anew_is_told_everything_anew(seen, tab, world, monkeypatch):  # noqa: F811
    monkeypatch.setattr(sandbox_watch, "FRESH_EVERY", 0.05)
    await seen.show("lo", "kept")
    await hear_until(tab, ["lo", "kept"])
    world.redis.flushall()
    await until(lambda: world.redis.exists(snapshot_key(world.id)))
    await seen.show("lo", "kept", "new")
    await hear_until(tab, ["lo", "kept", "new"])
    assert tab.heard.count("snapshot_taken") == 2


async def test_a_page_that_takes_nothing_for_long_reads_on_from_the_stream(seen, tab, world, monkeypatch):  # noqa: F811
    monkeypatch.setattr("explorer.live.feed.QUEUE_ENTRIES", 4)
    await tab.hear()
    texts = [f"event {number}" for number in range(120)]
    for text in texts:
        await asyncio.to_thread(world.publish, text)
    await seen.show("lo", "last")
    await hear_until(tab, ["lo", "last"])
    assert tab.heard.count("happened") >= len(texts)
    assert tab.resyncs == 0


# --- orders, on their way to the relay ---


def give(world, about, wish):  # noqa: F811
    assert streams.give_order(world.redis, "node1", Order(sandbox=world.id, about=about, wish=wish))


def said(world, terminal="t1"):  # noqa: F811
    return b"".join(fields.get(b"d", b"") for _, fields in world.redis.xrange(terminal_key(terminal)))


async def test_what_is_typed_on_a_page_is_said_by_its_shell(seen, tab, opens, world, learner):  # noqa: F811
    await tab.socket.send_to('{"type":"open_terminal","place":"h1"}')
    terminal = (await tab.socket.until("terminal_opened"))["terminal"]
    await until(lambda: world.redis.hexists(terminals_key(world.id), terminal))
    socket = await opens(world.terminal_address(terminal), learner).opened()
    for byte in range(256):
        await socket.send_to(bytes([byte]))
    await until(lambda: len(said(world, terminal)) == 256)
    assert said(world, terminal) == bytes(range(256))


@attack("typed keys, looked for in Redis", origin="web process", expected="refused", held_by="orders are deleted when read")
async def test_what_was_typed_is_kept_nowhere_but_on_the_screen(seen, tab, opens, world, learner):  # noqa: F811
    """A program that asks for a password reads without echo. Here the shell says what it reads, to wait for it."""
    await tab.socket.send_to('{"type":"open_terminal","place":"h1"}')
    terminal = (await tab.socket.until("terminal_opened"))["terminal"]
    await until(lambda: world.redis.hexists(terminals_key(world.id), terminal))
    socket = await opens(world.terminal_address(terminal), learner).opened()
    await socket.send_to(b"hunter2-zq9vX")
    await until(lambda: said(world, terminal) == b"hunter2-zq9vX")

    def kept_in():
        return {key for key in world.redis.scan_iter() if b"hunter2" in contents(world.redis, key)}

    assert b"hunter2" in contents(world.redis, terminal_key(terminal).encode())  # it would be found
    await until(lambda: kept_in() == {terminal_key(terminal).encode()})


def contents(redis, key):
    kind = redis.type(key)
    if kind == b"stream":
        return b"".join(value for _, fields in redis.xrange(key) for value in fields.values())
    if kind == b"hash":
        return b"".join(redis.hgetall(key).values())
    if kind == b"list":
        return b"".join(redis.lrange(key, 0, -1))
    return redis.get(key) if kind == b"string" else b"".join(map(bytes, redis.zrange(key, 0, -1))) if kind == b"zset" else b""


async def test_a_thousand_orders_are_carried_out_once_each_and_in_order(seen, world, stand_ins):  # noqa: F811
    give(world, "t1", OpenTerminal(place="h1"))
    await until(lambda: stand_ins)
    words = [f"{number:4}".encode() for number in range(1_000)]
    for word in words:
        give(world, "t1", TypeInTerminal(data=word))
    await until(lambda: len(said(world)) == 4_000)
    assert said(world) == b"".join(words)


async def test_an_order_given_while_no_relay_is_there_is_carried_out_when_one_comes(node, seen, world, stand_ins):  # noqa: F811
    await node.stop()
    give(world, "t1", OpenTerminal(place="h1"))
    give(world, "t1", TypeInTerminal(data=b"hello"))
    node.start()
    await until(lambda: said(world) == b"hello")
    assert len(stand_ins) == 1


async def test_an_order_that_is_old_when_a_relay_comes_is_not(node, seen, world, stand_ins):  # noqa: F811
    await node.stop()
    old = f"{int((time.time() - process.STALE_ORDERS - 60) * 1000)}-0"
    order = Order(sandbox=world.id, about="t1", wish=OpenTerminal(place="h1"))
    world.redis.delete(orders_key("node1"))
    world.redis.xadd(orders_key("node1"), {"m": order.model_dump_json()}, id=old)
    give(world, "t2", OpenTerminal(place="h1"))
    node.start()
    await until(lambda: world.redis.hexists(terminals_key(world.id), "t2"))
    assert not world.redis.hexists(terminals_key(world.id), "t1")


async def test_an_order_from_before_the_clock_was_set_back_is_not(node, seen, world, stand_ins):  # noqa: F811
    await node.stop()
    order = Order(sandbox=world.id, about="t1", wish=OpenTerminal(place="h1"))
    in_an_hour = f"{int((time.time() + 3600) * 1000)}-0"
    world.redis.xadd(orders_key("node1"), {"m": order.model_dump_json()}, id=in_an_hour)
    node.start()
    await until(lambda: node.relay.rows_read)
    await asyncio.sleep(0.1)  # the relay asks for the newest order, then waits for newer ones
    give(world, "t2", OpenTerminal(place="h1"))
    await until(lambda: world.redis.hexists(terminals_key(world.id), "t2"))
    assert not world.redis.hexists(terminals_key(world.id), "t1")


async def test_an_order_that_an_earlier_relay_carried_out_is_not_carried_out_again(node, seen, world, stand_ins):  # noqa: F811
    give(world, "t1", OpenTerminal(place="h1"))
    await until(lambda: stand_ins)
    await node.restart()
    give(world, "t2", OpenTerminal(place="h1"))
    await until(lambda: len(stand_ins) == 2)
    await until(lambda: world.redis.hexists(terminals_key(world.id), "t2"))
    opened = {name: json.loads(facts)["open"] for name, facts in world.redis.hgetall(terminals_key(world.id)).items()}
    assert opened == {b"t1": False, b"t2": True}


async def test_an_order_for_a_sandbox_that_is_not_seen_yet_waits_for_it(redis, node, world, stand_ins, monkeypatch):  # noqa: F811
    """Its observer cannot bear to look at first, as after a defect; the orders given meanwhile are not lost."""
    await until(lambda: Eyes.made.get(world.id))
    Eyes.broken.add(world.id)
    await node.restart()
    await until(lambda: Eyes.tries >= 2)
    await until(lambda: world.id not in node.relay.watches)
    give(world, "t1", OpenTerminal(place="h1"))
    await until(lambda: world.id in node.relay.early)
    Eyes.broken.clear()
    await until(lambda: world.redis.hexists(terminals_key(world.id), "t1"))


async def test_orders_that_wait_are_bounded_and_go_with_their_sandbox(node, world, monkeypatch):  # noqa: F811
    await until(lambda: node.relay.rows_read)
    await node.stop()
    relay = Relay()
    for number in range(process.EARLY + 50):
        relay._take(Order(sandbox=world.id, about=f"{number}", wish=MeasureGrid()).model_dump_json().encode())
    assert [order.about for order in relay.early[world.id]][:: process.EARLY - 1] == ["50", str(process.EARLY + 49)]
    await relay._turn_to({})
    assert relay.early == {}
    relay._take(Order(sandbox=world.id, wish=MeasureGrid()).model_dump_json().encode())
    assert relay.early == {}, "nobody waits for what no row wants"
    await relay.redis.aclose()


async def test_a_full_stream_of_orders_misses_the_oldest_and_says_nothing_false(redis, monkeypatch):
    monkeypatch.setattr(streams, "ORDERS_KEPT", 100)
    for number in range(500):
        streams.give_order(redis, "node1", Order(sandbox="s", about=f"{number}", wish=LookAgain()))
    left = [Order.model_validate_json(fields[b"m"]).about for _, fields in redis.xrange(orders_key("node1"))]
    assert 100 <= len(left) < 300
    assert left == [str(number) for number in range(500 - len(left), 500)]
    assert orders_module.ORDERS_KEPT == 20_000


# --- closing stops looking ---


def tasks_of_the_sandbox(name):
    return [task for task in asyncio.all_tasks() if name in task.get_name() or "SandboxWatch" in repr(task.get_coro())]


def descriptors():
    return len(os.listdir("/proc/self/fd"))


async def open_terminals(world, shells, *names):  # noqa: F811
    before = len(shells)
    for name in names:
        give(world, name, OpenTerminal(place="h1"))
    await until(lambda: len(shells) == before + len(names))


async def test_closing_lets_go_of_every_task_and_descriptor(node, seen, tab, world, stand_ins):  # noqa: F811
    """After it had a tab, a terminal and a capture that was asked for."""
    await tab.hear()
    await tab.socket.disconnect()
    await open_terminals(world, stand_ins, "a", "b", "c")  # connections to Redis are kept for the next that needs one
    for name in "abc":
        give(world, name, CloseTerminal(terminal=name))
    await until(lambda: not world.redis.exists(terminals_key(world.id)))
    quiet_tasks, quiet_descriptors = len(asyncio.all_tasks()), descriptors()
    await open_terminals(world, stand_ins, "d", "e", "f")
    assert len(asyncio.all_tasks()) > quiet_tasks
    await sync_to_async(Sandbox.objects.filter(pk=world.id).update)(state=Sandbox.State.CLOSING)
    give(world, "", LookAgain())
    await until(lambda: world.id not in node.relay.tasks and not tasks_of_the_sandbox(world.id))
    assert all(shell.closed for shell in stand_ins)
    assert (node.relay.watches, node.relay.early) == ({}, {})
    await until(lambda: len(asyncio.all_tasks()) < quiet_tasks)
    await until(lambda: descriptors() <= quiet_descriptors)
    assert not world.redis.exists(captures_key(world.id))


async def test_what_is_shown_after_closing_is_told_to_nobody(node, seen, world):  # noqa: F811
    await sync_to_async(Sandbox.objects.filter(pk=world.id).update)(state=Sandbox.State.CLOSING)
    give(world, "", LookAgain())
    await until(lambda: world.id not in node.relay.tasks)
    last = streams.read_since(world.redis, world.id).last
    await seen.show("lo", "late")
    await asyncio.sleep(0.2)
    assert streams.read_since(world.redis, world.id).last == last


async def test_a_relay_that_ends_leaves_no_task_behind(node, seen, world):  # noqa: F811
    before = asyncio.all_tasks()
    await node.stop()
    left = asyncio.all_tasks() & before
    left.discard(asyncio.current_task())
    assert not [task for task in left if "relay" in repr(task.get_coro()).lower() or world.id in task.get_name()]
