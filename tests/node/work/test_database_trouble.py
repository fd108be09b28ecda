"""A database that does not answer while a sandbox is built decides nothing about that sandbox."""

from __future__ import annotations

from datetime import timedelta

from django.db import OperationalError
from django.utils import timezone

from explorer.node.reconcile import sweep
from explorer.node.work import work
from explorer.sandboxes.models import Action, Sandbox
from tests.asking import open_for

State = Sandbox.State


def test_what_could_not_be_written_is_taken_up_again(
    redis, engine, sent, node1, alice, monkeypatch, django_capture_on_commit_callbacks
):
    sandbox = open_for(alice)
    action = sandbox.actions.get()

    def locked(*_):
        raise OperationalError("database is locked")

    with monkeypatch.context() as patch:
        patch.setattr(work.Phases, "_write", locked)
        work.open_sandbox(action.pk)
    sandbox.refresh_from_db()
    assert (sandbox.state, sandbox.reason, sandbox.leased_until) == (State.OPENING, "", None)

    sent.clear()
    Sandbox.objects.update(moved_at=timezone.now() - sweep.STALLED - timedelta(seconds=1))
    with django_capture_on_commit_callbacks(execute=True):
        sweep.reconcile()
    assert sent[-1][0] == "open_sandbox"
    work.open_sandbox(action.pk)
    sandbox.refresh_from_db()
    assert sandbox.state == State.READY
    assert Action.objects.get(pk=action.pk).state == Action.State.SUCCEEDED
