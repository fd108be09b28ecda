import time
from datetime import timedelta

import pytest
from django.utils import timezone

from explorer.lab import ended
from explorer.node.reconcile import sweep
from explorer.node.reconcile.plan import BUDGET
from explorer.node.this_node import hold, identity, lab_config
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


def elsewhere(count):
    """Rows of another node, whose objects are here: this node was given a wrong name, or this is the wrong database."""
    other = Node.objects.get_or_create(name="other", defaults={"seen_at": timezone.now()})[0]
    return [Sandbox.objects.create(state=State.READY, node=other).pk for _ in range(count)]


def test_the_brake_holds_and_alarms(engine, redis, node1, caplog):
    for sandbox in elsewhere(4):
        stand(engine, sandbox)
    sweep.reconcile()
    assert len(engine.standing) == 4
    assert "BRAKE" in caplog.text
    health = Node.objects.get(pk=node1.pk).health
    assert health["braked"] == 4
    assert len(health["reaper"]) == 4


def test_the_brake_lets_a_minority_go(engine, redis, node1):
    for sandbox in elsewhere(4):
        stand(engine, sandbox)
    for _ in range(4):
        stand(engine, Sandbox.objects.create(state=State.READY, node=node1).pk)
    sweep.reconcile()
    assert len(engine.standing) == 4
    assert Node.objects.get(pk=node1.pk).health["braked"] == 0


def test_what_the_rows_call_over_goes_also_when_it_is_everything(engine, redis, node1):
    """A node that was away for ten minutes has lost all its rows, and its hosts are of no use to anybody."""
    for sandbox in over(8, node1):
        stand(engine, sandbox)
    sweep.reconcile()
    assert not engine.standing


def test_a_sweep_has_a_budget(engine, redis, node1, settings):
    for sandbox in over(BUDGET + 5, node1):
        stand(engine, sandbox)
    for _ in range(BUDGET + 6):
        stand(engine, Sandbox.objects.create(state=State.READY, node=node1).pk)
    sweep.reconcile()
    assert len(engine.closed) == BUDGET


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


def test_a_stray_goes_when_nobody_claimed_it_for_long(engine, node1, settings, later):
    settings.REDIS_URL = "unix:///nonexistent/socket"
    stand(engine, "unknown")
    sweep.reconcile()
    later(599)
    sweep.reconcile()
    assert engine.standing
    later(2)
    sweep.reconcile()
    assert not engine.standing


@pytest.fixture
def later(monkeypatch):
    """Moves the sweeps' clock on."""
    real, passed = time.time, [0.0]
    monkeypatch.setattr("explorer.node.reconcile.sweep.time.time", lambda: real() + passed[0])

    def move(seconds):
        passed[0] += seconds

    return move


def test_a_ready_one_without_hosts_fails_with_a_reason_at_the_second_listing(ready, engine, later):
    engine.standing.clear()
    sweep.reconcile()
    ready.refresh_from_db()
    assert ready.state == State.READY
    later(9)
    sweep.reconcile()
    ready.refresh_from_db()
    assert ready.state == State.FAILED
    assert "Open a new one" in ready.reason


def test_one_that_a_guard_of_the_node_ended_is_lost_at_once(ready, engine):
    ended.note(lab_config(), ready.pk, ready.generation, "memory", "it held 2 GB")
    engine.standing.clear()
    sweep.reconcile()
    ready.refresh_from_db()
    assert ready.state == State.FAILED
    assert "filled memory" in ready.reason


def test_two_listings_at_the_same_moment_are_one(ready, engine):
    engine.standing.clear()
    sweep.reconcile()
    sweep.reconcile()
    ready.refresh_from_db()
    assert ready.state == State.READY


def test_an_engine_that_listed_half_and_then_all_loses_nothing(ready, engine, later):
    standing = dict(engine.standing)
    engine.standing.clear()
    sweep.reconcile()
    engine.standing |= standing
    later(9)
    sweep.reconcile()
    engine.standing.clear()
    later(9)
    sweep.reconcile()
    ready.refresh_from_db()
    assert ready.state == State.READY


def test_an_engine_that_did_not_answer_in_between_counts_for_nothing(ready, engine, later):
    engine.dead = True
    sweep.reconcile()
    later(60)
    sweep.reconcile()
    engine.dead = False
    engine.standing.clear()
    sweep.reconcile()
    ready.refresh_from_db()
    assert ready.state == State.READY


def test_one_whose_hosts_all_stopped_counts_as_lost(ready, engine, later):
    stand(engine, ready.pk, running=0)
    sweep.reconcile()
    later(9)
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
    away.refresh_from_db()
    ready.refresh_from_db()
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


# --- nodes that are away, and a name given twice ---


@pytest.fixture
def opening_elsewhere(engine, redis, node1, alice, sent):
    away = Node.objects.create(name="away", seen_at=timezone.now() - timedelta(seconds=61))
    sandbox = Sandbox.objects.create(learner=alice, state=State.OPENING, node=away)
    Action.objects.create(sandbox=sandbox, kind="open", state=Action.State.RUNNING)
    return sandbox


def test_what_a_node_was_opening_when_it_went_away_is_opened_by_another(
    opening_elsewhere, sent, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        sweep.reconcile()
    opening_elsewhere.refresh_from_db()
    assert (opening_elsewhere.state, opening_elsewhere.node, opening_elsewhere.generation) == (State.QUEUED, None, 2)
    action = opening_elsewhere.actions.get()
    assert ("open_sandbox", "open.26", action.pk) in sent
    work.open_sandbox(action.pk)
    opening_elsewhere.refresh_from_db()
    assert (opening_elsewhere.state, opening_elsewhere.node_id) == (State.READY, "node1")


def test_not_while_its_lease_holds(opening_elsewhere):
    Sandbox.objects.update(lease=3, leased_until=timezone.now() + timedelta(seconds=20))
    sweep.reconcile()
    opening_elsewhere.refresh_from_db()
    assert opening_elsewhere.state == State.OPENING


def test_columns_and_prepared_ones_stay_with_their_node(opening_elsewhere):
    Sandbox.objects.update(learner=None, class_id="c")
    sweep.reconcile()
    opening_elsewhere.refresh_from_db()
    assert opening_elsewhere.state == State.OPENING


def test_of_two_machines_with_one_name_the_second_does_nothing(ready, engine, later, caplog):
    Node.objects.update(holder="another machine", seen_at=timezone.now(), sweeps=5)
    engine.standing.clear()
    for _ in range(3):
        sweep.reconcile()
        later(20)
    ready.refresh_from_db()
    assert ready.state == State.READY
    assert "another machine has this node's name" in caplog.text


def test_nor_does_its_worker(ready, engine, bob, django_capture_on_commit_callbacks):
    Node.objects.update(holder="another machine")
    waiting = Sandbox.objects.create(learner=bob, state=State.QUEUED)
    action = Action.objects.create(sandbox=waiting, kind="open")
    work.open_sandbox(action.pk)
    waiting.refresh_from_db()
    assert waiting.state == State.QUEUED


def test_the_name_of_a_machine_that_is_gone_is_taken_over(ready, engine):
    Node.objects.update(holder="another machine", seen_at=timezone.now() - timedelta(seconds=61))
    sweep.reconcile()
    assert Node.objects.get().holder == identity()


def test_one_that_an_operator_adopted_is_closed_at_its_time(engine, redis, node1, sent):
    sandbox = Sandbox.objects.create(
        state=State.READY, node=node1, expires_at=timezone.now() - timedelta(seconds=1), ready_at=timezone.now()
    )
    sweep.reconcile()
    sandbox.refresh_from_db()
    assert sandbox.state == State.CLOSING
