"""Two workers that both believe a row is theirs: what the one with the older lease does has no effect."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from explorer.node.work import lease as leases
from explorer.node.work import work
from explorer.node.work.lease import leased
from explorer.sandboxes import changes
from explorer.sandboxes.models import Action, Sandbox
from tests.asking import open_for
from tests.one_node import Engine

State = Sandbox.State


@pytest.fixture
def queued(redis, engine, sent, node1, alice):
    sandbox = open_for(alice)
    return sandbox, sandbox.actions.get()


@pytest.fixture
def machines(monkeypatch, engine):
    """Turns this process into a worker of the first or the second machine of that name; each has an engine of its own."""
    engines = {"first": engine, "second": Engine()}

    def be(which):
        monkeypatch.setattr(work, "identity", lambda: which)
        monkeypatch.setattr(leases, "identity", lambda: which)
        monkeypatch.setattr(work, "lifecycle", engines[which])
        monkeypatch.setattr(work, "lock_of", lambda sandbox: f"{which}-{sandbox.pk}")
        return engines[which]

    be("first")
    return be


def lapse():
    """The first machine was paused, so it has not renewed its lease."""
    Sandbox.objects.update(leased_until=timezone.now() - timedelta(seconds=1))


def test_a_worker_gives_its_lease_back(queued, engine):
    sandbox, action = queued
    work.open_sandbox(action.pk)
    sandbox.refresh_from_db()
    assert (sandbox.state, sandbox.lease, sandbox.leased_until) == (State.READY, 1, None)


def test_while_one_works_another_machine_does_nothing(queued, machines, engine):
    sandbox, action = queued

    def meanwhile():
        second = machines("second")
        work.open_sandbox(action.pk)
        assert not second.opened
        machines("first")

    engine.meanwhile = meanwhile
    work.open_sandbox(action.pk)
    sandbox.refresh_from_db()
    assert sandbox.state == State.READY


@pytest.mark.parametrize("end", [None, RuntimeError("broken"), pytest.param("trouble", id="host error")])
def test_a_worker_that_was_paused_changes_nothing_when_it_goes_on(queued, machines, engine, end, host_trouble):
    """Both build. The second took the row when the first one's lease had lapsed, so only its end counts."""
    sandbox, action = queued
    seen: dict[str, Any] = {}

    def meanwhile():
        lapse()
        second = machines("second")
        work.open_sandbox(action.pk)
        seen["row"] = Sandbox.objects.values().get(pk=sandbox.pk)
        seen["second"] = dict(second.standing)
        seen["engine"] = second
        machines("first")

    engine.meanwhile = meanwhile
    engine.trouble = host_trouble if end == "trouble" else end
    work.open_sandbox(action.pk)
    assert seen["row"]["state"] == State.READY
    assert Sandbox.objects.values().get(pk=sandbox.pk) == seen["row"]
    assert seen["engine"].standing == seen["second"]
    assert seen["engine"].standing
    action.refresh_from_db()
    assert action.state == Action.State.SUCCEEDED


def test_its_failure_is_not_the_failure_of_the_one_that_works_now(queued, machines, engine, host_trouble):
    sandbox, action = queued

    def meanwhile():
        lapse()
        assert changes.take_lease(sandbox, "second")

    engine.meanwhile, engine.trouble = meanwhile, host_trouble
    work.open_sandbox(action.pk)
    action.refresh_from_db()
    sandbox.refresh_from_db()
    assert (action.state, sandbox.state) == (Action.State.RUNNING, State.OPENING)


def test_a_row_that_went_back_and_was_claimed_again_is_not_ready_by_what_the_first_built(queued, machines, engine):
    """The second has claimed it and not taken its lease yet, so the row still has the first one's number."""
    sandbox, action = queued

    def meanwhile():
        lapse()
        sandbox.refresh_from_db()
        assert changes.take_back(sandbox)
        Sandbox.objects.update(state=State.OPENING, node="node1")

    engine.meanwhile = meanwhile
    work.open_sandbox(action.pk)
    sandbox.refresh_from_db()
    assert (sandbox.state, sandbox.facts) == (State.OPENING, {})


def test_a_close_of_a_paused_worker_ends_nothing_that_was_opened_since(ready, machines, engine, monkeypatch):
    changes.move(ready, [State.READY], state=State.CLOSING)
    action = Action.objects.create(sandbox=ready, kind="close")
    real = engine.close_sandbox

    def slow(*words):
        lapse()
        assert changes.take_lease(ready, "second") > 1
        return real(*words)

    monkeypatch.setattr(engine, "close_sandbox", slow)
    work.close_sandbox(action.pk)
    ready.refresh_from_db()
    assert ready.state == State.CLOSING


def test_a_worker_that_died_leaves_its_lease_to_its_own_machine(queued, machines):
    sandbox, action = queued
    changes.take_lease(sandbox, "first")
    work.open_sandbox(action.pk)
    sandbox.refresh_from_db()
    assert sandbox.state == State.READY


def test_a_lease_that_is_not_renewed_ends_in_a_minute(queued):
    sandbox, _ = queued
    changes.take_lease(sandbox, "first")
    assert timedelta(seconds=60) == changes.LEASE
    assert not changes.take_lease(sandbox, "second")
    lapse()
    assert changes.take_lease(sandbox, "second") == 2


def test_a_lease_from_before_the_clock_was_set_back_holds_nothing_up(queued):
    sandbox, _ = queued
    changes.take_lease(sandbox, "first")
    Sandbox.objects.update(leased_until=timezone.now() + timedelta(hours=1))
    assert changes.take_lease(sandbox, "second") == 2


def test_it_is_renewed_while_work_goes_on(queued, monkeypatch):
    sandbox, _ = queued
    renewed, thrice = [], threading.Event()

    def renew(*words):
        renewed.append(words)
        if len(renewed) == 3:
            thrice.set()
        return len(renewed) < 3

    monkeypatch.setattr(leases, "RENEWED", 0.01)
    monkeypatch.setattr(changes, "renew_lease", renew)
    with leased(sandbox) as lease:
        assert lease
        assert thrice.wait(20)
    assert renewed == [(sandbox.pk, 1)] * 3


steps = st.lists(
    st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(["take", "write", "renew", "end", "lapse"])), max_size=30
)


@given(steps)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
def test_only_the_newest_lease_writes(node1, steps):
    """Two machines take, renew, end and let lapse in any order. Only who took the row last can change it."""
    with transaction.atomic():
        sandbox = Sandbox.objects.create(state=State.OPENING, node=node1)
        held, newest = {"a": 0, "b": 0}, ""
        for who, what in steps:
            number = held[who]
            if what == "take":
                if taken := changes.take_lease(sandbox, who):
                    held[who], newest = taken, who
            elif what == "write":
                wrote = changes.move(sandbox, [State.OPENING], where=Q(lease=number), phase=who)
                assert wrote == ((number > 0 and who == newest) or number == 0 == sandbox.lease)
            elif what == "renew":
                assert changes.renew_lease(sandbox.pk, number or -1) == (number > 0 and who == newest)
            elif what == "end":
                changes.end_lease(sandbox.pk, number or -1)
            else:
                lapse()
        transaction.set_rollback(True)
