"""A database that was restored from an older copy: the node keeps what it does not know, and an operator decides."""

from __future__ import annotations

import json
import time
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db.models import F
from django.utils import timezone

from explorer.node.reconcile import decide, sweep
from explorer.node.reconcile.memory import memory_file, read_memory
from explorer.node.this_node import hold
from explorer.sandboxes.models import Node, Sandbox
from tests.one_node import Standing

State = Sandbox.State
LONG = 3600.0


@pytest.fixture(autouse=True)
def no_warm(settings):
    settings.WARM_SANDBOXES = 0


@pytest.fixture
def clock(monkeypatch):
    real, passed = time.time, [0.0]
    monkeypatch.setattr("explorer.node.reconcile.sweep.time.time", lambda: real() + passed[0])
    return lambda seconds: passed.__setitem__(0, passed[0] + seconds)


def stand(engine, sandbox, generation=1, seconds=LONG):
    engine.standing[sandbox, generation] = Standing(sandbox, generation, time.time() + seconds)


@pytest.fixture
def restored(ready, engine, clock):
    """Thirty sweeps later, the database is the one of an hour ago: it knows Alice's sandbox, and not two newer ones."""
    for _ in range(3):
        sweep.reconcile()
    Node.objects.update(sweeps=F("sweeps") - 2)
    stand(engine, "newer1")
    stand(engine, "newer2")
    return ready


def report(capsys, *words):
    capsys.readouterr()
    call_command("reconcile", *words, "--json")
    return json.loads(capsys.readouterr().out)


def test_what_it_does_not_know_is_kept_for_as_long_as_it_lives(restored, engine, clock, caplog):
    for _ in range(5):
        sweep.reconcile()
        clock(LONG / 6)
    assert {name for name, _ in engine.standing} == {restored.pk, "newer1", "newer2"}
    assert "OLDER DATABASE" in caplog.text


def test_it_is_in_the_nodes_row(restored):
    sweep.reconcile()
    health = Node.objects.get().health
    assert (health["kept"], health["braked"]) == (2, 0)
    assert health["older_database"] > 0
    assert {one["sandbox"] for one in health["reaper"]} == {"newer1", "newer2"}


def test_the_node_remembers_it_through_a_restart(restored, engine, clock):
    sweep.reconcile()
    clock(700)
    assert json.loads(memory_file().read_text())["restored_at"] > 0
    sweep.reconcile()
    clock(700)
    sweep.reconcile()
    assert len(engine.standing) == 3


def test_another_database_is_an_older_one_too(ready, engine, clock):
    """An empty database, or another installation's: it has no row of this node, so it begins to count again."""
    for _ in range(3):
        sweep.reconcile()
    Sandbox.objects.all().delete()
    Node.objects.all().delete()
    for _ in range(3):
        sweep.reconcile()
        clock(700)
    assert (ready.pk, 1) in engine.standing


def test_without_a_restore_strays_go_after_their_ten_minutes(ready, engine, clock):
    for _ in range(3):
        sweep.reconcile()
    stand(engine, "stray")
    sweep.reconcile()
    clock(601)
    sweep.reconcile()
    assert {name for name, _ in engine.standing} == {ready.pk}


def test_what_it_positively_knows_to_be_over_goes(restored, engine, node1):
    over = Sandbox.objects.create(state=State.CLOSED, node=node1)
    stand(engine, over.pk)
    sweep.reconcile()
    assert (over.pk, 1) not in engine.standing


def test_one_that_was_rebuilt_after_the_copy_was_made_is_kept_and_not_lost(restored, engine, clock):
    del engine.standing[restored.pk, 1]
    stand(engine, restored.pk, 2)
    for _ in range(3):
        sweep.reconcile()
        clock(20)
    restored.refresh_from_db()
    assert restored.state == State.READY
    assert (restored.pk, 2) in engine.standing


def test_when_the_last_unknown_one_has_ended_everything_is_as_before(restored, engine, clock):
    sweep.reconcile()
    for name in ("newer1", "newer2"):
        del engine.standing[name, 1]
    sweep.reconcile()
    assert read_memory().restored_at == 0
    sweep.reconcile()
    assert Node.objects.get().health["older_database"] == 0


# --- the operator ---


def test_a_dry_run_says_what_and_why_and_changes_nothing(restored, engine, node1, capsys):
    over = Sandbox.objects.create(state=State.CLOSED, node=node1)
    stand(engine, over.pk)
    before = (dict(engine.standing), Node.objects.get().sweeps, memory_file().read_text())
    told = report(capsys, "--dry-run")
    assert told["remove"] == [{"sandbox": over.pk, "generation": 1, "why": "its row is over", "objects": 3}]
    assert {one["sandbox"] for one in told["kept"]} == {"newer1", "newer2"}
    assert told["sweeps_missing"] == 2
    assert (dict(engine.standing), Node.objects.get().sweeps, memory_file().read_text()) == before


def test_as_text_it_names_each_with_its_reason(restored, engine, capsys):
    call_command("reconcile", "--dry-run")
    said = capsys.readouterr().out
    assert "lacks 2 sweeps" in said
    assert "newer1 generation 1, 3 objects: no row names it, and the database is an older copy" in said


def test_after_a_dry_run_the_sweep_does_that(engine, redis, node1, capsys):
    for _ in range(3):
        stand(engine, Sandbox.objects.create(state=State.CLOSED, node=node1).pk)
    planned = {one["sandbox"] for one in report(capsys, "--dry-run")["remove"]}
    call_command("reconcile")
    assert {name for name, _ in engine.closed} == planned
    assert len(planned) == 3


def test_a_sweep_by_hand_says_neither_that_a_worker_is_here_nor_that_its_node_is_lost(ready):
    long_ago = timezone.now() - timedelta(hours=1)
    Node.objects.update(seen_at=long_ago)
    call_command("reconcile")
    ready.refresh_from_db()
    assert Node.objects.get().seen_at == long_ago
    assert ready.state == State.READY


def test_an_operator_has_them_removed(restored, engine, capsys):
    sweep.reconcile()
    assert report(capsys, "--remove", "newer1")["done"] == ["newer1: removed."]
    assert {name for name, _ in engine.standing} == {restored.pk, "newer2"}


def test_an_operator_gives_them_a_row_again(restored, engine, clock, capsys):
    sweep.reconcile()
    report(capsys, "--adopt", "all")
    rows = Sandbox.objects.filter(pk__in=["newer1", "newer2"])
    assert {(row.state, row.node_id, row.learner) for row in rows} == {(State.READY, "node1", None)}
    assert rows[0].facts["hosts"]["h1"]["container"] == "c-h1"
    assert rows[0].expires_at <= timezone.now() + timedelta(hours=1)
    for _ in range(3):
        sweep.reconcile()
        clock(20)
    assert len(engine.standing) == 3
    assert Node.objects.get().health["kept"] == 0


def test_a_rebuilt_one_gets_its_row_again(restored, engine, capsys):
    del engine.standing[restored.pk, 1]
    stand(engine, restored.pk, 2)
    sweep.reconcile()
    report(capsys, "--adopt", restored.pk)
    restored.refresh_from_db()
    assert (restored.generation, restored.state) == (2, State.READY)
    assert restored.facts["subnet"] == "10.77.9.0/24"


@pytest.mark.parametrize("names", [["all"], ["newer1"]])
def test_what_runs_with_a_row_is_no_operators_to_decide_here(restored, engine, names):
    sweep.reconcile()
    chosen, unknown = decide.choose(decide.look().plan, names)
    assert restored.pk not in {one.sandbox for one in chosen}
    assert unknown == []


def test_a_name_that_waits_for_no_decision_is_refused(restored, engine, capsys):
    sweep.reconcile()
    with pytest.raises(SystemExit):
        call_command("reconcile", "--remove", restored.pk)
    assert (restored.pk, 1) in engine.standing


def test_a_sweep_by_hand_says_when_a_worker_sweeps_at_that_moment(ready, capsys):
    with hold("reconcile"), pytest.raises(SystemExit):
        call_command("reconcile")
    assert "sweeps at this moment" in "".join(capsys.readouterr())
