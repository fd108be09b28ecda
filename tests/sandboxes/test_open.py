from datetime import timedelta

import pytest
from django.utils import timezone

from explorer.lab.errors import NoRoom
from explorer.node.reconcile import sweep
from explorer.node.work import work
from explorer.sandboxes import changes, life, limits, streams
from explorer.sandboxes.models import Action, Node, Sandbox
from tests.asking import open_for

State = Sandbox.State


def opening_of(sandbox):
    return sandbox.actions.get(kind="open")


def test_it_is_queued_with_an_action_and_a_task(engine, sent, node1, alice, django_capture_on_commit_callbacks, redis):
    with django_capture_on_commit_callbacks(execute=True):
        sandbox = open_for(alice)
    assert sandbox.state == State.QUEUED
    assert sent == [("open_sandbox", "open.26", opening_of(sandbox).pk)]
    told = streams.read_since(redis, sandbox.pk).events
    assert (told[0].state, told[0].position) == ("queued", 1)


def test_asking_again_returns_it(engine, sent, node1, alice, redis):
    assert open_for(alice) == open_for(alice)
    assert Sandbox.objects.count() == 1


def test_another_lesson_moves_the_running_one(engine, sent, node1, alice, redis):
    open_for(alice, lesson="start-here")
    assert open_for(alice, lesson="bridge").lesson == "bridge"


@pytest.mark.django_db(transaction=True)
def test_every_phase_is_told(ready, redis):
    told = [event.phase for event in streams.read_since(redis, ready.pk).events if event.type == "sandbox_changed"]
    assert told == ["queued", "taken", "reserved", "starting host", "loading images", "building scenario", "ready"]
    assert ready.state == State.READY
    assert ready.facts["hosts"]["h1"]["address"] == "10.77.3.11"
    assert opening_of(ready).state == Action.State.SUCCEEDED
    assert ready.expires_at - timezone.now() > timedelta(minutes=59)


def test_the_host_outlives_every_promise_of_the_row(ready, engine, settings):
    longest = ready.ready_at + timedelta(minutes=settings.SANDBOX_MINUTES) * (1 + settings.SANDBOX_EXTENSIONS)
    assert engine.standing[ready.pk, 1].expires_at > longest.timestamp()


def test_delivered_twice_it_is_built_once(ready, engine):
    work.open_sandbox(opening_of(ready).pk)
    assert engine.opened == [(ready.pk, 1)]


def test_a_worker_killed_after_the_engine_was_done_is_taken_up_again(ready, engine):
    Sandbox.objects.update(state=State.OPENING, facts={}, ready_at=None)  # as if the row had never been written
    Action.objects.update(state=Action.State.RUNNING)
    work.open_sandbox(opening_of(ready).pk)
    ready.refresh_from_db()
    assert ready.state == State.READY
    assert ready.facts
    assert list(engine.standing) == [(ready.pk, 1)]


def test_a_lost_task_is_asked_for_again(engine, sent, node1, alice, django_capture_on_commit_callbacks, redis):
    sandbox = open_for(alice)
    Sandbox.objects.update(moved_at=timezone.now() - timedelta(seconds=20))
    with django_capture_on_commit_callbacks(execute=True):
        sweep.reconcile()
    assert ("open_sandbox", "open.26", opening_of(sandbox).pk) in sent


def test_nobody_waits_for_ever(engine, sent, node1, alice, redis):
    sandbox = open_for(alice)
    Sandbox.objects.update(moved_at=timezone.now() - timedelta(minutes=6))
    Action.objects.update(created_at=timezone.now() - timedelta(minutes=6))
    sweep.reconcile()
    sandbox.refresh_from_db()
    assert sandbox.state == State.FAILED
    assert "please try again" in sandbox.reason
    assert opening_of(sandbox).state == Action.State.FAILED


def test_a_failure_says_whose_it_is_and_leaves_nothing(engine, sent, node1, alice, host_trouble, redis):
    engine.trouble = host_trouble
    sandbox = open_for(alice)
    work.open_sandbox(opening_of(sandbox).pk)
    sandbox.refresh_from_db()
    assert sandbox.state == State.FAILED
    assert sandbox.reason.startswith("The Docker daemon of h1 did not start.")
    assert opening_of(sandbox).reason == sandbox.reason
    assert (sandbox.pk, None) in engine.closed
    assert open_for(alice) != sandbox


def test_what_nobody_foresaw_fails_the_row_too(engine, sent, node1, alice, redis):
    engine.trouble = ZeroDivisionError("oops")
    sandbox = open_for(alice)
    work.open_sandbox(opening_of(sandbox).pk)
    sandbox.refresh_from_db()
    assert sandbox.state == State.FAILED
    assert "oops" not in sandbox.reason


def test_closed_while_building_nothing_is_left(engine, sent, node1, alice, redis):
    sandbox = open_for(alice)
    engine.meanwhile = lambda: life.close_sandbox(sandbox)
    work.open_sandbox(opening_of(sandbox).pk)
    work.close_sandbox(sandbox.actions.get(kind="close").pk)
    sandbox.refresh_from_db()
    assert sandbox.state == State.CLOSED
    assert not engine.standing
    assert opening_of(sandbox).state == Action.State.EXPIRED


def test_a_node_without_room_gives_it_back(engine, sent, node1, alice, redis):
    engine.trouble = NoRoom("full")
    sandbox = open_for(alice)
    work.open_sandbox(opening_of(sandbox).pk)
    sandbox.refresh_from_db()
    assert (sandbox.state, sandbox.node) == (State.QUEUED, None)


def test_a_full_node_does_not_take_it(ready, engine, sent, bob):
    engine.room = 1
    sandbox = open_for(bob)
    work.open_sandbox(opening_of(sandbox).pk)
    sandbox.refresh_from_db()
    assert sandbox.state == State.QUEUED


def test_no_node_is_said_kindly(engine, sent, alice, db):
    with pytest.raises(limits.Refused) as refused:
        open_for(alice)
    assert refused.value.code == "no_node"


def test_full_is_said_kindly_with_numbers(ready, bob):
    Node.objects.update(capacity=1)
    with pytest.raises(limits.Refused) as refused:
        open_for(bob)
    assert refused.value.code == "full"
    assert refused.value.numbers == {"total": 1, "free": 0}
    assert "try again" in refused.value.sentence


def test_a_draining_node_takes_nobody(node1, alice, sent):
    Node.objects.update(draining=True)
    with pytest.raises(limits.Refused, match="No machine"):
        open_for(alice)


def test_opens_per_hour_are_limited(engine, sent, node1, alice, settings, redis):
    settings.OPENS_PER_HOUR = 2
    for _ in range(2):
        life.close_sandbox(open_for(alice))
    with pytest.raises(limits.Refused) as refused:
        open_for(alice)
    assert refused.value.code == "too_many_opens"


def test_an_unknown_scenario_is_refused(node1, alice):
    with pytest.raises(limits.Refused):
        open_for(alice, scenario="../../etc")


def test_redis_away_loses_no_intent(engine, node1, alice, settings, django_capture_on_commit_callbacks):
    settings.REDIS_URL = "unix:///nonexistent/socket"
    with django_capture_on_commit_callbacks(execute=True):
        sandbox = open_for(alice)
    work.open_sandbox(opening_of(sandbox).pk)
    sandbox.refresh_from_db()
    assert sandbox.state == State.READY


# --- warm ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def warm(engine, sent, node1, redis, settings):
    settings.WARM_SANDBOXES = 1
    sweep.reconcile()
    sandbox = Sandbox.objects.get()
    work.open_sandbox(opening_of(sandbox).pk)
    sandbox.refresh_from_db()
    return sandbox


def test_one_is_kept_warm(warm, engine):
    assert (warm.state, warm.learner) == (State.WARM, None)
    sweep.reconcile()
    assert Sandbox.objects.count() == 1


def test_a_warm_one_is_ready_at_once_and_refilled(warm, alice, sent, django_capture_on_commit_callbacks, settings):
    with django_capture_on_commit_callbacks(execute=True):
        sandbox = open_for(alice, lesson="bridge")
    assert (sandbox.pk, sandbox.state, sandbox.lesson) == (warm.pk, State.READY, "bridge")
    assert sandbox.expires_at - timezone.now() > timedelta(minutes=59)
    assert sent[-1] == ("reconcile", f"node.{settings.NODE_NAME}")


def test_a_warm_one_is_claimed_by_one(warm, alice, bob):
    assert open_for(alice) != open_for(bob)


def test_an_old_warm_one_is_not_given_out(warm, alice):
    Sandbox.objects.update(created_at=timezone.now() - changes.WARM_LIFE)
    assert open_for(alice) != warm


def test_one_being_made_for_nobody_can_be_claimed(engine, sent, node1, alice, redis, settings):
    settings.WARM_SANDBOXES = 1
    sweep.reconcile()
    common = Sandbox.objects.get()
    claimed = []
    engine.meanwhile = lambda: claimed.append(open_for(alice))
    work.open_sandbox(opening_of(common).pk)
    common.refresh_from_db()
    assert claimed == [common]
    assert (common.state, common.learner) == (State.READY, alice)
    assert common.expires_at


def test_a_warm_one_gives_way(warm, alice, engine):
    engine.room = 1
    sandbox = open_for(alice, scenario="two-hosts")
    work.open_sandbox(opening_of(sandbox).pk)
    sandbox.refresh_from_db()
    warm.refresh_from_db()
    assert (sandbox.state, warm.state) == (State.READY, State.CLOSED)
