"""The wall's socket: who may, the whole picture and then differences, one reader for all, nothing of another class."""

import asyncio
import json
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from explorer.classroom.wall.lately import here_key
from explorer.classroom.wall.tiles import fold
from explorer.live import messages, wall_reader
from explorer.live.hub import get_hub
from explorer.live.limits import WALL_SOCKETS
from explorer.sandboxes.models import Progress
from tests.live.classroom import *  # noqa: F403
from tests.live.classroom import change, make_class, make_seat

pytestmark = pytest.mark.django_db(transaction=True)
arrive = sync_to_async(make_seat)


@pytest.fixture(autouse=True)
def _brisk(monkeypatch):
    monkeypatch.setattr(wall_reader, "EVERY", 0.1)
    monkeypatch.setattr(wall_reader, "LEAST_REST", 0.05)


def address(klass):
    return f"/ws/wall/{klass.pk}/"


async def until(socket, test):
    """The picture once it is so, folded as the page does; and the counts told last."""
    picture, counts = {}, {}
    while not (picture and test(picture)):
        message = await socket.until("wall")
        picture = fold({} if message.get("whole") else picture, message["tiles"])
        counts = message.get("counts", counts)
    return picture, counts


# --- who gets in ---


async def test_the_instructor_and_an_operator_see_it(opens, klass, seat, teacher, operator):
    for user in (teacher, operator):
        picture, counts = await until(await opens(address(klass), user).opened(), bool)
        assert picture[seat.pk]["n"] == "Ana"
        assert counts["all"] == 1


async def test_nobody_else_does(opens, klass, seat, other_teacher, nobody):
    for who in (other_teacher, nobody, seat.learner, None):
        socket = opens(address(klass), who)
        await socket.connect()
        assert await socket.closed() == messages.NOT_YOURS


async def test_an_unknown_class_gets_the_same_answer(opens, klass, teacher):
    socket = opens("/ws/wall/zzzzzzzzzzzz/", teacher)
    await socket.connect()
    assert await socket.closed() == messages.NOT_YOURS


async def test_a_class_that_is_over_has_no_live_wall(opens, klass, teacher):
    await change(klass, ends_at=timezone.now() - timedelta(seconds=1))
    socket = opens(address(klass), teacher)
    await socket.connect()
    assert await socket.closed() == messages.GONE


async def test_and_one_that_ends_meanwhile_is_closed(opens, klass, seat, teacher):
    socket = await opens(address(klass), teacher).opened()
    await until(socket, bool)
    await change(klass, state="ended")
    assert await socket.closed() == messages.GONE


async def test_who_loses_the_right_is_out_at_the_next_question(opens, klass, seat, teacher, monkeypatch):
    monkeypatch.setattr("explorer.live.wall.RECHECK_SECONDS", 0.2)
    socket = await opens(address(klass), teacher).opened()
    await sync_to_async(teacher.groups.clear)()
    assert await socket.closed() == messages.NOT_YOURS


async def test_too_many_tabs_are_refused(opens, klass, seat, teacher):
    for _ in range(WALL_SOCKETS):
        await opens(address(klass), teacher).opened()
    socket = opens(address(klass), teacher)
    await socket.connect()
    assert await socket.closed() == messages.TOO_MANY


async def test_nothing_may_be_said_to_it(opens, klass, seat, teacher):
    socket = await opens(address(klass), teacher).opened()
    await socket.send_to('{"type": "ack", "offset": 1}')
    assert (await socket.until("refused"))["code"] == "malformed"


# --- what is told ---


async def test_a_tick_is_told_and_nothing_else(opens, klass, seat, teacher):
    await arrive(klass, "Ben")
    socket = await opens(address(klass), teacher).opened()
    await until(socket, bool)
    await Progress.objects.acreate(learner=seat.learner, lesson="bridge", passed={"start": ["a"]})
    message = await socket.until("wall")
    assert list(message["tiles"]) == [seat.pk]
    assert message["tiles"][seat.pk]["p"] == 1
    assert "n" not in message["tiles"][seat.pk]


async def test_help_presence_and_the_last_event(opens, klass, seat, seated, teacher, redis):
    socket = await opens(address(klass), teacher).opened()
    await until(socket, bool)
    redis.set(here_key(seat.pk), 1)
    seated.publish("container web started")
    await change(seat, help_at="now")
    tile = {"h": 0, "q": 0, "e": ""}
    while not all(tile.values()):
        tile |= (await socket.until("wall"))["tiles"].get(seat.pk, {})
        tile = {key: tile[key] for key in "hqe"}
    assert tile["e"] == "container web started"


async def test_who_joins_appears_and_who_is_removed_goes(opens, klass, seat, teacher):
    socket = await opens(address(klass), teacher).opened()
    await until(socket, bool)
    ben = await arrive(klass, "Ben")
    assert (await socket.until("wall"))["tiles"][ben.pk]["n"] == "Ben"
    await change(ben, removed_at="now")
    assert (await socket.until("wall"))["tiles"] == {ben.pk: None}


async def test_never_a_tile_of_another_class(opens, klass, seat, teacher, other_teacher):
    other = await sync_to_async(make_class)(other_teacher)
    eve = await arrive(other, "Eve")
    ours = await opens(address(klass), teacher).opened()
    theirs = await opens(address(other), other_teacher).opened()
    await until(ours, bool)
    await until(theirs, bool)
    await change(eve, help_at="now")
    await change(seat, help_at="now")
    assert list((await ours.until("wall"))["tiles"]) == [seat.pk]
    assert list((await theirs.until("wall"))["tiles"]) == [eve.pk]


async def test_one_seat_alone(opens, klass, seat, teacher):
    ben = await arrive(klass, "Ben")
    socket = await opens(address(klass) + f"?seat={seat.pk}", teacher).opened()
    assert list((await socket.until("wall"))["tiles"]) == [seat.pk]
    await change(ben, help_at="now")
    await asyncio.sleep(0.5)
    await change(seat, help_at="now")
    assert list((await socket.until("wall"))["tiles"]) == [seat.pk]


async def test_a_seat_of_another_class_shows_nothing(opens, klass, teacher, other_teacher):
    eve = await arrive(await sync_to_async(make_class)(other_teacher), "Eve")
    socket = await opens(address(klass) + f"?seat={eve.pk}", teacher).opened()
    assert (await socket.until("wall"))["tiles"] == {}


async def test_the_folded_differences_are_what_a_new_page_is_given(opens, klass, seat, teacher):
    early = await opens(address(klass), teacher).opened()
    folded = {}
    for at in range(4):
        await arrive(klass, f"L{at}")
        await Progress.objects.aupdate_or_create(
            learner=seat.learner, lesson="bridge", defaults={"passed": {"x": ["a"] * (at + 1)}}
        )
        await asyncio.sleep(0.15)
    late = await opens(address(klass), teacher).opened()
    whole = (await late.until("wall"))["tiles"]
    while folded != whole:
        message = await early.until("wall")
        folded = fold({} if message.get("whole") else folded, message["tiles"])


# --- what it costs ---


async def test_one_reader_for_all_and_none_when_nobody_looks(opens, klass, seat, teacher, operator):
    sockets = [await opens(address(klass), user).opened() for user in (teacher, operator)]
    for socket in sockets:
        await until(socket, bool)
    assert list(get_hub().walls) == [klass.pk]
    task = get_hub().walls[klass.pk].task
    for socket in sockets:
        await socket.disconnect()
    await asyncio.wait_for(task, 2)
    assert get_hub().walls == {}


async def test_nothing_is_sent_while_nothing_happens(opens, klass, seat, teacher):
    socket = await opens(address(klass), teacher).opened()
    await until(socket, bool)
    assert await socket.receive_nothing(timeout=0.6)


async def test_when_it_cannot_be_read_that_is_said_and_it_goes_on(opens, klass, seat, teacher, monkeypatch):
    socket = await opens(address(klass), teacher).opened()
    await until(socket, bool)
    with monkeypatch.context() as broken:
        broken.setattr(wall_reader, "look_at_class", lambda *_: (_ for _ in ()).throw(OSError("gone")))
        assert (await socket.until("fresh"))["ok"] is False
    assert (await socket.until("fresh"))["ok"] is True


def test_a_message_is_small():
    tile = {"h": 1_700_000_000, "e": "docker run -d --name web -p 8080:80 box"}
    assert len(wall_reader.tell({"abcdefghjkmn": tile})) < 130
    assert json.loads(wall_reader.tell({}, whole=True)) == {"type": "wall", "tiles": {}, "whole": True}
