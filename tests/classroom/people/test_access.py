"""Who may do what."""

import uuid
from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from explorer.classroom.models import Class, Seat
from explorer.classroom.people.access import (
    any_seat_of,
    become_learner,
    current_learner,
    ensure_learner,
    find_authored,
    find_comparison,
    find_own_seat,
    find_sandbox,
    keep_learner,
    learner_id,
    lesson_for,
    may_use_sandbox,
    seat_of,
    sit_down,
    stand_up,
)
from explorer.classroom.people.embed_pass import HEADER, begin_embed, write_pass
from explorer.sandboxes import library
from explorer.sandboxes.models import AuthoredLesson, Comparison, Learner, Sandbox
from tests.people import make_seat

pytestmark = pytest.mark.django_db


@pytest.fixture
def request_of(rf):
    def make(**session):
        request = rf.get("/")
        request.session = SessionStore()
        request.session.update(session)
        return request

    return make


def test_a_stranger_is_nobody_and_leaves_no_row(request_of):
    assert current_learner(request_of()) is None
    assert Learner.objects.count() == 0


def test_a_stranger_who_does_something_becomes_a_learner(request_of):
    request = request_of()
    learner = ensure_learner(request)
    assert current_learner(request) == learner
    assert ensure_learner(request) == learner
    assert Learner.objects.count() == 1


@pytest.mark.parametrize("nonsense", ["", "x", 7, None, [], {"a": 1}, "0" * 10_000, "../../etc"])
def test_nonsense_in_a_session_is_a_stranger(request_of, nonsense):
    request = request_of(learner=nonsense)
    assert current_learner(request) is None
    assert learner_id(request.session) is None


def test_a_learner_whose_row_is_gone_begins_anew(request_of):
    request = request_of(learner=str(uuid.uuid4()))
    assert current_learner(request) is None
    assert ensure_learner(request) == Learner.objects.get()


def test_a_visit_is_noted_hourly_not_each_time(request_of, django_assert_num_queries):
    learner = Learner.objects.create(seen_at=timezone.now() - timedelta(hours=2))
    request = request_of(learner=str(learner.pk))
    current_learner(request)
    learner.refresh_from_db()
    assert timezone.now() - learner.seen_at < timedelta(minutes=1)
    with django_assert_num_queries(1):
        current_learner(request)


def test_only_its_learner_uses_a_sandbox():
    mine, other = Learner.objects.create(), Learner.objects.create()
    sandbox = Sandbox.objects.create(learner=mine)
    assert may_use_sandbox(mine, sandbox)
    assert may_use_sandbox(mine.pk, sandbox)
    assert not may_use_sandbox(other, sandbox)
    assert not may_use_sandbox(None, sandbox)


def test_a_warm_sandbox_is_nobodys():
    warm = Sandbox.objects.create(learner=None, state=Sandbox.State.WARM)
    assert not may_use_sandbox(None, warm)
    assert not may_use_sandbox(Learner.objects.create(), warm)


def test_unknown_and_not_yours_are_the_same_answer():
    mine, other = Learner.objects.create(), Learner.objects.create()
    sandbox = Sandbox.objects.create(learner=mine)
    assert find_sandbox(mine, sandbox.pk) == sandbox
    assert find_sandbox(other, sandbox.pk) is None
    for unknown in ("zzzz", "", "x" * 10_000, "a\x01b"):
        assert find_sandbox(mine, unknown) is None


def test_a_sandbox_that_is_measured_for_a_comparison_is_used_by_nobody():
    mine = Learner.objects.create()
    comparison = Comparison.objects.create(learner=mine)
    sandbox = Sandbox.objects.create(learner=mine, comparison=comparison)
    assert not may_use_sandbox(mine, sandbox)
    assert find_sandbox(mine, sandbox.pk) is None


def test_a_comparison_is_its_learners_alone():
    mine, other = Learner.objects.create(), Learner.objects.create()
    comparison = Comparison.objects.create(learner=mine)
    assert find_comparison(mine, comparison.pk) == find_comparison(mine.pk, comparison.pk) == comparison
    assert [find_comparison(who, comparison.pk) for who in (other, None)] == [None, None]
    assert find_comparison(mine, "x" * 10_000) is None


# --- a browser and its seat ---


def test_who_sits_down_is_the_seats_learner_and_stands_up_as_who_they_were(request_of, seat):
    alone = Learner.objects.create()
    request = request_of(learner=str(alone.pk))
    sit_down(request, seat)
    assert current_learner(request) == seat.learner
    stand_up(request)
    assert current_learner(request) == alone


def test_a_stranger_who_sat_down_stands_up_as_a_stranger(request_of, seat):
    request = request_of()
    sit_down(request, seat)
    stand_up(request)
    assert (current_learner(request), list(request.session.keys())) == (None, [])


def test_who_goes_from_seat_to_seat_stands_up_as_who_they_were_before_the_first(request_of, klass, seat):
    alone = Learner.objects.create()
    request = request_of(learner=str(alone.pk))
    for one in (seat, make_seat(klass, "Ben")):
        sit_down(request, one)
    stand_up(request)
    assert current_learner(request) == alone


def test_standing_up_without_a_seat_leaves_a_stranger(request_of):
    request = request_of(learner=str(Learner.objects.create().pk))
    stand_up(request)
    assert current_learner(request) is None


def test_who_logs_out_keeps_the_learner_of_their_browser(request_of, seat):
    request = request_of(learner="me", alone="before", user="teacher")
    with keep_learner(request):
        request.session.flush()
    assert dict(request.session.items()) == {"learner": "me", "alone": "before"}


def test_become_somebody_is_that_learner_from_now_on(request_of):
    learner, request = Learner.objects.create(), request_of(learner=str(Learner.objects.create().pk))
    become_learner(request, learner)
    assert current_learner(request) == learner


# --- an embedded page ---


@pytest.fixture
def embedded(rf, settings):
    settings.EMBED_SITES = ["https://docs.example.org"]

    def make(given, **session):
        request = rf.get("/", headers={HEADER: given})
        request.session = SessionStore()
        request.session.update(session)
        return request

    return make


def test_an_embedded_page_is_its_passs_learner_whoever_the_session_is(embedded):
    embed, somebody = begin_embed("https://docs.example.org"), Learner.objects.create()
    request = embedded(write_pass(embed), learner=str(somebody.pk))
    assert current_learner(request) is None
    assert ensure_learner(request).pk == embed.learner
    assert ensure_learner(request) == current_learner(request)
    assert request.session["learner"] == str(somebody.pk)


def test_with_a_bad_pass_nobody_becomes_a_learner(embedded):
    with pytest.raises(PermissionDenied):
        ensure_learner(embedded("nonsense", learner=str(Learner.objects.create().pk)))
    assert Learner.objects.count() == 1


# --- seats ---


def test_the_seat_somebody_sits_in_and_the_one_they_had(seat):
    who = seat.learner
    assert seat_of(who) == seat_of(who.pk) == any_seat_of(who) == find_own_seat(who.pk) == seat
    Class.objects.update(state="ended")
    assert (seat_of(who), any_seat_of(who), find_own_seat(who.pk)) == (None, seat, seat)
    Seat.objects.update(removed_at=timezone.now())
    assert (seat_of(who), any_seat_of(who), find_own_seat(who.pk)) == (None, seat, None)


def test_a_class_whose_time_is_over_seats_nobody(seat):
    Class.objects.update(ends_at=timezone.now() - timedelta(seconds=1))
    assert seat_of(seat.learner) is None


def test_a_stranger_has_no_seat(seat):
    assert [find(None) for find in (seat_of, any_seat_of, find_own_seat)] == [None, None, None]


# --- lessons that instructors brought ---


def test_a_draft_is_its_authors_and_an_operators(teacher, other_teacher, operator, nobody):
    row = AuthoredLesson.objects.create(slug="mine", author=teacher)
    assert [find_authored(user, "mine") for user in (teacher, operator)] == [row, row]
    assert [find_authored(user, "mine") for user in (other_teacher, nobody, AnonymousUser())] == [None] * 3
    assert find_authored(teacher, "x" * 10_000) is None


def test_a_lesson_that_comes_with_us_is_everybodys_and_an_unknown_draft_nobodys(teacher, nobody):
    assert lesson_for(nobody, "bridge") == lesson_for(AnonymousUser(), "bridge") is not None
    assert lesson_for(teacher, f"{library.DRAFT}nosuch") is None
    assert lesson_for(teacher, "nosuch") is None
