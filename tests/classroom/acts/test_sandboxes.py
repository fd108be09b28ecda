"""Extend, reset and stop, for all and for one."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from explorer.sandboxes.models import Action, Sandbox
from tests.classroom.acts.conftest import audited, give_sandbox
from tests.classroom.acts.doing import do


def test_extended_each_has_its_whole_time_from_now_and_who_has_none_is_told(teacher, klass, sandbox, ben, idle, node):
    give_sandbox(ben, node)
    done = do("extend", teacher, klass)
    assert done.sentence == "2 extended, 1 no running sandbox."
    assert done.lines == ("Extended: Ana, Ben", "No running sandbox: Cem")
    left = [one.expires_at - timezone.now() for one in Sandbox.objects.all()]
    assert all(timedelta(minutes=59) < one <= timedelta(minutes=60) for one in left)
    assert set(Sandbox.objects.values_list("extensions", flat=True)) == {0}
    assert audited("extend") == 2


def test_extended_twice_is_extended_once(teacher, second, klass, sandbox):
    do("extend", teacher, klass)
    sandbox.refresh_from_db()
    once = sandbox.expires_at
    assert do("extend", second, klass).sentence == "1 had their whole time already."
    sandbox.refresh_from_db()
    assert (sandbox.expires_at, audited("extend")) == (once, 1)


def test_one_seat_is_extended_alone(teacher, klass, seat, sandbox, ben, node):
    other = give_sandbox(ben, node)
    do("extend", teacher, klass, seat)
    before = other.expires_at
    other.refresh_from_db()
    assert other.expires_at == before


def test_reset_builds_each_anew_once(teacher, second, klass, sandbox, idle):
    assert do("reset", teacher, klass).sentence == "1 being reset, 1 no running sandbox."
    again = do("reset", second, klass)
    assert "by teacher" in again.sentence
    sandbox.refresh_from_db()
    assert (sandbox.state, sandbox.generation, audited("reset", sandbox=sandbox.pk)) == ("resetting", 2, 1)


def test_stopped_twice_is_stopped_once(teacher, second, klass, sandbox):
    assert do("stop", teacher, klass).sentence == "1 stopped."
    assert do("stop", second, klass).sentence == "1 no running sandbox."
    assert Action.objects.filter(sandbox=sandbox, kind="close").count() == 1


def test_the_sandbox_of_who_was_removed_is_left_alone(teacher, klass, seat, sandbox):
    seat.removed_at = timezone.now()
    seat.save()
    assert do("stop", teacher, klass).sentence == "Nobody sits in this class yet."
    sandbox.refresh_from_db()
    assert sandbox.state == "ready"


def test_another_class_is_not_touched(teacher, klass, elsewhere, node):
    other = give_sandbox(elsewhere, node)
    do("stop", teacher, klass)
    other.refresh_from_db()
    assert other.state == "ready"
