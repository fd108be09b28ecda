"""Who may watch which sandbox, read its terminals, and type in them."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from explorer.classroom.people.access import find_watched, may_type, seat_with_terminals
from explorer.sandboxes.models import Learner, Sandbox

pytestmark = pytest.mark.django_db


@pytest.fixture
def sandbox(seat):
    return Sandbox.objects.create(learner=seat.learner, state="ready")


def test_the_instructor_of_the_class_and_an_operator_may_watch(sandbox, teacher, operator):
    assert find_watched(teacher, sandbox.pk) == sandbox
    assert find_watched(operator, sandbox.pk) == sandbox


def test_nobody_else_may(sandbox, other_teacher, nobody):
    for user in (other_teacher, nobody, AnonymousUser()):
        assert find_watched(user, sandbox.pk) is None


def test_a_sandbox_without_a_seat_is_for_operators(teacher, operator):
    free = Sandbox.objects.create(learner=Learner.objects.create(), state="ready")
    assert find_watched(operator, free.pk) == free
    assert find_watched(teacher, free.pk) is None
    assert seat_with_terminals(free) is None


def test_terminals_are_read_only_where_the_class_says_so(sandbox, seat):
    assert seat_with_terminals(sandbox) is None
    seat.klass.watchable = True
    seat.klass.save()
    assert seat_with_terminals(sandbox) == seat


def test_or_where_the_learner_invites(sandbox, seat):
    seat.invited_at = timezone.now()
    seat.save()
    assert may_type(seat_with_terminals(sandbox))


def test_watchable_is_not_for_typing(sandbox, seat):
    seat.klass.watchable = True
    seat.klass.save()
    assert not may_type(seat_with_terminals(sandbox))


@pytest.mark.parametrize("over", ["removed", "ended"])
def test_after_the_seat_or_the_class_is_over_no_terminal_is_read(sandbox, seat, over):
    seat.klass.watchable, seat.invited_at = True, timezone.now()
    if over == "removed":
        seat.removed_at = timezone.now()
    else:
        seat.klass.ends_at = timezone.now() - timedelta(seconds=1)
    seat.klass.save()
    seat.save()
    assert seat_with_terminals(sandbox) is None


@pytest.mark.parametrize("over", ["removed", "ended"])
def test_after_the_seat_or_the_class_is_over_nothing_is_watched(sandbox, seat, teacher, operator, over):
    if over == "removed":
        seat.removed_at = timezone.now()
    else:
        seat.klass.ends_at = timezone.now() - timedelta(seconds=1)
    seat.klass.save()
    seat.save()
    Sandbox.objects.update(state="closed")
    later = Sandbox.objects.create(learner=seat.learner, state="ready")
    for one in (sandbox, later):
        sandbox.refresh_from_db()
        assert find_watched(teacher, one.pk) is None
        assert find_watched(operator, one.pk) == one


def test_what_was_prepared_for_a_class_is_managed_also_after_it(seat, teacher):
    prepared = Sandbox.objects.create(state="warm", class_id=seat.klass_id)
    seat.klass.ends_at = timezone.now()
    seat.klass.save()
    assert find_watched(teacher, prepared.pk) == prepared


def test_what_was_prepared_and_then_taken_is_its_learners(seat, teacher):
    taken = Sandbox.objects.create(state="ready", class_id=seat.klass_id, learner=seat.learner)
    assert find_watched(teacher, taken.pk) == taken
    seat.removed_at = timezone.now()
    seat.save()
    assert find_watched(teacher, taken.pk) is None
