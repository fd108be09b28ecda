"""The row of a sandbox changes in one file, `sandboxes/changes.py`; and there by one function, once, for one caller."""

from __future__ import annotations

import ast
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

import explorer
from explorer.sandboxes import changes
from explorer.sandboxes.changes import move
from explorer.sandboxes.models import Action, Sandbox

State = Sandbox.State
ROOM = Path(explorer.__file__).parent
WRITES = {"update", "bulk_update", "save", "update_or_create", "get_or_create", "bulk_create"}


def writers(source):
    """Lines in which a query that begins with `Sandbox.objects`, there or by a name given to it before, writes rows."""
    tree, lines = ast.parse(source), []
    for block in ast.walk(tree):
        if not isinstance(block, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        names = {
            target.id
            for node in ast.walk(block)
            if isinstance(node, ast.Assign) and ast.unparse(node.value).startswith("Sandbox.objects")
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(block):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WRITES:
                query = ast.unparse(node.func.value)
                if query.startswith("Sandbox.objects") or query.split(".")[0] in {*names, "sandbox"}:
                    lines.append(node.lineno)
    return sorted(set(lines))


def test_no_other_file_writes_a_sandboxs_row():
    found = {str(path.relative_to(ROOM)): lines for path in ROOM.rglob("*.py") if (lines := writers(path.read_text()))}
    assert set(found) == {"sandboxes/changes.py"}


@pytest.mark.parametrize(
    "written",
    [
        "Sandbox.objects.filter(pk=1).update(replay={})",
        "rows = Sandbox.objects.filter(pk=1)\n    rows.filter(learner=None).update(state='warm')",
        "Sandbox.objects.bulk_update([], ['usage'])",
        "sandbox.save()",
    ],
)
def test_such_a_writer_would_be_seen(written):
    assert writers(f"def f(sandbox):\n    {written}\n")


# --- and that function ---------------------------------------------------------------------------------------------


@pytest.fixture
def told(monkeypatch):
    """The sandboxes that browsers were told of."""
    heard = []
    monkeypatch.setattr(changes, "tell", lambda sandbox, detail="": heard.append((sandbox, detail)))
    return heard


@pytest.fixture
def sandbox(node1, alice):
    long_ago = timezone.now() - timedelta(hours=1)
    return Sandbox.objects.create(learner=alice, node=node1, state=State.READY, moved_at=long_ago)


def now(sandbox):
    return Sandbox.objects.get(pk=sandbox.pk)


def test_it_moves_from_a_state_that_was_named(sandbox, told):
    assert move(sandbox, [State.QUEUED, State.READY], state=State.RESETTING)
    assert now(sandbox).state == State.RESETTING


def test_it_stays_in_any_other_state(sandbox, told):
    assert not move(sandbox, [State.QUEUED], state=State.RESETTING)
    assert now(sandbox).state == State.READY


def test_two_callers_want_the_same_and_one_is_told_yes(sandbox, told):
    assert [move(sandbox, [State.READY], state=State.CLOSING) for _ in range(2)] == [True, False]


@pytest.mark.parametrize(("where", "moves"), [(Q(generation=1), True), (Q(generation=2), False), (Q(learner=None), False)])
def test_it_moves_only_while_what_was_seen_is_so(sandbox, told, where, moves):
    assert move(sandbox, [State.READY], where=where, phase="ready") is moves


def test_the_row_counts_and_not_what_the_caller_has_in_hand(sandbox, told):
    stale = now(sandbox)
    move(sandbox, [State.READY], extensions=F("extensions") + 1)
    assert not move(stale, [State.READY], where=Q(extensions=stale.extensions), extensions=F("extensions") + 1)
    assert now(sandbox).extensions == 1


def test_browsers_are_told_after_the_commit_and_not_before(sandbox, told, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        move(sandbox, [State.READY], phase="taken", detail="h1")
        assert told == []
    assert told == [(sandbox.pk, "h1")]


def test_what_was_taken_back_is_told_to_nobody(sandbox, told, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        move(sandbox, [State.READY], state=State.CLOSING)
        transaction.set_rollback(True)
    assert (told, now(sandbox).state) == ([], State.READY)


def test_nobody_is_told_of_what_did_not_move(sandbox, told, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        move(sandbox, [State.OPENING], state=State.CLOSING)
    assert told == []


@pytest.mark.parametrize("fields", [{"state": State.CLOSING}, {"phase": "reserved"}])
def test_a_step_forward_is_noted_with_its_time(sandbox, told, fields):
    move(sandbox, [State.READY], **fields)
    assert now(sandbox).moved_at > timezone.now() - timedelta(minutes=1)


@pytest.mark.parametrize("fields", [{"lesson": "bridge"}, {"marked_at": timezone.now()}, {"extensions": 1}])
def test_what_is_no_step_forward_hides_no_standstill(sandbox, told, fields):
    move(sandbox, [State.READY], **fields)
    assert now(sandbox).moved_at == sandbox.moved_at


def test_a_row_that_another_process_changed_while_it_was_told_is_told_again(sandbox, monkeypatch):
    """Otherwise the page would go on showing the older state, which was published last."""
    told = []

    def publish(sandbox_id, event):
        if not told:
            Sandbox.objects.filter(pk=sandbox_id).update(state=State.CLOSED)
        told.append(event.state)

    monkeypatch.setattr(changes, "publish", publish)
    changes.tell(sandbox.pk)
    assert told == [State.READY, State.CLOSED]


def test_what_it_takes_is_noted_and_told_to_nobody(sandbox, told, django_capture_on_commit_callbacks):
    sandbox.usage, sandbox.lesson = {"memory_mb": 40}, "not written"
    with django_capture_on_commit_callbacks(execute=True):
        changes.note_usage([sandbox])
    assert (now(sandbox).usage, now(sandbox).lesson, told) == ({"memory_mb": 40}, "", [])


def test_what_was_typed_again_is_forgotten_whatever_state_it_is_in(sandbox, bob, alice):
    over = Sandbox.objects.create(learner=alice, state=State.CLOSED, replay={"commands": ["secret"]})
    others = Sandbox.objects.create(learner=bob, replay={"commands": ["theirs"]})
    changes.forget_replays(Q(learner=alice))
    assert (now(over).replay, now(others).replay) == ({}, {"commands": ["theirs"]})


def test_a_node_begins_what_was_accepted_and_nothing_that_is_over(sandbox):
    accepted = Action.objects.create(sandbox=sandbox, kind="open")
    over = Action.objects.create(sandbox=sandbox, kind="open", state=Action.State.EXPIRED)
    for action in (accepted, over):
        changes.begin(action)
        action.refresh_from_db()
    assert (accepted.state, over.state) == (Action.State.RUNNING, Action.State.EXPIRED)


def test_an_action_ends_once(sandbox):
    action = Action.objects.create(sandbox=sandbox, kind="reset")
    assert changes.finish(action, Action.State.FAILED, "it broke")
    assert not changes.finish(action, Action.State.SUCCEEDED)
    action.refresh_from_db()
    assert (action.state, action.reason) == (Action.State.FAILED, "it broke")
