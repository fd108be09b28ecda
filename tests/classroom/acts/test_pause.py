"""Pause: nothing is typed, no time passes, nothing expires; resumed, each sandbox has its pause back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from explorer.classroom.acts import rules
from explorer.classroom.models import Class
from explorer.node.reconcile import sweep
from explorer.sandboxes.limits import Refused
from explorer.sandboxes.models import Sandbox
from tests.classroom.acts.conftest import audited, give_sandbox
from tests.classroom.acts.doing import do


def ago(klass, minutes):
    Class.objects.filter(pk=klass.pk).update(paused_at=timezone.now() - timedelta(minutes=minutes))


def test_a_paused_class_holds_its_learners_and_nobody_else(teacher, klass, seat, elsewhere):
    assert do("pause", teacher, klass).new
    with pytest.raises(Refused, match="paused"):
        rules.check_pause(seat.learner)
    rules.check_pause(elsewhere.learner)
    rules.check_pause(None)


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
    rules.check_pause(seat.learner)
    sweep.expire_overdue(node)
    sandbox.refresh_from_db()
    assert sandbox.state == "closing"
