from datetime import timedelta

import pytest

from explorer.lab.errors import NodeError
from explorer.node.work import work
from explorer.sandboxes import life, limits
from explorer.sandboxes.models import Action, Sandbox
from tests.asking import open_for

State = Sandbox.State


def test_extending_adds_a_life(ready, settings):
    before = ready.expires_at
    extended = life.extend_sandbox(ready)
    assert extended.expires_at - before == timedelta(minutes=settings.SANDBOX_MINUTES)
    assert extended.extensions == 1


def test_two_clicks_on_the_same_countdown_extend_once(ready):
    stale = Sandbox.objects.get(pk=ready.pk)
    life.extend_sandbox(ready)
    assert life.extend_sandbox(stale).extensions == 1


def test_extensions_end(ready, settings):
    for _ in range(settings.SANDBOX_EXTENSIONS):
        life.extend_sandbox(ready)
    with pytest.raises(limits.Refused) as refused:
        life.extend_sandbox(ready)
    assert refused.value.code == "no_extensions"


def test_one_that_is_over_cannot_be_extended(ready):
    life.close_sandbox(ready)
    with pytest.raises(limits.Refused) as refused:
        life.extend_sandbox(ready)
    assert refused.value.code == "not_ready"


def test_reset_builds_a_new_generation_after_the_old_is_gone(ready, engine):
    action = life.reset_sandbox(ready)
    work.reset_sandbox(action.pk)
    ready.refresh_from_db()
    assert (ready.state, ready.generation) == (State.READY, 2)
    assert list(engine.standing) == [(ready.pk, 2)]


def test_resetting_twice_is_one_reset(ready, engine):
    first, second = life.reset_sandbox(ready), life.reset_sandbox(ready)
    assert first == second
    work.reset_sandbox(first.pk)
    work.reset_sandbox(first.pk)
    assert engine.opened == [(ready.pk, 1), (ready.pk, 2)]


def test_a_late_task_of_an_earlier_reset_builds_and_ends_the_later_one(ready, engine):
    first = life.reset_sandbox(ready)
    work.reset_sandbox(first.pk)
    second = life.reset_sandbox(ready)
    work.reset_sandbox(first.pk)
    work.reset_sandbox(second.pk)
    second.refresh_from_db()
    assert second.state == Action.State.SUCCEEDED
    assert engine.opened == [(ready.pk, 1), (ready.pk, 2), (ready.pk, 3)]


def test_a_reset_keeps_the_countdown(ready, engine):
    before = ready.expires_at
    work.reset_sandbox(life.reset_sandbox(ready).pk)
    ready.refresh_from_db()
    assert ready.expires_at == before


def test_a_reset_that_fails_says_so(ready, engine, host_trouble):
    action = life.reset_sandbox(ready)
    engine.trouble = host_trouble
    work.reset_sandbox(action.pk)
    ready.refresh_from_db()
    action.refresh_from_db()
    assert (ready.state, action.state) == (State.FAILED, Action.State.FAILED)
    assert not engine.standing


def test_closing_leaves_nothing(ready, engine):
    action = life.close_sandbox(ready)
    work.close_sandbox(action.pk)
    ready.refresh_from_db()
    action.refresh_from_db()
    assert (ready.state, action.state) == (State.CLOSED, Action.State.SUCCEEDED)
    assert not engine.standing


def test_closing_twice_and_late_is_no_error(ready, engine):
    first = life.close_sandbox(ready)
    assert life.close_sandbox(ready) == first
    work.close_sandbox(first.pk)
    work.close_sandbox(first.pk)
    assert life.close_sandbox(ready) == first


def test_closing_a_queued_one_needs_no_node(engine, sent, node1, alice, redis):
    sandbox = open_for(alice)
    assert life.close_sandbox(sandbox).state == Action.State.SUCCEEDED
    assert sandbox.state == State.CLOSED
    work.open_sandbox(sandbox.actions.get(kind="open").pk)
    assert not engine.opened


def test_closing_while_it_resets(ready, engine):
    reset = life.reset_sandbox(ready)
    closed = []
    engine.meanwhile = lambda: closed.append(life.close_sandbox(ready))
    work.reset_sandbox(reset.pk)
    work.close_sandbox(closed[0].pk)
    ready.refresh_from_db()
    reset.refresh_from_db()
    assert ready.state == State.CLOSED
    assert reset.state == Action.State.EXPIRED
    assert not engine.standing


def test_a_close_that_the_engine_does_not_answer_stays_wanted(ready, engine):
    action = life.close_sandbox(ready)
    engine.dead = True
    with pytest.raises(NodeError):
        work.close_sandbox(action.pk)
    engine.dead = False
    work.close_sandbox(action.pk)
    ready.refresh_from_db()
    assert ready.state == State.CLOSED


def test_a_learner_may_open_anew_while_the_old_one_closes(ready, alice):
    life.close_sandbox(ready)
    assert open_for(alice) != ready
