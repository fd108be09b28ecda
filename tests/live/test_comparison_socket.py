"""The websocket of a comparison: where everything stands, what moves, presence, permission, a clean end."""

import asyncio
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from explorer.live import comparison as edge
from explorer.live import messages
from explorer.live.limits import COMPARISON_SOCKETS
from explorer.network.comparison.spec import Spec
from explorer.sandboxes import columns, comparisons, streams
from explorer.sandboxes.events import EVENTS_KEPT, comparison_stream, events_key
from explorer.sandboxes.models import Column, Comparison, Node, Sandbox
from tests.asking import compare_for

State = Column.State


@pytest.fixture
def compared(learner, valkey, monkeypatch):
    monkeypatch.setattr("explorer.sandboxes.changes.app.send_task", lambda *_, **__: None)
    Node.objects.create(name="node1", seen_at=timezone.now(), capacity=4)
    return compare_for(learner, Spec(columns=("bridge", "host")))


def address(comparison):
    return f"/ws/comparison/{comparison.pk}/"


def column(key):
    return Column.objects.select_related("sandbox").get(key=key)


@sync_to_async
def move(key, **fields):
    columns.move(column(key), Column.UNFINISHED, **fields)


async def first(socket):
    """What is told at once: both columns, then the comparison."""
    return [await socket.message() for _ in range(3)]


async def test_it_begins_with_where_everything_stands(opens, learner, compared):
    await Column.objects.filter(key="host").aupdate(state="running", phase="asking", cells=3, version=7)
    bridge, host, whole = await first(await opens(address(compared), learner).opened())
    assert (bridge["type"], bridge["column"], bridge["state"], bridge["position"]) == ("column_moved", "bridge", "waiting", 1)
    assert (host["phase"], host["cells"], host["version"], host["position"]) == ("asking", 3, 7, None)
    assert (whole["type"], whole["state"]) == ("comparison_changed", "running")


async def test_then_every_move_is_told_once_and_in_order(opens, learner, compared):
    socket = await opens(address(compared), learner).opened()
    await first(socket)
    for phase in ("one", "two", "three"):
        await move("bridge", phase=phase)
    told = [await socket.message() for _ in range(3)]
    assert [message["phase"] for message in told] == ["one", "two", "three"]
    assert [message["number"] for message in told] == sorted({message["number"] for message in told})


async def test_what_happened_before_is_not_told_again(opens, learner, compared):
    await move("bridge", phase="before")
    socket = await opens(address(compared), learner).opened()
    assert (await first(socket))[0]["phase"] == "before"
    await move("bridge", phase="after")
    assert (await socket.message())["phase"] == "after"


async def test_when_it_is_done_the_socket_ends(opens, learner, compared):
    socket = await opens(address(compared), learner).opened()
    await first(socket)
    await move("bridge", state=State.DONE)
    await move("host", state=State.FAILED, reason="no")
    assert (await socket.until("comparison_changed"))["state"] == "done"
    assert await socket.closed() == messages.CLOSED_NORMALLY


async def test_when_the_stream_does_not_say_so_the_rows_do(opens, learner, compared, monkeypatch):
    monkeypatch.setattr(edge, "SEEN_EVERY", timedelta(seconds=0.1))
    socket = await opens(address(compared), learner).opened()
    await first(socket)
    await Comparison.objects.aupdate(state="done")
    assert (await socket.until("comparison_changed"))["state"] == "done"
    assert await socket.closed() == messages.CLOSED_NORMALLY


async def test_one_that_is_over_is_still_told_of(opens, learner, compared):
    await sync_to_async(comparisons.end_comparison)(compared)
    socket = await opens(address(compared), learner).opened()
    assert (await first(socket))[2]["state"] == "ended"
    assert await socket.closed() == messages.CLOSED_NORMALLY


async def test_it_is_its_learners_alone(opens, stranger, compared):
    for where, who in ((address(compared), stranger), (address(compared), None), ("/ws/comparison/unknown/", stranger)):
        socket = await opens(where, who).opened()
        assert await socket.closed() == messages.NOT_YOURS


async def test_taken_away_it_ends(opens, learner, compared, monkeypatch):
    monkeypatch.setattr(edge, "SEEN_EVERY", timedelta(seconds=0.1))
    socket = await opens(address(compared), learner).opened()
    await first(socket)
    await Comparison.objects.aupdate(learner=None)
    assert await socket.closed() == messages.NOT_YOURS


async def test_an_open_page_is_somebody_who_looks(opens, learner, compared, monkeypatch):
    monkeypatch.setattr(edge, "SEEN_EVERY", timedelta(seconds=0.1))
    long_ago = timezone.now() - timedelta(minutes=1)
    socket = await opens(address(compared), learner).opened()
    await first(socket)
    for _ in range(2):
        await Comparison.objects.aupdate(seen_at=long_ago)
        for _ in range(50):
            await compared.arefresh_from_db()
            if compared.seen_at > long_ago:
                break
            await asyncio.sleep(0.05)
        assert compared.seen_at > long_ago
    await socket.disconnect()
    await Comparison.objects.aupdate(seen_at=long_ago)
    await compared.arefresh_from_db()
    assert compared.seen_at == long_ago


async def test_a_page_that_is_busy_with_news_is_looked_at_too(opens, learner, compared, monkeypatch):
    monkeypatch.setattr(edge, "SEEN_EVERY", timedelta(seconds=0.2))
    socket = await opens(address(compared), learner).opened()
    await first(socket)
    long_ago = timezone.now() - timedelta(minutes=1)
    await Comparison.objects.aupdate(seen_at=long_ago)
    for turn in range(12):
        await move("bridge", phase=f"phase {turn}")
        assert (await socket.message())["phase"] == f"phase {turn}"
        await asyncio.sleep(0.05)
    await compared.arefresh_from_db()
    assert compared.seen_at > long_ago


async def test_nothing_is_asked_over_it(opens, learner, compared):
    socket = await opens(address(compared), learner).opened()
    await first(socket)
    await socket.send_to('{"type":"open_terminal","place":"h1"}')
    assert (await socket.until("refused"))["code"] == "malformed"


async def test_so_many_tabs_and_no_more(opens, learner, compared):
    for _ in range(COMPARISON_SOCKETS):
        await opens(address(compared), learner).opened()
    assert await (await opens(address(compared), learner).opened()).closed() == messages.TOO_MANY


async def test_a_stream_that_began_anew_is_told_from_the_rows(opens, learner, compared, redis):
    for turn in range(5):
        await move("bridge", phase=f"phase {turn}")
    socket = await opens(address(compared), learner).opened()
    await first(socket)
    await sync_to_async(redis.flushall)()
    await move("bridge", phase="anew")
    told = await socket.until("column_moved", seconds=10)
    assert told["phase"] == "anew"


async def test_its_sandboxes_cannot_be_entered(opens, learner, compared):
    sandbox = await Sandbox.objects.filter(comparison=compared).afirst()
    socket = await opens(f"/ws/sandbox/{sandbox.pk}/", learner).opened()
    assert await socket.closed() == messages.NOT_YOURS


def test_the_stream_is_bounded(compared, redis):
    for _ in range(EVENTS_KEPT + 50):
        streams.publish(redis, comparison_stream(compared.pk), columns.describe_comparison(compared))
    assert redis.xlen(events_key(comparison_stream(compared.pk))) == EVENTS_KEPT


def test_it_goes_when_it_is_over(compared, redis):
    key = events_key(comparison_stream(compared.pk))
    columns.tell(column("bridge").pk)
    assert redis.ttl(key) > streams.KEPT_AFTER_END
    comparisons.end_comparison(compared)
    assert 0 < redis.ttl(key) <= streams.KEPT_AFTER_END
