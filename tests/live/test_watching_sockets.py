"""Watching a learner's sandbox: who may, only outwards, and a learner's terminals only as the class or the learner allows."""

import asyncio
import json

import pytest
from django.utils import timezone
from redis.exceptions import RedisError

from explorer.classroom.models import AuditEntry
from explorer.classroom.wall.watching import is_watched, watched_key
from explorer.live import messages, watching
from explorer.live.limits import SANDBOX_SOCKETS
from explorer.sandboxes import changes
from explorer.sandboxes.events import present_key, size_key
from explorer.sandboxes.models import Sandbox
from tests.attacks import attack
from tests.live.classroom import *  # noqa: F403
from tests.live.classroom import change
from tests.live.conftest import frame
from tests.live.test_terminal_socket import soon

pytestmark = pytest.mark.django_db(transaction=True)


def watch(world):
    return world.address + "?watch=1"


def watch_terminal(world, name="t1"):
    return world.terminal_address(name) + "&watch=1"


async def until_bytes(socket):
    while not isinstance(message := await socket.receive_from(), bytes):
        pass
    return frame(message)


@pytest.fixture
def shell(seated):
    """A terminal with a prompt, in a class that lets its instructor read."""
    seated.terminal()
    seated.print(b"$ ", 0)
    return seated


@pytest.fixture
def watchable(klass):
    klass.watchable = True
    klass.save()


@pytest.fixture
def invited(seat):
    seat.invited_at = timezone.now()
    seat.save()


# --- the sandbox ---


async def test_the_instructor_and_an_operator_are_told_what_the_learner_is_told(opens, seated, teacher, operator):
    for user in (teacher, operator):
        socket = await opens(watch(seated), user).opened()
        seated.publish("something")
        assert (await socket.until("happened"))["text"] == "something"


@attack(
    "watching a class of somebody else's",
    origin="page",
    expected="refused",
    held_by="permission asked for each object, before anything is told",
)
async def test_strangers_learners_and_other_instructors_are_refused(opens, seated, shell, seat, learner, other_teacher, nobody):
    addresses = (watch(seated), watch_terminal(shell), f"/ws/capture/c1/?sandbox={seated.id}&watch=1")
    for address in addresses:
        for who in (seat.learner, learner, other_teacher, nobody, None):
            socket = opens(address, who)
            await socket.connect()
            assert await socket.closed() == messages.NOT_YOURS


async def test_a_user_is_no_learner(opens, seated, teacher):
    socket = opens(seated.address, teacher)
    await socket.connect()
    assert await socket.closed() == messages.NOT_YOURS


async def test_a_sandbox_without_a_seat_is_for_operators(opens, world, teacher, operator):
    await opens(watch(world), operator).opened()
    socket = opens(watch(world), teacher)
    await socket.connect()
    assert await socket.closed() == messages.NOT_YOURS


@attack("acts of a watching page", origin="page", expected="refused", held_by="watching is reading")
async def test_what_a_watching_page_asks_for_is_refused(opens, seated, teacher):
    socket = await opens(watch(seated), teacher).opened()
    for wish in (
        {"type": "open_terminal", "place": "h1"},
        {"type": "measure_grid"},
        {"type": "close_terminal", "terminal": "t"},
    ):
        await socket.send_to(json.dumps(wish))
        assert (await socket.until("refused"))["code"] == "only_watching"
    assert seated.orders() == []


async def test_a_sandbox_that_changes_hands_is_not_watched_on(opens, seated, learner, teacher):
    socket = await opens(watch(seated), teacher).opened()
    await Sandbox.objects.filter(pk=seated.id).aupdate(learner=learner)
    await asyncio.to_thread(changes.tell, seated.id)
    assert await socket.closed() == messages.NOT_YOURS


async def test_ten_tabs_of_instructors_take_nothing_from_the_learner(opens, seated, seat, teacher, operator):
    for user in (teacher, operator):
        for _ in range(SANDBOX_SOCKETS):
            await opens(watch(seated), user).opened()
    for _ in range(SANDBOX_SOCKETS):
        await opens(seated.address, seat.learner).opened()
    socket = opens(watch(seated), teacher)
    await socket.connect()
    assert await socket.closed() == messages.TOO_MANY


async def test_a_learners_socket_asks_nothing_about_users(opens, seated, seat, monkeypatch):
    async def fail(self):
        raise AssertionError("a query that a learner's page must not cost")

    monkeypatch.setattr("explorer.live.edge.Edge.user", fail)
    socket = await opens(seated.address, seat.learner).opened()
    assert (await socket.message())["type"] == "sandbox_changed"


# --- terminals ---


@attack(
    "reading a terminal without leave",
    origin="page",
    expected="refused",
    held_by="permission asked for each object, before anything is told",
)
async def test_not_watchable_and_not_invited_is_refused(opens, shell, teacher, operator):
    for user in (teacher, operator):
        socket = opens(watch_terminal(shell), user)
        await socket.connect()
        assert await socket.closed() == messages.NOT_YOURS
    assert not await AuditEntry.objects.aexists()


async def test_a_terminal_of_a_sandbox_without_a_seat_is_read_by_nobody(opens, world, operator):
    world.terminal()
    socket = opens(watch_terminal(world), operator)
    await socket.connect()
    assert await socket.closed() == messages.NOT_YOURS


async def test_a_watchable_one_is_read_and_the_learner_can_see_it(opens, shell, watchable, seat, teacher):
    socket = await opens(watch_terminal(shell), teacher).opened()
    assert await until_bytes(socket) == (0, b"$ ")
    assert is_watched(seat.pk)
    await socket.disconnect()
    assert await soon(lambda: not is_watched(seat.pk))
    entry = await AuditEntry.objects.aget()
    assert (entry.actor, entry.action, entry.seat, entry.sandbox) == ("teacher", "watch", seat.pk, shell.id)


async def test_nothing_is_read_before_the_learner_can_see_it(opens, shell, watchable, teacher, monkeypatch):
    def fail(*_):
        raise RedisError("away")

    monkeypatch.setattr("explorer.live.watching.note_watch", fail)
    socket = await opens(watch_terminal(shell), teacher).opened()
    assert await socket.closed() == messages.TRY_LATER


async def test_the_mark_is_kept_while_somebody_looks(opens, shell, watchable, seat, teacher, redis, monkeypatch):
    monkeypatch.setattr("explorer.live.watching.LOOK_SECONDS", 0.4)
    monkeypatch.setattr("explorer.live.watching.RIGHTS_KEPT", 0.1)
    await opens(watch_terminal(shell), teacher).opened()
    await asyncio.sleep(0.3)
    before = redis.zrange(watched_key(seat.pk), 0, -1, withscores=True)[0][1]
    await asyncio.sleep(0.5)
    assert redis.zrange(watched_key(seat.pk), 0, -1, withscores=True)[0][1] > before


@attack(
    "typing without an invitation",
    origin="page",
    expected="refused",
    held_by="permission asked for each object, before anything is told",
)
async def test_typing_is_refused_without_an_invitation(opens, shell, watchable, teacher):
    socket = await opens(watch_terminal(shell), teacher).opened()
    await socket.send_to(b"rm -rf /\n")
    assert (await socket.until("refused"))["code"] == "not_invited"
    assert shell.orders() == []


async def test_a_watching_page_sets_no_size_and_acknowledges_nothing(opens, shell, watchable, invited, teacher):
    socket = await opens(watch_terminal(shell), teacher).opened()
    for wish in ({"type": "resize_terminal", "columns": 80, "rows": 24}, {"type": "acknowledge_terminal", "offset": 2}):
        await socket.send_to(json.dumps(wish))
        assert (await socket.until("refused"))["code"] == "only_watching"
    assert shell.orders() == []


async def test_invited_one_types(opens, shell, invited, seat, teacher):
    socket = await opens(watch_terminal(shell), teacher).opened()
    assert (await socket.until("typing"))["allowed"] is True
    await socket.send_to(b"ls\r")
    assert await soon(shell.orders)
    assert [(order["type"], order["data"]) for order in shell.orders()] == [("type_in_terminal", b"ls\r")]
    await socket.send_to(b"pwd\r")
    assert await soon(lambda: len(shell.orders()) == 2)
    assert [entry.action async for entry in AuditEntry.objects.order_by("pk")] == ["watch", "type"]


async def test_an_invitation_is_told_as_it_comes_and_goes(opens, shell, watchable, seat, teacher):
    socket = await opens(watch_terminal(shell), teacher).opened()
    assert (await socket.until("typing"))["allowed"] is False
    await change(seat, tell=True, invited_at="now")
    assert (await socket.until("typing"))["allowed"] is True
    await change(seat, tell=True, invited_at=None)
    assert (await socket.until("typing"))["allowed"] is False
    await socket.send_to(b"late\r")
    assert (await socket.until("refused"))["code"] == "not_invited"
    assert shell.orders() == []


async def test_however_long_the_question_takes_it_is_answered(opens, shell, watchable, seat, teacher, monkeypatch):
    monkeypatch.setattr("explorer.live.watching.RIGHTS_KEPT", 0.2)
    asked = watching.TerminalWatcher.ask

    async def slowly(self):
        await asyncio.sleep(0.4)
        return await asked(self)

    monkeypatch.setattr(watching.TerminalWatcher, "ask", slowly)
    socket = await opens(watch_terminal(shell), teacher).opened()
    assert (await socket.until("typing"))["allowed"] is False
    await change(seat, tell=True, invited_at="now")
    assert (await socket.until("typing"))["allowed"] is True


@attack("typing after the invitation was withdrawn", origin="page", expected="refused", held_by="asked again every second")
async def test_a_withdrawal_nobody_told_of_holds_within_a_second(opens, shell, watchable, invited, seat, teacher, monkeypatch):
    monkeypatch.setattr("explorer.live.watching.RIGHTS_KEPT", 0.2)
    socket = await opens(watch_terminal(shell), teacher).opened()
    await socket.until("typing")
    await change(seat, invited_at=None)
    await asyncio.sleep(0.25)
    await socket.send_to(b"late\r")
    assert (await socket.until("refused"))["code"] == "not_invited"
    assert shell.orders() == []


async def test_without_watchable_the_end_of_the_invitation_is_the_end(opens, shell, invited, seat, teacher):
    socket = await opens(watch_terminal(shell), teacher).opened()
    await socket.until("typing")
    await change(seat, tell=True, invited_at=None)
    assert await socket.closed() == messages.NOT_YOURS


async def test_a_seat_that_is_removed_is_not_watched_on(opens, shell, watchable, seat, teacher):
    socket = await opens(watch_terminal(shell), teacher).opened()
    await socket.until("typing")
    await change(seat, tell=True, removed_at="now")
    assert await socket.closed() == messages.NOT_YOURS


async def test_a_terminal_of_another_sandbox_is_unknown(opens, shell, watchable, teacher, learner, redis):
    other = type(shell)(await Sandbox.objects.acreate(learner=learner, state="ready", node_id="node1"), redis)
    other.terminal("theirs")
    other.print(b"secret", 0, "theirs")
    socket = await opens(watch_terminal(shell, "theirs"), teacher).opened()
    assert await socket.closed() == messages.NOT_YOURS


async def test_it_is_drawn_as_large_as_the_learner_has_it(opens, shell, watchable, seat, teacher):
    learners = await opens(shell.terminal_address(), seat.learner).opened()
    await learners.send_to('{"type": "resize_terminal", "columns": 101, "rows": 31}')
    assert await soon(lambda: shell.redis.get(size_key("t1")))
    socket = await opens(watch_terminal(shell), teacher).opened()
    told = await socket.until("size")
    assert (told["columns"], told["rows"]) == (101, 31)


async def test_who_watches_is_not_in_the_sandbox(opens, teacher, seated):
    watcher = await opens(watch(seated), teacher).opened()
    await watcher.message()
    assert not seated.redis.exists(present_key(seated.id))
