import time
from datetime import timedelta

import pytest
from django.utils import timezone

from explorer.node.reconcile import sweep
from explorer.node.this_node import hold
from explorer.node.work import work
from explorer.sandboxes.models import Action, Node, NodeSample, Sandbox
from tests.one_node import Standing

State = Sandbox.State


@pytest.fixture(autouse=True)
def no_warm(settings):
    settings.WARM_SANDBOXES = 0


def stand(engine, sandbox, generation=1, **facts):
    engine.standing[sandbox, generation] = Standing(sandbox, generation, facts.pop("expires_at", time.time() + 999), **facts)


def over(count, node):
    return [Sandbox.objects.create(state=State.CLOSED, node=node).pk for _ in range(count)]


def test_the_node_says_it_is_here(engine, redis, db, settings):
    sweep.reconcile()
    node = Node.objects.get()
    assert (node.name, node.capacity) == (settings.NODE_NAME, 4)
    assert timezone.now() - node.seen_at < timedelta(seconds=5)
    assert node.health["memory_mb"] > 0


def test_a_dead_engine_means_no_capacity_and_no_deletion(ready, engine):
    engine.dead = True
    sweep.reconcile()
    ready.refresh_from_db()
    assert Node.objects.get().capacity == 0
    assert "does not answer" in Node.objects.get().health["engine"]
    assert ready.state == State.READY


def test_expiry_closes_as_expired(ready, engine, sent, django_capture_on_commit_callbacks):
    Sandbox.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    with django_capture_on_commit_callbacks(execute=True):
        sweep.reconcile()
    close = ready.actions.get(kind="close")
    assert sent[-1] == ("close_sandbox", f"node.{ready.node_id}", close.pk)
    work.close_sandbox(close.pk)
    ready.refresh_from_db()
    assert ready.state == State.EXPIRED
    assert not engine.standing


def test_what_is_over_is_removed(engine, redis, node1):
    for sandbox in over(3, node1):
        stand(engine, sandbox)
    sweep.reconcile()
    assert not engine.standing


def test_the_brake(engine, redis, node1, caplog):
    for sandbox in over(4, node1):
        stand(engine, sandbox)
    sweep.reconcile()
    assert len(engine.standing) == 4
    assert "BRAKE" in caplog.text


def test_the_brake_lets_a_minority_go(engine, redis, node1):
    for sandbox in over(4, node1):
        stand(engine, sandbox)
    for _ in range(4):
        stand(engine, Sandbox.objects.create(state=State.READY, node=node1).pk)
    sweep.reconcile()
    assert len(engine.standing) == 4


def test_a_sweep_has_a_budget(engine, redis, node1, settings):
    for sandbox in over(sweep.BUDGET + 5, node1):
        stand(engine, sandbox)
    for _ in range(sweep.BUDGET + 6):
        stand(engine, Sandbox.objects.create(state=State.READY, node=node1).pk)
    sweep.reconcile()
    assert len(engine.closed) == sweep.BUDGET


def test_an_older_generation_goes_and_the_newer_stays(ready, engine):
    Sandbox.objects.update(generation=2)
    stand(engine, ready.pk, 2)
    sweep.reconcile()
    assert list(engine.standing) == [(ready.pk, 2)]


def test_a_newer_generation_than_the_row_is_left_alone(ready, engine):
    stand(engine, ready.pk, 2)
    sweep.reconcile()
    assert (ready.pk, 2) in engine.standing


def test_a_stray_stays_until_its_time(engine, redis, node1):
    stand(engine, "unknown")
    sweep.reconcile()
    assert engine.standing


def test_a_stray_goes_when_its_time_is_over(engine, redis, node1):
    stand(engine, "unknown", expires_at=time.time() - 1)
    sweep.reconcile()
    assert not engine.standing


def test_a_stray_goes_when_nobody_claimed_it_for_long(engine, redis, node1, settings):
    stand(engine, "unknown")
    sweep.reconcile()
    redis.hset(f"node:{settings.NODE_NAME}:strays", "unknown", time.time() - 700)
    sweep.reconcile()
    assert not engine.standing


def test_strays_without_redis_stay(engine, node1, settings):
    settings.REDIS_URL = "unix:///nonexistent/socket"
    stand(engine, "unknown")
    sweep.reconcile()
    assert engine.standing


def test_a_ready_one_without_hosts_fails_with_a_reason(ready, engine):
    engine.standing.clear()
    sweep.reconcile()
    ready.refresh_from_db()
    assert ready.state == State.FAILED
    assert "Open a new one" in ready.reason


def test_one_whose_hosts_all_stopped_counts_as_lost(ready, engine):
    stand(engine, ready.pk, running=0)
    sweep.reconcile()
    ready.refresh_from_db()
    assert ready.state == State.FAILED


def test_a_stalled_opening_is_taken_up_again(ready, engine, sent, django_capture_on_commit_callbacks):
    Sandbox.objects.update(state=State.OPENING, moved_at=timezone.now() - timedelta(seconds=61))
    Action.objects.update(state=Action.State.RUNNING)
    with django_capture_on_commit_callbacks(execute=True):
        sweep.reconcile()
    assert sent[-1][0] == "open_sandbox"


def test_one_that_is_being_worked_at_is_not(ready, engine, sent, django_capture_on_commit_callbacks):
    sent.clear()
    Sandbox.objects.update(state=State.OPENING, moved_at=timezone.now() - timedelta(seconds=61))
    with hold(work.lock_of(ready)), django_capture_on_commit_callbacks(execute=True):
        sweep.reconcile()
    assert "open_sandbox" not in [task for task, *_ in sent]


def test_a_close_the_engine_did_not_answer_is_asked_again(ready, engine, sent, django_capture_on_commit_callbacks):
    sent.clear()
    Sandbox.objects.update(state=State.CLOSING, moved_at=timezone.now() - timedelta(minutes=20))
    with django_capture_on_commit_callbacks(execute=True):
        sweep.reconcile()
    assert sent[-1][0] == "close_sandbox"


@pytest.mark.parametrize("state", [State.READY, State.QUEUED])  # a lesson may wait for the one node that can do its driver
def test_sandboxes_of_a_node_long_away_fail(engine, redis, node1, alice, state):
    away = Node.objects.create(name="away", seen_at=timezone.now() - timedelta(hours=1))
    sandbox = Sandbox.objects.create(learner=alice, state=state, node=away)
    sweep.reconcile()
    sandbox.refresh_from_db()
    assert sandbox.state == State.FAILED
    assert "went away" in sandbox.reason


def test_what_fails_to_become_warm_is_not_tried_for_ever(engine, redis, node1, sent, settings):
    settings.WARM_SANDBOXES = 1
    for _ in range(sweep.WARM_FAILURES):
        Sandbox.objects.create(state=State.FAILED, node=node1, ended_at=timezone.now())
    sweep.reconcile()
    assert not Sandbox.objects.exclude(state=State.FAILED).exists()


def test_the_clock_was_set_back_and_nothing_waits_for_the_old_time_to_come_again(ready, engine, node1, sent):
    later = timezone.now() + timedelta(hours=1)
    Sandbox.objects.filter(pk=ready.pk).update(state="closing", moved_at=later)
    Action.objects.update(created_at=later)
    NodeSample.objects.create(node=node1, at=later)
    away = Node.objects.create(name="away", seen_at=later)
    sweep.reconcile()
    away.refresh_from_db(), ready.refresh_from_db()
    assert max(away.seen_at, ready.moved_at, *Action.objects.values_list("created_at", flat=True)) <= timezone.now()
    assert NodeSample.objects.get().at <= timezone.now()


def test_a_node_whose_clock_is_some_seconds_ahead_is_believed(ready, engine, node1):
    ahead = timezone.now() + timedelta(seconds=20)
    Sandbox.objects.filter(pk=ready.pk).update(moved_at=ahead)
    sweep.reconcile()
    ready.refresh_from_db()
    assert ready.moved_at == ahead


def test_only_one_sweep_at_a_time(engine, redis, db):
    with hold("reconcile"):
        sweep.reconcile()
    assert not Node.objects.exists()
