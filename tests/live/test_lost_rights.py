"""Sockets of users end soon after the right to them: logout, password, account, role, seat, class."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.db import DatabaseError, InterfaceError
from django.utils import timezone

from explorer.classroom.models import Class, Login, Seat
from explorer.classroom.people import still
from explorer.live import guard, messages
from explorer.live.hub import get_hub
from explorer.sandboxes.models import Sandbox
from tests.attacks import attack
from tests.live.classroom import *  # noqa: F403
from tests.live.classroom import by_another
from tests.live.test_terminal_socket import soon

pytestmark = pytest.mark.django_db(transaction=True)


def log_out(user):
    Login.objects.filter(user=user).delete()


def close_account(user):
    User.objects.filter(pk=user.pk).update(is_active=False)


def change_password(user):
    user.set_password("another-one-6642")
    user.save()


def take_role(user):
    user.groups.clear()


def delete_user(user):
    Class.objects.all().delete()
    user.delete()


LOST = {one.__name__: one for one in (log_out, close_account, change_password, take_role, delete_user)}


@attack("{what}, with sockets open", origin="page", expected="ended", held_by="rights asked every second")
@pytest.mark.parametrize("what", LOST)
async def test_who_is_out_has_no_socket_left(opens, seated, klass, teacher, what):
    sockets = [await opens(address, teacher).opened() for address in (f"/ws/wall/{klass.pk}/", f"{seated.address}?watch=1")]
    await by_another(LOST[what], teacher)
    for socket in sockets:
        assert await socket.closed(10) == messages.NOT_YOURS


async def test_another_login_of_the_same_user_stays(opens, klass, teacher):
    first = await opens(f"/ws/wall/{klass.pk}/", teacher).opened()
    key = await sync_to_async(lambda: Login.objects.get().key)()
    second = await opens(f"/ws/wall/{klass.pk}/", teacher).opened()
    await sync_to_async(Login.objects.filter(key=key).delete)()
    assert await first.closed(10) == messages.NOT_YOURS
    await asyncio.sleep(2 * guard.EVERY)
    assert second.output_queue.empty() or (await second.message())["type"] != "websocket.close"
    assert not second.future.done()


def remove(seat):
    Seat.objects.filter(pk=seat.pk).update(removed_at=timezone.now())


def end(seat):
    Class.objects.filter(pk=seat.klass_id).update(state=Class.State.ENDED)


def run_out(seat):
    Class.objects.filter(pk=seat.klass_id).update(ends_at=timezone.now() - timedelta(seconds=1))


def give_away(seat):
    Class.objects.filter(pk=seat.klass_id).update(instructor=User.objects.create(username="another"))


GONE = {one.__name__: one for one in (remove, end, run_out, give_away)}


@attack("{what}: the learner is watched on", origin="page", expected="ended", held_by="rights asked every second")
@pytest.mark.parametrize("what", GONE)
async def test_who_is_no_learner_of_the_class_is_no_longer_watched(opens, seated, seat, teacher, what):
    socket = await opens(f"{seated.address}?watch=1", teacher).opened()
    await by_another(GONE[what], seat)
    assert await socket.closed(10) == messages.NOT_YOURS
    again = opens(f"{seated.address}?watch=1", teacher)
    await again.connect()
    assert await again.closed() == messages.NOT_YOURS


@pytest.mark.parametrize("what", GONE)
async def test_a_sandbox_opened_afterwards_is_not_watched_either(opens, seated, seat, teacher, what):
    await by_another(GONE[what], seat)
    await Sandbox.objects.filter(learner_id=seat.learner_id).aupdate(state=Sandbox.State.CLOSED)
    new = await Sandbox.objects.acreate(learner_id=seat.learner_id, state=Sandbox.State.READY, phase="ready", node_id="node1")
    socket = opens(f"/ws/sandbox/{new.pk}/?watch=1", teacher)
    await socket.connect()
    assert await socket.closed() == messages.NOT_YOURS


async def test_an_operator_goes_on_watching(opens, seated, seat, operator):
    socket = await opens(f"{seated.address}?watch=1", operator).opened()
    await by_another(remove, seat)
    await asyncio.sleep(2 * guard.EVERY)
    seated.publish("something")
    assert (await socket.until("happened"))["text"] == "something"


@pytest.mark.parametrize("trouble", [DatabaseError("locked"), InterfaceError("connection already closed")])
async def test_a_database_that_does_not_answer_ends_nobody(opens, klass, teacher, monkeypatch, trouble):
    asked = []

    def fail(rights):
        asked.append(rights)
        raise trouble

    real = still.lost
    monkeypatch.setattr(guard, "lost", fail)
    socket = await opens(f"/ws/wall/{klass.pk}/", teacher).opened()
    await soon(lambda: len(asked) >= 2)
    assert not socket.future.done()
    monkeypatch.setattr(guard, "lost", real)
    await by_another(log_out, teacher)
    assert await socket.closed(10) == messages.NOT_YOURS


async def test_the_guard_asks_once_for_all_and_ends_with_the_last(opens, klass, seated, teacher, monkeypatch):
    asked = []
    real = still.lost

    def count(rights):
        asked.append(len(rights))
        return real(rights)

    monkeypatch.setattr(guard, "lost", count)
    monkeypatch.setattr(guard, "EVERY", 0.05)
    sockets = [await opens(f"{seated.address}?watch=1", teacher).opened() for _ in range(3)]
    hub_guard = get_hub().guard
    await soon(lambda: len(asked) >= 5)
    for socket in sockets:
        await socket.disconnect()
    await asyncio.wait_for(hub_guard.task, 5)
    assert hub_guard.doubts == {}


async def test_a_learners_socket_rests_on_no_user(opens, seated, seat, monkeypatch):
    monkeypatch.setattr(guard, "lost", lambda rights: pytest.fail("a question that a learner's page must not cost"))
    socket = await opens(seated.address, seat.learner).opened()
    assert (await socket.message())["type"] == "sandbox_changed"
