"""Who reads a learner's terminals is seen by the learner, and in the audit log."""

import time

import pytest

from explorer.classroom.models import AuditEntry
from explorer.classroom.wall import watching
from explorer.sandboxes.events import class_stream
from explorer.sandboxes.models import Sandbox
from explorer.sandboxes.streams import read_since
from tests.people import make_seat

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sandbox(seat, redis):
    return Sandbox.objects.create(learner=seat.learner, state="ready")


def told(redis, seat):
    return [event.seat for event in read_since(redis, class_stream(seat.klass_id)).events]


def test_the_seat_is_watched_while_somebody_looks(teacher, seat, sandbox):
    assert not watching.is_watched(seat.pk)
    watching.note_watch(teacher, seat, sandbox, "one")
    assert watching.is_watched(seat.pk)
    watching.end_watch(seat, "one")
    assert not watching.is_watched(seat.pk)


def test_and_as_long_as_anybody_does(teacher, operator, seat, sandbox):
    watching.note_watch(teacher, seat, sandbox, "one")
    watching.note_watch(operator, seat, sandbox, "two")
    watching.end_watch(seat, "one")
    assert watching.is_watched(seat.pk)


def test_only_that_seat(teacher, klass, seat, sandbox):
    watching.note_watch(teacher, seat, sandbox, "one")
    assert not watching.is_watched(make_seat(klass, "Ben").pk)


def test_the_learners_page_is_told_when_it_begins_and_when_it_ends(teacher, seat, sandbox, redis):
    watching.note_watch(teacher, seat, sandbox, "one")
    watching.note_watch(teacher, seat, sandbox, "one")
    watching.note_watch(teacher, seat, sandbox, "two")
    assert told(redis, seat) == [seat.pk]
    watching.end_watch(seat, "one")
    watching.end_watch(seat, "two")
    watching.end_watch(seat, "two")
    assert told(redis, seat) == [seat.pk, seat.pk]


def test_a_watcher_that_vanished_is_gone_by_itself(teacher, seat, sandbox, monkeypatch):
    watching.note_watch(teacher, seat, sandbox, "one")
    later = time.time() + watching.LOOK_SECONDS + 1
    monkeypatch.setattr(time, "time", lambda: later)
    assert not watching.is_watched(seat.pk)


def test_it_is_written_down_once_for_each_who_looks(teacher, operator, seat, sandbox):
    for user in (teacher, teacher, operator):
        watching.note_watch(user, seat, sandbox, f"of {user.pk}")
    entries = AuditEntry.objects.filter(action="watch", seat=seat.pk, sandbox=sandbox.pk, klass=seat.klass_id)
    assert sorted(entries.values_list("actor", flat=True)) == ["operator", "teacher"]


def test_typing_is_written_down_apart(teacher, seat, sandbox):
    watching.note_watch(teacher, seat, sandbox, "one")
    watching.note_typing(teacher, seat, sandbox)
    watching.note_typing(teacher, seat, sandbox)
    assert list(AuditEntry.objects.order_by("pk").values_list("action", flat=True)) == ["watch", "type"]
