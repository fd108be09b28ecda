"""A paused class over the terminal's socket: what is typed is refused with a reason, and goes through again afterwards."""

from __future__ import annotations

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from explorer.classroom.models import Class, Seat
from explorer.live.terminal import TerminalSocket
from tests.classroom.acts.doing import do
from tests.people import make_class, make_user

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def teacher(transactional_db):
    return make_user("teacher", "instructor")


@pytest.fixture
def klass(teacher, learner):
    made = make_class(teacher)
    Seat.objects.create(klass=made, learner=learner, name="Ana", recovery="r")
    return made


async def test_typed_while_paused_is_refused_and_not_dropped_silently(opens, world, learner, klass):
    await sync_to_async(Class.objects.update)(paused_at=timezone.now())
    world.terminal()
    socket = await opens(world.terminal_address(), learner).opened()
    await socket.send_to(b"rm -rf /\r")
    told = await socket.until("refused")
    assert (told["code"], "paused" in told["text"]) == ("paused", True)
    assert [order for order in world.orders() if order["type"] == "type_in_terminal"] == []


async def test_a_pause_reaches_an_open_socket_and_so_does_its_end(opens, world, learner, teacher, klass):
    world.terminal()
    socket = await opens(world.terminal_address(), learner).opened()
    await socket.send_to(b"a")
    await sync_to_async(do)("pause", teacher, klass)
    for _ in range(40):  # the socket hears of it by the sandbox's stream
        await socket.send_to(b"b")
        if (await told_within(socket)) == "paused":
            break
    else:
        pytest.fail("the pause was not heard of")
    await sync_to_async(do)("resume", teacher, klass)
    for _ in range(40):
        await socket.send_to(b"c")
        await told_within(socket)
        if b"c" in typed(world):
            break
    assert typed(world).startswith(b"a")
    assert typed(world).endswith(b"c")


async def test_a_pause_between_the_asking_and_the_listening_is_not_missed(opens, world, learner, teacher, klass, monkeypatch):
    admit = TerminalSocket.admit

    async def admit_late(socket):
        await sync_to_async(do)("pause", teacher, klass)  # permission was asked for by now, and nothing is heard yet
        return await admit(socket)

    monkeypatch.setattr(TerminalSocket, "admit", admit_late)
    world.terminal()
    socket = await opens(world.terminal_address(), learner).opened()
    for _ in range(40):
        await socket.send_to(b"b")
        if (await told_within(socket)) == "paused":
            return
    pytest.fail("the pause was not heard of")


async def test_many_keys_in_a_pause_do_not_end_the_socket(opens, world, learner, klass):
    await sync_to_async(Class.objects.update)(paused_at=timezone.now())
    world.terminal()
    socket = await opens(world.terminal_address(), learner).opened()
    for _ in range(20):
        await socket.send_to(b"x")
        assert (await socket.until("refused"))["code"] == "paused"


async def test_who_sits_in_no_class_types_on(opens, world, learner):
    world.terminal()
    socket = await opens(world.terminal_address(), learner).opened()
    await socket.send_to(b"ls")
    for _ in range(20):
        if typed(world):
            break
        await told_within(socket)
    assert typed(world) == b"ls"


def typed(world):
    return b"".join(order["data"] for order in world.orders() if order["type"] == "type_in_terminal")


async def told_within(socket, seconds=0.1):
    """The code of a refusal that came within so long, or None. Nothing is received past that."""
    if await socket.receive_nothing(timeout=seconds):
        return None
    return (await socket.message())["code"]
