import asyncio
import json
import time

import pytest
from asgiref.sync import sync_to_async

from explorer.network.differ import Change
from explorer.network.model import Interface, Line, Observation, Place
from explorer.node.relay import process, sandbox_watch
from explorer.node.relay.process import Relay
from explorer.node.relay.telling import GAP_SECONDS
from explorer.node.work import work
from explorer.sandboxes import life, past, progress, streams
from explorer.sandboxes.events import events_key, fresh_key, snapshot_key
from explorer.sandboxes.figures import figures
from explorer.sandboxes.models import Learner, Sandbox
from explorer.sandboxes.orders import LookAgain, OpenTerminal, Order, orders_key
from tests.asking import open_for

pytestmark = pytest.mark.django_db(transaction=True)


def seen(*names):
    return Observation(
        command="ip addr",
        lines=tuple(Line(text=name, key=name) for name in names),
        items=tuple(Interface(key=name, index=1, name=name, kind="veth", mtu=1500, state="UP") for name in names),
    )


class Eyes:
    """Stands in for the lab's observer. `broken` names sandboxes it cannot bear to look at; `blind` sees but is not alive."""

    made: dict[str, "Eyes"] = {}
    broken: set[str] = set()
    tries = 0

    def __init__(self, config, sandbox, generation, facts, witness, account):
        self.sandbox, self.generation, self.witness, self.blind = sandbox, generation, witness, False
        self.shown = seen("lo")
        Eyes.made[sandbox] = self

    async def run(self):
        Eyes.tries += 1
        if self.sandbox in Eyes.broken:
            raise ZeroDivisionError("nobody foresaw this")
        for name in ("h1", "outside"):
            await self.witness.place_seen(self.place(name, "lo"))
        await asyncio.Event().wait()

    def place(self, name, *interfaces):
        return Place(id=name, kind="host", host=name, name=name, views={"interfaces": seen(*interfaces)})

    async def show(self, *interfaces):
        place = self.place("h1", *interfaces)
        before, self.shown = self.shown, place.views["interfaces"]
        await self.witness.view_changed(Change(place, "interfaces", before, self.shown))

    def alive(self):
        return not self.blind

    async def probe(self, probes):
        return []


@pytest.fixture(autouse=True)
def eyes(monkeypatch):
    Eyes.made, Eyes.broken, Eyes.tries = {}, set(), 0
    monkeypatch.setattr(sandbox_watch, "Observer", Eyes)
    monkeypatch.setattr(process, "end_shells", no_shells)
    return Eyes


async def no_shells(*_):
    return 0


@pytest.fixture
async def running(redis, run_dir):
    task = asyncio.create_task(Relay().run())
    yield task
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def make(redis, engine, sent, node1):
    def made(lesson=""):
        sandbox = open_for(Learner.objects.create(), lesson=lesson)
        work.open_sandbox(sandbox.actions.get().pk)
        sandbox.refresh_from_db()
        return sandbox

    return sync_to_async(made)


async def until(condition, seconds=10.0):
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "waited in vain"
        await asyncio.sleep(0.01)
    return found


def events(redis, sandbox, kind):
    return [event for event in streams.read_since(redis, sandbox.pk).events if event.type == kind]


async def test_it_begins_with_a_whole_snapshot_and_goes_on_with_changes(running, make, redis, eyes):
    sandbox = await make()
    taken = (await until(lambda: events(redis, sandbox, "snapshot_taken")))[0]
    assert set(taken.snapshot.places) == {"h1", "outside"}
    await eyes.made[sandbox.pk].show("lo", "veth1")
    changed = (await until(lambda: events(redis, sandbox, "view_changed")))[0]
    assert changed.added == ("veth1",)
    await until(lambda: json.loads(redis.get(snapshot_key(sandbox.pk)))["number"] >= changed.number)
    kept = json.loads(redis.get(snapshot_key(sandbox.pk)))
    assert len(kept["places"]["h1"]["views"]["interfaces"]["items"]) == 2


async def test_fresh_means_seen(running, make, redis, eyes, monkeypatch):
    monkeypatch.setattr(sandbox_watch, "FRESH_EVERY", 0.05)
    sandbox = await make()
    await until(lambda: redis.exists(fresh_key(sandbox.pk)))
    eyes.made[sandbox.pk].blind = True
    await asyncio.sleep(0.1)
    redis.delete(fresh_key(sandbox.pk))
    await asyncio.sleep(0.2)
    assert not redis.exists(fresh_key(sandbox.pk))


async def test_ones_trouble_is_not_the_others(running, make, redis, eyes):
    sick = await make()
    eyes.broken.add(sick.pk)
    well = await make()
    await until(lambda: events(redis, well, "snapshot_taken"))
    await until(lambda: eyes.tries >= 3)
    eyes.broken.clear()
    await until(lambda: events(redis, sick, "snapshot_taken"))


async def test_a_reset_begins_anew(running, make, redis, eyes):
    sandbox = await make()
    await until(lambda: events(redis, sandbox, "snapshot_taken"))
    action = await sync_to_async(life.reset_sandbox)(sandbox)
    await sync_to_async(work.reset_sandbox)(action.pk)
    await until(lambda: [e for e in events(redis, sandbox, "snapshot_taken") if e.snapshot.generation == 2])
    assert eyes.made[sandbox.pk].generation == 2


async def test_closing_stops_looking(running, make, redis, eyes):
    sandbox = await make()
    await until(lambda: events(redis, sandbox, "snapshot_taken"))
    await sync_to_async(life.close_sandbox)(sandbox)
    before = len(asyncio.all_tasks())
    await until(lambda: len(asyncio.all_tasks()) < before)


async def test_redis_that_begins_anew_gets_a_snapshot_anew(running, make, redis, eyes, monkeypatch):
    monkeypatch.setattr(sandbox_watch, "FRESH_EVERY", 0.05)
    sandbox = await make()
    await until(lambda: redis.exists(snapshot_key(sandbox.pk)))
    last = streams.read_since(redis, sandbox.pk).last
    redis.flushall()
    again = await until(lambda: events(redis, sandbox, "snapshot_taken"))
    assert again[0].number == last + 1, "a page that heard the last one takes this for the next"
    await until(lambda: redis.exists(snapshot_key(sandbox.pk)))


async def test_orders_that_are_none_harm_nothing(running, make, redis, eyes, settings):
    sandbox = await make()
    await until(lambda: events(redis, sandbox, "snapshot_taken"))
    key = orders_key(settings.NODE_NAME)
    redis.xadd(key, {"m": b"\xff{"})
    redis.xadd(key, {"x": b""})
    redis.xadd(key, {"m": Order(sandbox="nobody", about="t", wish=OpenTerminal(place="h1")).model_dump_json()})
    streams.give_order(redis, settings.NODE_NAME, Order(sandbox=sandbox.pk, wish=LookAgain()))
    await eyes.made[sandbox.pk].show("lo", "x")
    await until(lambda: events(redis, sandbox, "view_changed"))
    assert not running.done()


class StoppedClock:
    """For what tells of changes no time passes until `now` is set on."""

    def __init__(self):
        self.now = time.monotonic()

    def __getattr__(self, name):
        return getattr(time, name)

    def monotonic(self):
        return self.now


async def test_a_flood_is_told_at_a_bounded_rate_and_ends_with_the_truth(running, make, redis, eyes, monkeypatch):
    sandbox = await make()
    await until(lambda: events(redis, sandbox, "snapshot_taken"))
    clock = StoppedClock()
    monkeypatch.setattr("explorer.node.relay.telling.time", clock)
    for n in range(2000):
        await eyes.made[sandbox.pk].show("lo", f"v{n}")
        if n % 100 == 0:
            await asyncio.sleep(0)
    await until(lambda: events(redis, sandbox, "view_changed"))
    await asyncio.sleep(2 * GAP_SECONDS)
    assert len(events(redis, sandbox, "view_changed")) == 1, "the next is told after a gap, and there was none"
    clock.now += GAP_SECONDS + 0.001
    await until(lambda: [e for e in events(redis, sandbox, "view_changed") if "v1999" in e.added])
    assert len(events(redis, sandbox, "view_changed")) == 2


async def test_a_lesson_moves_by_itself(running, make, redis, eyes):
    from explorer.lessons.load import load_lessons

    lesson = load_lessons()["start-here"]
    sandbox = await make("start-here")
    moved = (await until(lambda: events(redis, sandbox, "lesson_moved")))[0]
    assert (moved.lesson, moved.step) == ("start-here", lesson.steps[0].id)
    learner = await sync_to_async(lambda: Sandbox.objects.get(pk=sandbox.pk).learner)()
    await sync_to_async(progress.move_to_step)(learner, "start-here", lesson.steps[1].id)
    await until(lambda: [e for e in events(redis, sandbox, "lesson_moved") if e.step == lesson.steps[1].id])


async def test_a_lesson_is_judged_though_all_was_seen_before_the_first_snapshot_was_written(running, make, redis, monkeypatch):
    monkeypatch.setattr(sandbox_watch, "JUDGE_AFTER", 0.0)
    sandbox = await make("start-here")
    assert await until(lambda: events(redis, sandbox, "lesson_moved"))


async def test_whole_pictures_are_kept_along_the_stream(running, make, redis, eyes, monkeypatch):
    monkeypatch.setattr(past, "EVENTS_BETWEEN", 2)
    sandbox = await make()
    first = (await until(lambda: events(redis, sandbox, "snapshot_taken")))[0]
    for number in range(4):
        await eyes.made[sandbox.pk].show("lo", f"veth{number}")
        await until(lambda number=number: f"veth{number}" in repr(events(redis, sandbox, "view_changed")))
        await asyncio.sleep(0.3)
    last = await until(lambda: streams.read_since(redis, sandbox.pk).last)
    for entry in redis.xrange(events_key(sandbox.pk), max=f"{first.number}-0"):
        redis.xdel(events_key(sandbox.pk), entry[0])
    told = json.loads(past.read_past(redis, sandbox.pk, sandbox.generation, last))
    lines = [line["text"] for line in told["snapshot"]["places"]["h1"]["views"]["interfaces"]["lines"]]
    assert told["number"] > first.number
    assert lines[-1].startswith("veth")


async def test_how_late_a_change_is_in_the_stream_is_counted_for_operators(running, make, redis, eyes, monkeypatch):
    lags = []
    observe = lambda name, seconds, **labels: lags.append((name, seconds, labels))  # noqa: E731
    monkeypatch.setattr(figures, "observe", observe)
    sandbox = await make()
    await until(lambda: events(redis, sandbox, "snapshot_taken"))
    lags.clear()
    await eyes.made[sandbox.pk].show("lo", "veth1")
    await until(lambda: lags)
    name, seconds, labels = lags[-1]
    assert (name, labels) == ("explorer_event_lag_seconds", {"node": "node1"})
    assert seconds >= 0
    assert events(redis, sandbox, "view_changed")


async def test_a_change_that_is_seen_while_the_first_picture_is_written_is_counted_too(running, make, redis, eyes, monkeypatch):
    lags, real = [], streams.publish_prepared
    monkeypatch.setattr(figures, "observe", lambda name, seconds, **labels: lags.append(name))

    async def publish(redis, publication):
        written = await real(redis, publication)
        for eye in list(eyes.made.values()):
            monkeypatch.setattr(sandbox_watch, "publish_prepared", real)
            await eye.show("lo", "veth1")
        return written

    monkeypatch.setattr(sandbox_watch, "publish_prepared", publish)
    sandbox = await make()
    await until(lambda: events(redis, sandbox, "view_changed"))
    await until(lambda: "explorer_event_lag_seconds" in lags)
