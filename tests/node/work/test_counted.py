"""What operators see of openings, resets and the reconciler is counted where it happens."""

from __future__ import annotations

import pytest

from explorer.node.reconcile import sweep
from explorer.node.work import work
from explorer.sandboxes.figures import read_figures
from explorer.sandboxes.models import Node, Sandbox
from tests.asking import open_for
from tests.one_node import Standing

State = Sandbox.State


@pytest.fixture(autouse=True)
def no_warm(settings):
    settings.WARM_SANDBOXES = 0


def told(redis, name):
    return {one.labels: (dict(one.buckets).get("+Inf") or one.value) for one in read_figures(redis) if one.name == name}


def test_an_opening_is_timed_by_phase_and_as_a_whole(ready, redis):
    phases = told(redis, "explorer_opening_seconds")
    assert set(phases) == {("reserved",), ("starting_host",), ("loading_images",), ("building_scenario",), ("whole",)}
    assert set(phases.values()) == {1}
    assert told(redis, "explorer_openings_total") == {("node1", "ready"): 1}


def test_one_that_failed_is_counted_as_failed(redis, engine, sent, node1, alice, host_trouble):
    engine.trouble = host_trouble
    work.open_sandbox(open_for(alice).actions.get().pk)
    assert told(redis, "explorer_openings_total") == {("node1", "failed"): 1}
    assert ("whole",) not in told(redis, "explorer_opening_seconds")


def test_what_the_reconciler_removed_is_counted_by_reason(redis, engine, node1):
    over = Sandbox.objects.create(state=State.CLOSED, node=node1)
    engine.standing[over.pk, 1] = Standing(over.pk, 1, 9e9)
    sweep.reconcile()
    assert told(redis, "explorer_reaper_removed_total") == {("node1", "its_row_is_over"): 1}


def test_a_sweep_that_the_brake_held_is_counted(redis, engine, node1):
    other = Node.objects.create(name="other")
    for _ in range(5):
        row = Sandbox.objects.create(state=State.CLOSING, node=other)
        engine.standing[row.pk, 1] = Standing(row.pk, 1, 9e9)
    sweep.reconcile()
    assert told(redis, "explorer_reaper_braked_total") == {("node1",): 1}
    assert told(redis, "explorer_reaper_removed_total") == {}
