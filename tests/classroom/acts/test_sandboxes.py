"""Extend, reset and stop, for all and for one."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from explorer.classroom.acts import doing
from explorer.sandboxes.models import Action, Sandbox
from tests.classroom.acts.conftest import audited, give_sandbox


def test_extended_each_has_its_whole_time_from_now_and_who_has_none_is_told(teacher, klass, sandbox, ben, idle, node):
    give_sandbox(ben, node)
    done = doing.extend(teacher, klass)
    assert done.sentence == "2 extended, 1 no running sandbox."
    assert done.lines == ("Extended: Ana, Ben", "No running sandbox: Cem")
    left = [one.expires_at - timezone.now() for one in Sandbox.objects.all()]
    assert all(timedelta(minutes=59) < one <= timedelta(minutes=60) for one in left)
    assert set(Sandbox.objects.values_list("extensions", flat=True)) == {0}
    assert audited("extend") == 2


def test_extended_twice_is_extended_once(teacher, second, klass, sandbox):
    doing.extend(teacher, klass)
    sandbox.refresh_from_db()
    once = sandbox.expires_at
    assert doing.extend(second, klass).sentence == "1 had their whole time already."
    sandbox.refresh_from_db()
    assert (sandbox.expires_at, audited("extend")) == (once, 1)


def test_one_seat_is_extended_alone(teacher, klass, seat, sandbox, ben, node):
    other = give_sandbox(ben, node)
    doing.extend(teacher, klass, seat)
    before = other.expires_at
    other.refresh_from_db()
    assert other.expires_at == before


def test_reset_builds_each_anew_once(teacher, second, klass, sandbox, idle):
    assert doing.reset(teacher, klass).sentence == "1 being reset, 1 no running sandbox."
    again = doing.reset(second, klass)
    assert "by teacher" in again.sentence
    sandbox.refresh_from_db()
    assert (sandbox.state, sandbox.generation, audited("reset")) == ("resetting", 2, 1)


def test_stopped_twice_is_stopped_once(teacher, second, klass, sandbox):
    assert doing.stop(teacher, klass).sentence == "1 stopped."
    assert doing.stop(second, klass).sentence == "1 no running sandbox."
    assert Action.objects.filter(sandbox=sandbox, kind="close").count() == 1


def test_the_sandbox_of_who_was_removed_is_left_alone(teacher, klass, seat, sandbox):
    seat.removed_at = timezone.now()
    seat.save()
    assert doing.stop(teacher, klass).sentence == "Nobody sits in this class yet."
    sandbox.refresh_from_db()
    assert sandbox.state == "ready"


def test_another_class_is_not_touched(teacher, klass, elsewhere, node):
    other = give_sandbox(elsewhere, node)
    doing.stop(teacher, klass)
    other.refresh_from_db()
    assert other.state == "ready"
