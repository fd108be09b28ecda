"""What is done to a seat by its learner and by who runs the class."""

from datetime import timedelta

import pytest
from django.utils import timezone

from explorer.celery import app
from explorer.classroom.models import AuditEntry, Seat
from explorer.classroom.seat import changes
from explorer.classroom.seat.joining import find_way_back
from explorer.classroom.seat.names import BadName
from explorer.sandboxes.models import Node, Progress, Sandbox
from tests.people import make_seat

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def told(monkeypatch):
    """Which (class, seat) were told of a change."""
    seen = []
    monkeypatch.setattr(changes, "tell_class", lambda klass, seat="": seen.append((klass, seat)))
    monkeypatch.setattr(app, "send_task", lambda *_, **__: None)
    return seen


def actions():
    return list(AuditEntry.objects.values_list("action", flat=True))


def test_renamed(teacher, seat, told):
    assert changes.rename_seat(teacher, seat, " Anna ") == "Anna"
    seat.refresh_from_db()
    assert (seat.name, actions(), told) == ("Anna", ["rename seat"], [(seat.klass_id, seat)])


def test_renamed_to_the_same_is_nothing(teacher, seat, told):
    assert changes.rename_seat(teacher, seat, "Ana") == "Ana"
    assert (actions(), told) == ([], [])


def test_renamed_to_what_another_is_called(teacher, klass, seat):
    make_seat(klass, "Ben")
    assert changes.rename_seat(teacher, seat, "ben") == "ben 2"


def test_renamed_to_what_cannot_be(teacher, seat):
    with pytest.raises(BadName):
        changes.rename_seat(teacher, seat, "\u202e")
    assert actions() == []


def test_removed_with_its_sandbox(teacher, seat, told):
    node = Node.objects.create(name="node1", capacity=4)
    sandbox = Sandbox.objects.create(learner=seat.learner, state="ready", node=node)
    assert changes.remove_seat(teacher, seat)
    sandbox.refresh_from_db()
    assert sandbox.state == Sandbox.State.CLOSING
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.seat, entry.sandbox) == ("remove seat", seat.pk, sandbox.pk)
    assert told == [(seat.klass_id, seat)]


def test_removed_by_two_at_once_is_removed_once(teacher, operator, seat):
    assert changes.remove_seat(teacher, seat)
    assert not changes.remove_seat(operator, seat)
    assert actions() == ["remove seat"]


def test_a_new_way_back_is_noted_but_not_written_down(teacher, seat):
    token = changes.renew_way_back(teacher, seat)
    assert find_way_back(token) == seat
    assert token not in str(AuditEntry.objects.values())


@pytest.mark.parametrize(("change", "field"), [(changes.ask_for_help, "help_at"), (changes.invite, "invited_at")])
def test_asked_twice_is_asked_once(seat, told, change, field):
    change(seat, True)
    seat.refresh_from_db()
    first = getattr(seat, field)
    change(seat, True)
    seat.refresh_from_db()
    assert getattr(seat, field) == first
    change(seat, False)
    seat.refresh_from_db()
    assert getattr(seat, field) is None
    assert len(told) == 2


def test_a_removed_seat_asks_for_nothing(seat):
    Seat.objects.update(removed_at=timezone.now())
    changes.ask_for_help(seat, True)
    assert Seat.objects.get().help_at is None


def test_seen_is_written_once_a_minute(seat):
    long_ago = timezone.now() - timedelta(minutes=5)
    Seat.objects.update(seen_at=long_ago)
    changes.note_seen(seat.pk)
    first = Seat.objects.get().seen_at
    assert first > long_ago
    changes.note_seen(seat.pk)
    assert Seat.objects.get().seen_at == first


def test_who_is_removed_asks_for_nothing_any_more(teacher, seat):
    Seat.objects.update(help_at=timezone.now(), invited_at=timezone.now())
    changes.remove_seat(teacher, seat)
    seat.refresh_from_db()
    assert (seat.help_at, seat.invited_at, seat.removed_at is None) == (None, None, False)


def test_the_results_of_who_was_removed_stay(teacher, seat):
    Progress.objects.create(learner=seat.learner, lesson="bridge")
    changes.remove_seat(teacher, seat)
    assert Progress.objects.filter(learner__seat=seat).exists()


def test_one_who_has_no_sandbox_is_removed_alike(teacher, seat):
    assert changes.remove_seat(teacher, seat)
    assert AuditEntry.objects.get().sandbox == ""


def test_a_seat_keeps_its_own_name_without_a_number(teacher, klass, seat):
    make_seat(klass, "Ben")
    assert changes.rename_seat(teacher, seat, "ANA") == "ANA"
    assert changes.rename_seat(teacher, seat, "ANA") == "ANA"


def test_the_name_of_who_was_removed_may_be_taken(teacher, klass, seat):
    ben = make_seat(klass, "Ben")
    changes.remove_seat(teacher, ben)
    assert changes.rename_seat(teacher, seat, "Ben") == "Ben"


def test_the_audit_log_holds_no_name(teacher, seat):
    changes.rename_seat(teacher, seat, "Secret")
    changes.remove_seat(teacher, seat)
    assert "Secret" not in str(list(AuditEntry.objects.values()))


def test_the_lesson_somebody_looks_at_is_written_when_it_is_another(seat, django_assert_num_queries):
    changes.note_lesson(seat, "host")
    seat.refresh_from_db()
    assert seat.lesson == "host"
    with django_assert_num_queries(0):
        changes.note_lesson(seat, "host")


def test_help_that_nobody_asks_for_is_not_noted(teacher, seat, told):
    assert not changes.come_to_help(teacher, seat)
    assert (actions(), told) == ([], [])
