"""What the reconciler notes for the panel: samples, usage, labdoctor's findings; and what is marked for removal."""

from datetime import timedelta

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.utils import timezone

from explorer.lab.errors import NodeError
from explorer.lab.usage import Usage
from explorer.node.reconcile import node_health, sweep
from explorer.sandboxes.events import present_key
from explorer.sandboxes.models import Node, NodeSample, Sandbox

State = Sandbox.State
CHECK = {"name": "tcpdump", "ok": False, "must": False, "found": "missing", "cure": "install it"}


@pytest.fixture(autouse=True)
def no_warm(settings):
    settings.WARM_SANDBOXES = 0


@pytest.fixture
def doctor(monkeypatch):
    """labdoctor, who says or raises `answers`, and counts how often it is asked."""

    class Doctor:
        answer = {"ok": True, "checks": [CHECK, {**CHECK, "ok": True}]}
        asked = 0

        def examine(self, config):
            self.asked += 1
            if isinstance(self.answer, BaseException):
                raise self.answer
            return self.answer

    fake = Doctor()
    monkeypatch.setattr(node_health, "doctor", fake)
    return fake


# --- how full ---


def test_a_node_is_sampled_once_a_minute(ready, node1):
    sweep.reconcile()
    sweep.reconcile()
    sample = NodeSample.objects.get()
    assert (sample.live, sample.warm, sample.capacity) == (1, 0, 4)
    NodeSample.objects.update(at=timezone.now() - timedelta(minutes=1))
    sweep.reconcile()
    assert NodeSample.objects.count() == 2


def test_samples_are_kept_for_a_week(engine, redis, node1):
    old = timezone.now() - timedelta(days=7, minutes=1)
    NodeSample.objects.create(node=node1, at=old)
    sweep.reconcile()
    assert NodeSample.objects.filter(at=old).count() == 0


# --- what is taken ---


@pytest.fixture
def takes(monkeypatch):
    seen = {"now": Usage(memory=61 * 2**20, cpu=10.0, containers=2)}
    monkeypatch.setattr("explorer.node.reconcile.node_health.usage.read_usage", lambda config, names: seen["now"])
    return seen


def test_usage_is_written_when_it_is_noticeably_different(ready, takes, django_assert_num_queries):
    sweep.reconcile()
    ready.refresh_from_db()
    assert (ready.usage["memory_mb"], ready.usage["containers"], ready.usage["cpu_percent"]) == (61, 2, 0.0)
    takes["now"] = Usage(memory=62 * 2**20, cpu=10.01, containers=2)
    ready.usage["at"] -= 10
    with django_assert_num_queries(0):
        node_health.note_usage(None, [ready])
    takes["now"] = Usage(memory=90 * 2**20, cpu=15.0, containers=3)
    node_health.note_usage(None, [ready])
    ready.refresh_from_db()
    assert (ready.usage["memory_mb"], ready.usage["containers"]) == (90, 3)
    assert 45 <= ready.usage["cpu_percent"] <= 51  # five seconds of work in ten


def test_a_rebuilt_sandbox_begins_anew():
    before = {"cpu_seconds": 100.0, "at": 1000.0}
    assert node_health.describe(Usage(cpu=2.0), before, 1010.0)["cpu_percent"] == 0


def test_what_has_not_changed_is_told_again_after_a_minute():
    told = {"memory_mb": 1, "cpu_percent": 0.0, "containers": 0, "at": 100.0}
    assert not node_health.is_different(told, {**told, "at": 159.0})
    assert node_health.is_different(told, {**told, "at": 160.0})


def test_one_whose_groups_are_gone_keeps_what_was_seen(ready, takes):
    Sandbox.objects.update(usage={"memory_mb": 7})
    takes["now"] = None
    sweep.reconcile()
    ready.refresh_from_db()
    assert ready.usage == {"memory_mb": 7}


# --- labdoctor ---


def test_labdoctor_is_asked_in_a_task_of_its_own_and_hourly(
    engine, redis, node1, sent, doctor, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        sweep.reconcile()
    assert ("examine", "node.node1") in sent
    assert doctor.asked == 0
    node_health.examine()
    sent.clear()
    with django_capture_on_commit_callbacks(execute=True):
        sweep.reconcile()
    assert "examine" not in [task for task, *_ in sent]


def test_what_it_found_stays_through_sweeps_and_is_found_once(engine, redis, node1, doctor):
    node_health.examine()
    node_health.examine()
    sweep.reconcile()
    health = Node.objects.get().health
    assert doctor.asked == 1
    assert health["doctor"]["findings"] == [{"name": "tcpdump", "must": False, "found": "missing", "cure": "install it"}]
    assert health["memory_mb"] > 0


def test_a_dead_engine_leaves_nothing_stale_but_what_labdoctor_said(engine, redis, node1, doctor):
    node_health.examine()
    sweep.reconcile()
    engine.dead = True
    sweep.reconcile()
    health = Node.objects.get().health
    assert "load" not in health
    assert health["doctor"]["findings"]


@pytest.mark.parametrize("trouble", [NodeError("the engine is away"), OSError("no such file"), SoftTimeLimitExceeded()])
def test_that_it_could_not_be_done_is_said_and_not_tried_at_once(engine, redis, node1, doctor, trouble):
    doctor.answer = trouble
    node_health.examine()
    node_health.examine()
    assert doctor.asked == 1
    assert Node.objects.get().health["doctor"]["error"]


def test_what_labdoctor_says_is_bounded(engine, redis, node1, doctor):
    doctor.answer = {"ok": True, "checks": [{**CHECK, "found": "x" * 10_000}]}
    node_health.examine()
    assert len(Node.objects.get().health["doctor"]["findings"][0]["found"]) == 300


# --- marked for removal ---


def state_of(sandbox):
    return Sandbox.objects.get(pk=sandbox.pk).state


def mark(sandbox, **fields):
    Sandbox.objects.filter(pk=sandbox.pk).update(**{"marked_at": timezone.now(), **fields})


def test_a_marked_sandbox_goes_at_once_when_nobody_is_in_it(ready):
    mark(ready)
    sweep.reconcile()
    assert state_of(ready) == State.CLOSING


def test_one_that_somebody_works_in_waits(ready, redis):
    redis.set(present_key(ready.pk), 1)
    mark(ready)
    sweep.reconcile()
    assert state_of(ready) == State.READY
    redis.delete(present_key(ready.pk))
    sweep.reconcile()
    assert state_of(ready) == State.CLOSING


def test_but_not_for_longer_than_ten_minutes(ready, redis):
    redis.set(present_key(ready.pk), 1)
    mark(ready, marked_at=timezone.now() - timedelta(minutes=10, seconds=1))
    sweep.reconcile()
    assert state_of(ready) == State.CLOSING


def test_without_redis_somebody_may_be_there(ready, settings, tmp_path):
    settings.REDIS_URL = f"unix://{tmp_path / 'none'}"
    mark(ready)
    node_health.end_marked(ready.node)
    assert state_of(ready) == State.READY


@pytest.mark.parametrize("state", [State.OPENING, State.RESETTING, State.WARM])
def test_what_hangs_does_not_wait(ready, redis, state):
    redis.set(present_key(ready.pk), 1)
    mark(ready, state=state)
    node_health.end_marked(ready.node)
    assert state_of(ready) == State.CLOSING


def test_one_that_no_node_has_taken_goes_too(engine, redis, node1, alice):
    queued = Sandbox.objects.create(learner=alice, state=State.QUEUED, marked_at=timezone.now())
    node_health.end_marked(node1)
    assert state_of(queued) == State.CLOSED


def test_what_is_over_stays_as_it_is(ready):
    mark(ready, state=State.FAILED)
    node_health.end_marked(ready.node)
    assert state_of(ready) == State.FAILED
    assert not ready.actions.filter(kind="close").exists()
