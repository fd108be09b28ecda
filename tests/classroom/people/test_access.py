"""Who may do what."""

import uuid
from datetime import timedelta

import pytest
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.utils import timezone

from explorer.classroom.people.access import current_learner, ensure_learner, find_sandbox, learner_id, may_use_sandbox
from explorer.sandboxes.models import Learner, Sandbox

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
