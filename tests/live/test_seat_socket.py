"""The websocket of a learner's pages in a class: what is told, presence, permission, a clean end."""

import asyncio
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from explorer.classroom import classes
from explorer.classroom.models import Class, Seat
from explorer.classroom.seat import changes
from explorer.classroom.tell import tell_class
from explorer.classroom.wall.lately import here_key
from explorer.classroom.wall.watching import watched_key
from explorer.live import messages
from explorer.live import seat as edge
from explorer.live.limits import SEAT_SOCKETS
from tests.people import klass, make_class, make_seat, seat, teacher

__all__ = ["klass", "seat", "teacher"]


@pytest.fixture
def connect(opens, valkey):
    async def connected(of, klass=None):
        return await opens(f"/ws/seat/{klass.pk if klass else of.klass_id}/", of.learner).opened()

    return connected


@sync_to_async
def tell(*whom):
    tell_class(*whom)


async def hears(socket, seconds=5):
    return (await socket.message(seconds))["type"] == "class_changed"


async def is_quiet(socket):
    return await socket.receive_nothing(timeout=0.4)


async def wait_here(redis, seat):
    """Until the socket listens."""
    for _ in range(100):
        if await sync_to_async(redis.exists)(here_key(seat.pk)):
            return
        await asyncio.sleep(0.02)
    raise AssertionError("nobody is here")


async def test_what_is_told_to_all_and_to_this_seat_is_heard(connect, klass, seat, redis):
    socket = await connect(seat)
    await wait_here(redis, seat)
    await tell(klass)
    assert await hears(socket)
    await tell(klass, seat)
    assert await hears(socket)


async def test_what_is_told_to_another_seat_is_not(connect, klass, seat, redis):
    socket = await connect(seat)
    await wait_here(redis, seat)
    await tell(klass, "another")
    assert await is_quiet(socket)


async def test_another_class_is_not_heard(connect, seat, teacher, redis):
    socket = await connect(seat)
    await wait_here(redis, seat)
    await tell(await sync_to_async(make_class)(teacher))
    assert await is_quiet(socket)


async def test_an_open_page_is_somebody_here(connect, seat, redis):
    await Seat.objects.aupdate(seen_at=timezone.now() - timedelta(minutes=5))
    await connect(seat)
    await wait_here(redis, seat)
    assert 0 < redis.ttl(here_key(seat.pk)) <= edge.HERE_SECONDS
    for _ in range(50):
        await seat.arefresh_from_db()
        if timezone.now() - seat.seen_at < timedelta(minutes=1):
            return
        await asyncio.sleep(0.05)
    raise AssertionError("not seen")


async def test_presence_is_renewed(connect, seat, redis, monkeypatch):
    monkeypatch.setattr(edge, "LOOK_EVERY", 0.1)
    await connect(seat)
    await wait_here(redis, seat)
    redis.delete(here_key(seat.pk))
    await wait_here(redis, seat)


async def test_a_watcher_who_vanished_is_noticed(connect, seat, redis, monkeypatch):
    monkeypatch.setattr(edge, "LOOK_EVERY", 0.1)
    redis.zadd(watched_key(seat.pk), {"socket": timezone.now().timestamp() + 60})
    socket = await connect(seat)
    await wait_here(redis, seat)
    redis.delete(watched_key(seat.pk))
    assert await hears(socket)


async def test_a_removed_seat_is_told_and_closed(connect, seat, teacher, redis):
    socket = await connect(seat)
    await wait_here(redis, seat)
    await sync_to_async(changes.remove_seat)(teacher, seat)
    assert await hears(socket)
    assert await socket.closed() == messages.GONE


async def test_the_end_of_the_class_is_told_and_closes(connect, seat, klass, teacher, redis):
    socket = await connect(seat)
    await wait_here(redis, seat)
    await sync_to_async(classes.end_class)(teacher, klass)
    assert await hears(socket)
    assert await socket.closed() == messages.GONE


async def test_so_does_its_time(connect, seat, redis, monkeypatch):
    monkeypatch.setattr(edge, "LOOK_EVERY", 0.1)
    socket = await connect(seat)
    await wait_here(redis, seat)
    await Class.objects.aupdate(ends_at=timezone.now() - timedelta(seconds=1))
    assert await hears(socket)
    assert await socket.closed() == messages.GONE


async def test_who_may_not(connect, opens, stranger, seat, klass, teacher, valkey):
    other = await sync_to_async(make_class)(teacher)
    theirs = await sync_to_async(make_seat)(other, "Eve")
    tries = [
        await opens(f"/ws/seat/{klass.pk}/", None).opened(),
        await opens(f"/ws/seat/{klass.pk}/", stranger).opened(),
        await connect(theirs, klass),
        await connect(seat, other),
    ]
    for socket in tries:
        assert await socket.closed() == messages.NOT_YOURS


async def test_nothing_is_asked_over_it(connect, seat):
    socket = await connect(seat)
    await socket.send_to('{"type":"open_terminal","place":"h1"}')
    assert (await socket.until("refused"))["code"] == "malformed"


async def test_so_many_tabs_and_no_more(connect, seat):
    for _ in range(SEAT_SOCKETS):
        await connect(seat)
    assert await (await connect(seat)).closed() == messages.TOO_MANY
