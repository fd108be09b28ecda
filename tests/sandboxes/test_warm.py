"""Warm sandboxes, above all those prepared for a class: who is given them, who is not, how they are begun, and when they go."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from explorer.lab.errors import NoRoom
from explorer.node.reconcile import sweep
from explorer.node.work import work
from explorer.sandboxes import life, limits, opening, warm
from explorer.sandboxes.models import Action, Sandbox
from explorer.sandboxes.nodes import read_nodes
from explorer.sandboxes.terms import Terms
from tests.asking import open_for

CLASS = Terms(class_id="class-one", minutes=30, extensions_most=1)


def prepare(node, class_id="class-one", state="warm", hours=3, **more):
    terms = Terms(class_id=class_id)
    ends = timezone.now() + timedelta(hours=hours)
    sandbox, _ = opening.book_sandbox(None, node=node.pk, terms=terms, expires_at=ends)
    Sandbox.objects.filter(pk=sandbox.pk).update(state=state, ready_at=timezone.now() if state == "warm" else None, **more)
    sandbox.refresh_from_db()
    return sandbox


def test_a_learner_of_the_class_is_given_what_is_prepared_for_it(redis, sent, node1, alice):
    prepared = prepare(node1)
    given = open_for(alice, terms=CLASS)
    assert (given.pk, given.state, given.minutes, given.extensions_most) == (prepared.pk, "ready", 30, 1)
    assert given.expires_at - given.ready_at == timedelta(minutes=30)


def test_what_is_prepared_comes_before_what_is_common(redis, sent, node1, alice):
    common, prepared = prepare(node1, class_id=""), prepare(node1)
    assert open_for(alice, terms=CLASS).pk == prepared.pk
    common.refresh_from_db()
    assert common.state == "warm"


def test_where_nothing_is_prepared_a_common_one_is_claimed(redis, sent, node1, alice):
    common = prepare(node1, class_id="")
    given = open_for(alice, terms=CLASS)
    assert (given.pk, given.minutes) == (common.pk, 30)


@pytest.mark.parametrize("terms", [Terms(), Terms(class_id="class-two")])
def test_nobody_else_is_given_it(redis, sent, node1, alice, terms):
    prepared = prepare(node1)
    assert open_for(alice, terms=terms).pk != prepared.pk


def test_two_learners_are_never_given_the_same(redis, sent, node1, alice, bob):
    prepare(node1), prepare(node1)
    assert open_for(alice, terms=CLASS).pk != open_for(bob, terms=CLASS).pk


def test_one_that_is_being_made_is_taken_before_one_not_begun(redis, sent, node1, alice, bob):
    later, sooner = prepare(node1, state="queued"), prepare(node1, state="opening")
    assert open_for(alice, terms=CLASS).pk == sooner.pk
    assert open_for(bob, terms=CLASS).pk == later.pk


def test_one_not_begun_is_taken_too_and_begun_at_once(redis, sent, node1, alice, django_capture_on_commit_callbacks):
    prepared = prepare(node1, state="queued")
    with django_capture_on_commit_callbacks(execute=True):
        given = open_for(alice, terms=CLASS)
    assert (given.pk, given.state) == (prepared.pk, "queued")
    assert ("open_sandbox", f"node.{node1.pk}", prepared.actions.get().pk) in sent


def test_they_count_as_taken_for_others_and_as_free_for_their_own(node1):
    for _ in range(node1.capacity):
        prepare(node1)
    assert limits.free_capacity(read_nodes(), "26")[0] == 0
    assert limits.free_capacity(read_nodes(), "26", "class-one")[0] == node1.capacity


def test_a_prepared_one_does_not_give_way_to_a_stranger(engine, node1, alice):
    for _ in range(engine.room):
        prepare(node1)
    assert not work.make_room(Sandbox(learner=alice))
    assert work.make_room(Sandbox(learner=alice, class_id="class-one"))


def test_only_so_many_are_begun_at_once(sent, node1, settings, django_capture_on_commit_callbacks):
    settings.WORKERS = 3
    for _ in range(5):
        prepare(node1, state="queued")
    with django_capture_on_commit_callbacks(execute=True):
        assert warm.begin_prepared(node1.pk) == 2
    Sandbox.objects.filter(pk=Action.objects.get(pk=sent[-1][2]).sandbox_id).update(state="opening")
    assert warm.begin_prepared(node1.pk) == 1


def test_booking_one_asks_nobody_by_itself(sent, node1, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        prepare(node1, state="queued")
    assert not [task for task in sent if task[0] == "open_sandbox"]


def test_the_next_is_begun_when_one_is_built(redis, engine, sent, node1, settings, django_capture_on_commit_callbacks):
    settings.WORKERS = 2
    first, second = prepare(node1, state="queued"), prepare(node1, state="queued")
    with django_capture_on_commit_callbacks(execute=True):
        work.open_sandbox(first.actions.get().pk)
    first.refresh_from_db()
    assert first.state == "warm"
    assert first.expires_at is not None
    assert ("open_sandbox", f"node.{node1.pk}", second.actions.get().pk) in sent


def test_one_without_room_waits_on_its_own_node(redis, engine, node1):
    prepared = prepare(node1, state="queued")
    engine.trouble = NoRoom("full")
    work.open_sandbox(prepared.actions.get().pk)
    prepared.refresh_from_db()
    assert (prepared.state, prepared.node_id) == ("queued", node1.pk)


def test_closing_them_leaves_what_a_learner_has(redis, sent, node1, alice):
    prepare(node1), prepare(node1), prepare(node1, state="queued")
    given = open_for(alice, terms=CLASS)
    assert warm.close_prepared("class-one") == 2
    assert warm.close_prepared("class-one") == 0
    given.refresh_from_db()
    assert given.state == "ready"


def test_closing_for_no_class_closes_nothing(node1):
    prepare(node1, class_id="")
    assert warm.close_prepared("") == 0


def test_one_that_was_claimed_meanwhile_is_not_closed(redis, sent, node1, alice):
    prepared = prepare(node1)
    open_for(alice, terms=CLASS)
    assert not warm.close_warm(prepared)


def test_what_nobody_came_for_goes_at_its_time(redis, engine, sent, node1):
    late, still = prepare(node1, hours=-1), prepare(node1)
    sweep.expire_overdue(node1)
    late.refresh_from_db(), still.refresh_from_db()
    assert (late.state, still.state) == ("closing", "warm")


def test_an_old_prepared_one_stays_longer_than_a_common_one(redis, engine, sent, node1):
    long_ago = timezone.now() - timedelta(hours=4)
    mine, common = prepare(node1, created_at=long_ago), prepare(node1, class_id="", created_at=long_ago)
    sweep.expire_overdue(node1)
    mine.refresh_from_db(), common.refresh_from_db()
    assert (mine.state, common.state) == ("warm", "closing")


def test_common_ones_are_made_whatever_is_prepared(redis, engine, sent, node1, settings):
    settings.WARM_SANDBOXES = 1
    prepare(node1)
    sweep.make_common(node1, 4)
    assert Sandbox.objects.filter(learner=None, class_id="").count() == 1


def test_a_class_learner_extends_as_often_as_the_class_says(redis, sent, node1, alice):
    prepare(node1)
    given = open_for(alice, terms=CLASS)
    before = given.expires_at
    assert life.extend_sandbox(given).expires_at - before == timedelta(minutes=30)
    with pytest.raises(limits.Refused, match="extended 1 times"):
        life.extend_sandbox(given)


def test_more_time_from_somebody_else_is_no_extension_and_given_once(redis, sent, node1, alice):
    prepare(node1)
    given = open_for(alice, terms=CLASS)
    seen = Sandbox.objects.get(pk=given.pk)
    assert life.prolong_sandbox(given, timedelta(minutes=5), "more time")
    assert not life.prolong_sandbox(seen, timedelta(minutes=5), "more time")
    given.refresh_from_db()
    assert (given.expires_at - seen.expires_at, given.extensions) == (timedelta(minutes=5), 0)


def test_the_hosts_clock_follows_a_sandbox_that_was_given_time(ready, engine):
    life.prolong_sandbox(ready, timedelta(hours=20), "a long pause")
    sweep.reconcile()
    ready.refresh_from_db()
    assert engine.list_sandboxes(None)[0].expires_at > ready.expires_at.timestamp()


def test_the_engine_of_the_class_is_what_is_opened(redis, sent, node1, alice):
    node1.health = {"engines": ["26", "28"]}
    node1.save()
    assert open_for(alice, engine="26", terms=Terms(engine="28")).engine == "28"
