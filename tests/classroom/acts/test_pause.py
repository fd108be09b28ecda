"""Pause: nothing is typed, no time passes, nothing expires; resumed, each sandbox has its pause back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from explorer.classroom.acts import pause
from explorer.classroom.models import AuditEntry, Class, Seat
from explorer.node.reconcile import sweep
from explorer.sandboxes.limits import Refused
from explorer.sandboxes.models import Comparison, Sandbox
from tests.asking import asks
from tests.classroom.acts.conftest import audited, give_sandbox
from tests.classroom.acts.doing import do


def ago(klass, minutes):
    Class.objects.filter(pk=klass.pk).update(paused_at=timezone.now() - timedelta(minutes=minutes))


def test_a_paused_class_holds_its_learners_and_nobody_else(teacher, klass, seat, elsewhere):
    assert do("pause", teacher, klass).new
    with pytest.raises(Refused, match="paused"):
        asks(seat.learner).check_pause()
    asks(elsewhere.learner).check_pause()
    asks(None).check_pause()


def test_a_second_instructor_finds_it_paused(teacher, second, klass):
    do("pause", teacher, klass)
    before = Class.objects.get().paused_at
    assert not do("pause", second, klass).new
    assert Class.objects.get().paused_at == before
    assert audited("pause") == 1


def test_every_sandbox_is_told_so_that_its_sockets_ask_again(teacher, klass, sandbox, told, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        do("pause", teacher, klass)
    assert sandbox.pk in [stream for stream, event in told if event.type == "sandbox_changed"]


def test_the_pause_is_added_to_the_time_left(teacher, klass, sandbox):
    Sandbox.objects.update(ready_at=timezone.now() - timedelta(hours=1))
    before = sandbox.expires_at
    ago(klass, 15)
    assert "1 sandboxes have 15 min more" in do("resume", teacher, klass).sentence
    sandbox.refresh_from_db()
    assert timedelta(minutes=15) <= sandbox.expires_at - before < timedelta(minutes=16)
    assert Class.objects.get().paused_at is None


def test_one_that_came_in_the_pause_is_given_what_it_waited(teacher, klass, sandbox):
    Sandbox.objects.update(ready_at=timezone.now() - timedelta(minutes=5))
    before = sandbox.expires_at
    ago(klass, 15)
    do("resume", teacher, klass)
    sandbox.refresh_from_db()
    assert timedelta(minutes=5) <= sandbox.expires_at - before < timedelta(minutes=6)


def test_resumed_twice_gives_the_time_once(teacher, second, klass, sandbox):
    ago(klass, 15)
    do("resume", teacher, klass)
    sandbox.refresh_from_db()
    once = sandbox.expires_at
    assert not do("resume", second, klass).new
    sandbox.refresh_from_db()
    assert sandbox.expires_at == once


def test_nothing_expires_in_a_pause(klass, sandbox, seat, elsewhere, node):
    other = give_sandbox(elsewhere, node)
    Sandbox.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    ago(klass, 15)
    sweep.expire_overdue(node)
    sandbox.refresh_from_db(), other.refresh_from_db()
    assert (sandbox.state, other.state) == ("ready", "closing")


def test_a_class_that_ended_paused_holds_nothing(klass, sandbox, seat, node):
    Sandbox.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    ago(klass, 15)
    Class.objects.update(state="ended")
    asks(seat.learner).check_pause()
    sweep.expire_overdue(node)
    sandbox.refresh_from_db()
    assert sandbox.state == "closing"


def test_what_is_compared_and_what_is_over_is_given_no_time(teacher, klass, seat, ben, idle, node):
    compared = give_sandbox(seat, node, comparison=Comparison.objects.create(learner=seat.learner, node=node))
    over = give_sandbox(ben, node, state="closed")
    removed = give_sandbox(idle, node)
    Seat.objects.filter(pk=idle.pk).update(removed_at=timezone.now())
    before = dict(Sandbox.objects.values_list("pk", "expires_at"))
    ago(klass, 15)
    assert "0 sandboxes have" in do("resume", teacher, klass).sentence
    assert dict(Sandbox.objects.values_list("pk", "expires_at")) == before
    assert {compared.pk, over.pk, removed.pk} == set(before)


def test_one_that_is_being_reset_has_its_pause_back_too(teacher, klass, sandbox):
    Sandbox.objects.update(state="resetting", ready_at=timezone.now() - timedelta(hours=1))
    ago(klass, 15)
    assert "1 sandboxes have 15 min more" in do("resume", teacher, klass).sentence


def test_extended_in_a_pause_a_sandbox_has_its_whole_life_from_the_beginning_of_it(teacher, klass, sandbox):
    Sandbox.objects.update(ready_at=timezone.now() - timedelta(hours=1))
    ago(klass, 15)
    klass.refresh_from_db()
    do("extend", teacher, klass)
    sandbox.refresh_from_db()
    assert timedelta(minutes=44) < sandbox.expires_at - timezone.now() <= timedelta(minutes=45)
    do("resume", teacher, klass)
    sandbox.refresh_from_db()
    assert timedelta(minutes=59) < sandbox.expires_at - timezone.now() <= timedelta(minutes=60)


@pytest.mark.parametrize(("seconds", "words"), [(0, "0 s"), (89, "89 s"), (90, "2 min"), (3600, "60 min")])
def test_how_long_it_was_is_said_in_seconds_and_then_in_minutes(seconds, words):
    assert pause.in_words(seconds) == words


def test_the_line_in_the_audit_log_says_how_long_it_was_and_for_how_many(teacher, klass, sandbox):
    Sandbox.objects.update(ready_at=timezone.now() - timedelta(hours=1))
    ago(klass, 15)
    do("resume", teacher, klass)
    detail = AuditEntry.objects.get(action="resume").detail
    assert (900 <= detail["seconds"] < 960, detail["sandboxes"]) == (True, 1)
