"""Who asks: learner, seat and class read together; what the class says of sandboxes, steps and typing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from explorer.classroom.models import Class, Seat
from explorer.classroom.people.access import SESSION_KEY, find_sandbox
from explorer.classroom.people.asker import LOCKED, PAUSED, ensure_asker, read_asker
from explorer.classroom.people.embed_pass import HEADER
from explorer.classroom.people.rules import is_paused, locked_in, sits, terms_of
from explorer.lessons.load import load_lessons
from explorer.sandboxes.limits import Refused
from explorer.sandboxes.models import Learner, Sandbox
from explorer.sandboxes.terms import USUAL, Terms
from tests.asking import asks, request_of

BRIDGE, HOST, NONE = (load_lessons()[slug] for slug in ("bridge", "host", "none"))
STEPS = [step.id for step in BRIDGE.steps]


@pytest.fixture
def alone(db):
    return Learner.objects.create()


@pytest.fixture
def paused(klass):
    Class.objects.update(paused_at=timezone.now())


@pytest.fixture
def locked(klass):
    """The class may go as far as the second step of its first lesson."""
    Class.objects.update(open_until={"lesson": "bridge", "step": STEPS[1]})


def leave(how):
    if how == "removed":
        Seat.objects.update(removed_at=timezone.now())
    elif how == "ended":
        Class.objects.update(state="ended")
    else:
        Class.objects.update(ends_at=timezone.now() - timedelta(minutes=1))


sits_no_more = pytest.mark.parametrize("how", ["removed", "ended", "its time is over"])


# --- who it is -----------------------------------------------------------------------------------------------------


def test_a_stranger_asks_as_nobody_and_costs_no_question(django_assert_num_queries, db):
    with django_assert_num_queries(0):
        asker = asks(None)
        assert (asker.learner, asker.seat, asker.klass, asker.paused) == (None, None, None, False)
        assert (asker.terms, asker.locked(BRIDGE)) == (USUAL, frozenset())


def test_a_learner_alone_sits_nowhere(alone, django_assert_num_queries):
    with django_assert_num_queries(1):
        asker = asks(alone)
        assert (asker.learner, asker.seat, asker.klass, asker.terms) == (alone, None, None, USUAL)


def test_learner_seat_and_class_are_one_question_however_often_it_is_asked_of_them(
    seat, klass, locked, django_assert_num_queries
):
    with django_assert_num_queries(1):
        asker = asks(seat.learner)
        for _ in range(3):
            assert (asker.learner, asker.seat, asker.klass) == (seat.learner, seat, klass)
            assert asker.terms.class_id == klass.pk
            assert asker.locked(BRIDGE)
            assert not asker.paused


def test_a_learner_who_was_deleted_is_a_stranger(alone):
    request = request_of(alone)
    alone.delete()
    assert read_asker(request).learner is None


@sits_no_more
def test_who_sits_no_more_keeps_the_seat_and_has_no_class(seat, how):
    leave(how)
    asker = asks(seat.learner)
    assert (asker.seat, asker.klass, asker.terms) == (seat, None, USUAL)


def test_an_asker_is_as_the_request_found_them(seat, klass):
    asker = asks(seat.learner)
    Class.objects.update(paused_at=timezone.now())
    assert not asker.paused
    assert asks(seat.learner).paused


# --- who does something is a learner -------------------------------------------------------------------------------


def test_a_stranger_who_does_something_becomes_a_learner(db):
    request = request_of()
    asker = ensure_asker(request)
    assert Learner.objects.get() == asker.learner
    assert request.session[SESSION_KEY] == str(asker.learner.pk)
    assert asker.seat is None


def test_who_is_a_learner_stays_the_same_one(seat):
    asker = ensure_asker(request_of(seat.learner))
    assert (asker.learner, asker.seat) == (seat.learner, seat)
    assert Learner.objects.count() == 1


def test_who_only_looks_is_made_no_learner(db):
    request = request_of()
    read_asker(request)
    assert not Learner.objects.exists()
    assert SESSION_KEY not in request.session


def test_a_pass_that_is_not_good_makes_no_learner(db):
    request = request_of()
    request.META["HTTP_" + HEADER.upper().replace("-", "_")] = "forged"
    with pytest.raises(PermissionDenied):
        ensure_asker(request)
    assert not Learner.objects.exists()


# --- what the class says -------------------------------------------------------------------------------------------


def test_the_terms_are_those_of_the_class(seat, klass):
    Class.objects.update(sandbox_minutes=25, extensions=1, engine="28")
    assert asks(seat.learner).terms == Terms(klass.pk, 25, 1, "28")
    assert terms_of(Class.objects.get()).fields() == {"class_id": klass.pk, "minutes": 25, "extensions_most": 1}


def test_a_pause_is_refused_in_a_sentence(seat, paused):
    with pytest.raises(Refused) as refused:
        asks(seat.learner).check_pause()
    assert (refused.value.code, refused.value.sentence) == ("paused", PAUSED)


def test_a_pause_holds_nobody_else(paused, alone):
    asks(alone).check_pause()
    asks(None).check_pause()


@sits_no_more
def test_who_sits_no_more_is_held_by_nothing(seat, paused, locked, how):
    leave(how)
    asker = asks(seat.learner)
    asker.check_pause()
    asker.check_step(BRIDGE, STEPS[-1])


def test_a_step_ahead_is_refused_in_a_sentence(seat, locked):
    asker = asks(seat.learner)
    asker.check_step(BRIDGE, STEPS[1])
    with pytest.raises(Refused) as refused:
        asker.check_step(BRIDGE, STEPS[2])
    assert (refused.value.code, refused.value.sentence) == ("locked", LOCKED)
    assert refused.value.numbers == {"lesson": "bridge", "step": STEPS[2]}


def test_what_is_ahead_is_the_rest_of_the_lesson_and_every_later_one(seat, locked):
    asker = asks(seat.learner)
    assert asker.locked(BRIDGE) == frozenset(STEPS[2:])
    assert asker.locked(HOST) == frozenset(step.id for step in HOST.steps)


def test_a_lesson_that_is_none_of_the_classs_is_never_ahead(seat, locked):
    assert asks(seat.learner).locked(NONE) == frozenset()


def test_a_lesson_before_the_last_open_one_is_open(klass):
    klass.open_until = {"lesson": "host", "step": HOST.steps[0].id}
    assert locked_in(klass, BRIDGE) == frozenset()
    assert locked_in(klass, HOST) == frozenset(step.id for step in HOST.steps[1:])


def test_a_step_the_lesson_no_longer_has_locks_none_of_it(klass):
    klass.open_until = {"lesson": "bridge", "step": "gone"}
    assert locked_in(klass, BRIDGE) == frozenset()


# --- sockets ask about a sandbox -----------------------------------------------------------------------------------


def test_a_sandbox_is_read_with_what_its_class_says(seat, theirs, paused, django_assert_num_queries):
    with django_assert_num_queries(1):
        found = find_sandbox(seat.learner_id, theirs.pk)
        assert is_paused(found)


@pytest.fixture
def theirs(seat):
    return Sandbox.objects.create(learner=seat.learner, state="ready")


@sits_no_more
def test_it_is_not_paused_for_who_sits_no_more(seat, theirs, paused, how):
    leave(how)
    assert not is_paused(find_sandbox(seat.learner_id, theirs.pk))


def test_one_of_a_learner_alone_and_one_of_nobody_are_never_paused(alone, paused, django_assert_num_queries):
    own, warm = Sandbox.objects.create(learner=alone, state="ready"), Sandbox.objects.create(state="warm")
    with django_assert_num_queries(1):
        assert not is_paused(find_sandbox(alone.pk, own.pk))
    assert not is_paused(warm)


def test_nobody_sits_in_no_seat():
    assert not sits(None)
