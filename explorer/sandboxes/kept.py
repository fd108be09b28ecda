"""Sandboxes made beforehand for somebody: a node begins a few at a time, so that whoever comes meanwhile is not kept waiting.

Each that is finished has the next one begun; a sweep of the reconciler does the same, should that word be lost.
"""

from __future__ import annotations

from django.conf import settings
from django.db.models import Q, QuerySet

from explorer.sandboxes.changes import enqueue, node_queue
from explorer.sandboxes.models import Action, Sandbox
from explorer.sandboxes.streams import TASK_OPEN

State = Sandbox.State
UNTAKEN = Q(learner=None) & ~Q(pool="")


def at_once() -> int:
    """How many of them a node builds at the same time: all its hands but one, which stays free for people."""
    return max(1, int(settings.WORKERS) - 1)


def untaken(pool: str) -> QuerySet[Sandbox]:
    """What is kept for this asker and nobody has come for, in whatever state."""
    return Sandbox.objects.filter(pool=pool, learner=None)


def begin_kept(node: str) -> int:
    """Has as many begun as may be built there now; how many were asked for. Asked twice, each is built once."""
    here = Sandbox.objects.filter(UNTAKEN, node=node)
    free = at_once() - here.filter(state=State.OPENING).count()
    if free <= 0:
        return 0
    waiting = here.filter(state=State.QUEUED).order_by("created_at")[:free]
    actions = [Action.objects.filter(sandbox=one, kind=Action.Kind.OPEN).order_by("-pk").first() for one in waiting]
    for action in actions:
        if action:
            enqueue(TASK_OPEN, node_queue(node), action.pk)
    return len(actions)
