"""Personal data goes, by one action or by age, and only that; twice is as once."""

import json
from datetime import timedelta

import pytest
from django.core import serializers
from django.core.management import CommandError, call_command
from django.utils import timezone

from explorer.classroom import tasks
from explorer.classroom.after import forgetting
from explorer.classroom.models import AuditEntry, Class, Seat, StartingState, Word
from explorer.sandboxes.models import Comparison, Learner, Progress, Sandbox
from tests.people import make_class, make_seat

SECRET = "Ana-Maria-Secret"


@pytest.fixture(autouse=True)
def _alone(settings, monkeypatch, tmp_path):
    settings.REDIS_URL = f"unix://{tmp_path / 'none'}"
    monkeypatch.setattr("explorer.sandboxes.changes.app.send_task", lambda *_, **__: None)


@pytest.fixture
def lived(klass):
    """A class in which a learner did something, said something, was spoken to, and has a sandbox that runs."""
    seat = make_seat(klass, SECRET)
    Progress.objects.create(learner=seat.learner, lesson="bridge", finished_at=timezone.now())
    Progress.objects.create(learner=seat.learner, lesson="host")
    Word.objects.create(klass=klass, seat=seat, text=f"Well done, {SECRET}")
    StartingState.objects.create(klass=klass, title=f"of {SECRET}", scenario="one-host")
    Sandbox.objects.create(learner=seat.learner, state="ready", replay={"commands": [{"command": f"echo {SECRET}"}]})
    Sandbox.objects.create(class_id=klass.pk, state="warm")
    return seat


def everything():
    rows = []
    for model in (Class, Seat, Word, StartingState, AuditEntry, Learner, Progress, Sandbox, Comparison):
        rows += json.loads(serializers.serialize("json", model.objects.all()))
    return json.dumps(rows)


def test_no_row_holds_anything_of_the_learner_afterwards(lived, klass, teacher):
    recovery, learner = lived.recovery, str(lived.learner_id)
    assert forgetting.forget_class(teacher, klass)
    left = everything()
    assert SECRET not in left
    assert recovery not in left
    assert learner not in left


def test_what_runs_is_closed_also_what_was_prepared(lived, klass, teacher):
    forgetting.forget_class(teacher, klass)
    assert set(Sandbox.objects.values_list("state", flat=True)) == {"closing"}


def test_what_stays_are_counts(lived, klass, teacher):
    make_seat(klass, "Ben")
    forgetting.forget_class(teacher, klass)
    entry = AuditEntry.objects.get(action="forget class")
    assert entry.detail == {"counts": {"seats": 2, "lessons_begun": 2, "lessons_finished": 1}}
    assert klass.seats.count() == 2
    assert klass.forgotten_at
    assert not klass.open


def test_twice_is_as_once(lived, klass, teacher):
    assert forgetting.forget_class(teacher, klass)
    first = klass.forgotten_at
    assert not forgetting.forget_class(teacher, klass)
    klass.refresh_from_db()
    assert klass.forgotten_at == first
    assert AuditEntry.objects.count() == 1


def test_other_classes_are_not_touched(lived, klass, teacher, other_teacher):
    other = make_seat(make_class(other_teacher), "Eve")
    Progress.objects.create(learner=other.learner, lesson="bridge")
    forgetting.forget_class(teacher, klass)
    other.refresh_from_db()
    assert (other.name, other.learner.progress.count(), other.klass.open) == ("Eve", 1, True)


def test_a_class_of_nobody_is_forgotten_too(klass, teacher):
    assert forgetting.forget_class(teacher, klass)


def test_what_somebody_learned_without_a_class_stays(lived, klass, teacher):
    alone = Learner.objects.create()
    forgetting.forget_class(teacher, klass)
    assert list(Learner.objects.all()) == [alone]


# --- by age ---


def age(klass, days):
    Class.objects.filter(pk=klass.pk).update(ends_at=timezone.now() - timedelta(days=days))


@pytest.mark.parametrize(("days", "gone"), [(29, False), (31, True)])
def test_a_class_goes_so_many_days_after_its_end(lived, klass, days, gone):
    age(klass, days)
    assert forgetting.forget_by_age(30)["classes"] == gone
    klass.refresh_from_db()
    assert (klass.forgotten_at is not None) is gone


def test_by_age_it_was_the_clock(lived, klass):
    age(klass, 100)
    tasks.forget()
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.role, entry.action) == ("", "clock", "forget class")


def test_learners_without_a_class_go_once_not_seen_for_so_long(lived):
    long_ago = timezone.now() - timedelta(days=91)
    old = [Learner.objects.create(seen_at=long_ago) for _ in range(3)]
    Progress.objects.create(learner=old[0], lesson="bridge")
    here = Learner.objects.create()
    Learner.objects.filter(pk=lived.learner_id).update(seen_at=long_ago)  # in a class that goes on
    assert forgetting.forget_by_age() == {"classes": 0, "learners": 3}
    assert set(Learner.objects.all()) == {here, lived.learner}


def test_many_go_a_few_at_a_time(db, monkeypatch):
    monkeypatch.setattr(forgetting, "AT_ONCE", 2)
    Learner.objects.bulk_create(Learner(seen_at=timezone.now() - timedelta(days=91)) for _ in range(5))
    assert forgetting.forget_by_age()["learners"] == 5


def test_never_means_never(lived, klass, settings):
    settings.FORGET_DAYS = 0
    age(klass, 1000)
    assert forgetting.forget_by_age() == {"classes": 0, "learners": 0}


def test_by_hand(lived, klass, capsys):
    age(klass, 10)
    call_command("forget", older_than=5)
    assert "1 classes, 0 learners" in capsys.readouterr().out
    call_command("forget", older_than=5)
    assert "0 classes" in capsys.readouterr().out


@pytest.mark.parametrize("days", [0, -1, 10**9])
def test_a_number_of_days_that_makes_no_sense_deletes_nothing(lived, klass, days):
    age(klass, 10)
    with pytest.raises(CommandError, match="expected a whole number"):
        call_command("forget", older_than=days)
    assert not Class.objects.exclude(forgotten_at=None).exists()


# --- what goes of a class, piece by piece ---


def test_a_seat_says_neither_what_was_looked_at_nor_what_was_asked(lived, klass, teacher):
    Seat.objects.update(lesson="bridge", help_at=timezone.now(), invited_at=timezone.now())
    forgetting.forget_class(teacher, klass)
    lived.refresh_from_db()
    assert (lived.name, lived.lesson, lived.help_at, lived.invited_at) == (forgetting.NAMELESS, "", None, None)
    assert lived.removed_at is not None


def test_when_a_seat_was_removed_before_that_moment_stays(lived, klass, teacher):
    before = timezone.now() - timedelta(days=3)
    Seat.objects.update(removed_at=before)
    forgetting.forget_class(teacher, klass)
    lived.refresh_from_db()
    assert lived.removed_at == before


def test_what_was_locked_and_shown_is_forgotten_too(lived, klass, teacher):
    Class.objects.update(open_until={"lesson": "bridge", "step": "switch"}, revealed=["bridge/docker0"])
    forgetting.forget_class(teacher, klass)
    assert (klass.open_until, klass.revealed) == ({}, [])


def test_when_a_class_ended_before_that_moment_stays(lived, klass, teacher):
    before = timezone.now() - timedelta(days=3)
    Class.objects.update(ended_at=before, state="ended")
    forgetting.forget_class(teacher, klass)
    assert klass.ended_at == before


def test_a_comparison_that_runs_is_ended(lived, klass, teacher):
    comparison = Comparison.objects.create(learner=lived.learner, state="running")
    Sandbox.objects.create(learner=lived.learner, comparison=comparison, state="ready")
    forgetting.forget_class(teacher, klass)
    assert not Comparison.objects.filter(state="running").exists()


def test_what_is_over_holds_no_typed_commands_either(lived, klass, teacher):
    Sandbox.objects.create(learner=lived.learner, state="closed", replay={"commands": [{"command": SECRET}]})
    forgetting.forget_class(teacher, klass)
    assert set(map(str, Sandbox.objects.values_list("replay", flat=True))) == {"{}"}


def test_sandboxes_of_others_go_on(lived, klass, teacher):
    other = Sandbox.objects.create(learner=Learner.objects.create(), state="ready", replay={"commands": []})
    spare = Sandbox.objects.create(class_id="another", state="warm")
    forgetting.forget_class(teacher, klass)
    other.refresh_from_db()
    spare.refresh_from_db()
    assert (other.state, other.replay, spare.state) == ("ready", {"commands": []}, "warm")


def test_two_classes_may_be_forgotten_with_a_seat_each(lived, klass, teacher, other_teacher):
    other = make_class(other_teacher)
    make_seat(other, "Eve")
    assert [forgetting.forget_class(teacher, one) for one in (klass, other)] == [True, True]
    assert len(set(Seat.objects.values_list("recovery", flat=True))) == 2


# --- by age ---


def test_a_class_that_was_ended_early_goes_by_when_it_was_ended(lived, klass):
    Class.objects.update(ended_at=timezone.now() - timedelta(days=31), state="ended")
    assert forgetting.forget_by_age(30) == {"classes": 1, "learners": 0}


def test_done_twice_by_the_clock_it_is_done_once(lived, klass):
    age(klass, 100)
    for _ in range(2):
        tasks.forget()
    assert AuditEntry.objects.filter(action="forget class").count() == 1


def test_the_sandbox_of_a_learner_who_is_forgotten_is_closed(db):
    old = Learner.objects.create(seen_at=timezone.now() - timedelta(days=91))
    sandbox = Sandbox.objects.create(learner=old, state="ready")
    forgetting.forget_by_age()
    sandbox.refresh_from_db()
    assert (sandbox.state, sandbox.learner_id) == ("closing", None)
