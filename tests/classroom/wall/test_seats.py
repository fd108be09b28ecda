"""What the rows say of the seats: this class's, the newest sandbox, the place in line."""

from datetime import timedelta

import pytest
from django.utils import timezone

from explorer.classroom.wall.seats import read_seats
from explorer.sandboxes.models import Comparison, Progress, Sandbox
from tests.people import make_class, make_seat

pytestmark = pytest.mark.django_db


def test_only_the_seats_of_this_class(klass, seat, other_teacher):
    make_seat(make_class(other_teacher), "Eve")
    assert [row.name for row in read_seats(klass)] == ["Ana"]


def test_a_removed_seat_is_gone(klass, seat):
    seat.removed_at = timezone.now()
    seat.save()
    assert read_seats(klass) == []


def test_one_seat_alone(klass, seat):
    make_seat(klass, "Ben")
    assert [row.name for row in read_seats(klass, seat.pk)] == ["Ana"]


def test_the_newest_sandbox_and_none_of_a_comparison(klass, seat):
    Sandbox.objects.create(learner=seat.learner, state="closed", created_at=timezone.now() - timedelta(minutes=9))
    newest = Sandbox.objects.create(learner=seat.learner, state="ready", created_at=timezone.now() - timedelta(minutes=5))
    comparison = Comparison.objects.create(learner=seat.learner)
    Sandbox.objects.create(learner=seat.learner, comparison=comparison, state="ready")
    found = read_seats(klass)[0].sandbox
    assert (found.id, found.state, found.position) == (newest.pk, "ready", None)


def test_the_place_in_line_counts_everybody(klass, seat):
    Sandbox.objects.create(state="queued", created_at=timezone.now() - timedelta(minutes=1))
    Sandbox.objects.create(learner=seat.learner, state="queued")
    assert read_seats(klass)[0].sandbox.position == 2


def test_progress_of_every_lesson(klass, seat):
    Progress.objects.create(learner=seat.learner, lesson="bridge", step="one", passed={"one": ["a"]})
    Progress.objects.create(learner=seat.learner, lesson="host", finished_at=timezone.now())
    progress = read_seats(klass)[0].progress
    assert progress["bridge"].passed == {"one": ["a"]}
    assert (progress["bridge"].finished, progress["host"].finished) == (False, True)


def test_a_seat_whose_learner_was_forgotten_is_still_there(klass, seat):
    seat.learner.delete()
    row = read_seats(klass)[0]
    assert (row.name, row.sandbox, row.progress) == ("Ana", None, {})


def test_a_hundred_seats_cost_four_queries(klass, django_assert_max_num_queries):
    for at in range(100):
        Sandbox.objects.create(learner=make_seat(klass, f"L{at}").learner, state="queued")
    with django_assert_max_num_queries(4):
        assert len(read_seats(klass)) == 100
