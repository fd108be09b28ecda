"""Warm sandboxes: sandboxes that are made before anybody asks for one. Whoever opens a sandbox gets a warm one if there is
one.

Four words are used for them:

- warm: made, or being made, before anybody asked. It has no learner. When it is built, its state is `warm` too.
- common: a warm sandbox for the first learner who asks. Every node keeps some (setting `EXPLORER_WARM`).
- prepared: a warm sandbox for the learners of one class. Its row has the class (`class_id`) and the time at which it goes.
- claimed: given to a learner or to a column of a comparison. Only one asker can claim it; after that it is not warm.

Each node begins a few prepared ones at a time, so that other learners need not wait. When one is finished, the next is begun.
The reconciler also begins them, in case a task got lost.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from explorer.sandboxes import changes
from explorer.sandboxes.changes import enqueue, last_action, node_queue, queue_of
from explorer.sandboxes.life import close_sandbox
from explorer.sandboxes.models import Action, Node, Sandbox
from explorer.sandboxes.streams import TASK_OPEN, TASK_RECONCILE
from explorer.sandboxes.terms import USUAL, Terms

log = structlog.get_logger(__name__)
State = Sandbox.State
PREPARED = Q(learner=None) & ~Q(class_id="")
CLAIM_TRIES = 40  # how many it tries, since others may claim at the same moment


def claim_warm(nodes: Iterable[Node], scenario: str, engine: str, terms: Terms = USUAL, **whose: Any) -> Sandbox | None:
    """Claims a warm sandbox on one of these nodes, by setting these `whose` fields in its row (such as `learner`). Sandboxes
    prepared for the asker's class come first, even if they are not begun; then common ones that are built or being built. None
    when there is none.
    """
    warm = Sandbox.objects.filter(scenario=scenario, engine=engine, learner=None, node__in=list(nodes))
    young = timezone.now() - changes.WARM_LIFE
    prepared = warm.filter(class_id=terms.class_id, state__in=Sandbox.UNCLAIMED)
    common = warm.filter(class_id="", state__in=[State.WARM, State.OPENING], created_at__gt=young)
    claimed = _claim(prepared, terms, whose) if terms.class_id else None
    return claimed or _claim(common, terms, whose)


def _claim(warm: QuerySet[Sandbox], terms: Terms, whose: dict[str, Any]) -> Sandbox | None:
    now = timezone.now()
    # first built ones (`warm` has `ready_at`), then those being built (`opening`), then those not begun (`queued`)
    for found in warm.order_by(F("ready_at").asc(nulls_last=True), "state", "created_at")[:CLAIM_TRIES]:
        built = found.state == State.WARM
        fields: dict[str, Any] = {**whose, **terms.fields(), "created_at": now, "moved_at": now}
        if built:
            fields |= {"state": State.READY, "phase": "ready", "ready_at": now, "expires_at": now + changes.lifetime(terms)}
        if not changes.move(found, [found.state], where=Q(learner=None), **fields):
            continue
        if built:
            Action.objects.create(sandbox=found, kind=Action.Kind.OPEN, state=Action.State.SUCCEEDED, finished_at=now)
        if found.state == State.QUEUED and (begun := last_action(found, Action.Kind.OPEN)):
            enqueue(TASK_OPEN, queue_of(found), begun.pk)  # somebody waits for it now, so it is begun at once
        if "comparison" not in whose:  # after the commit the node makes a new warm one
            enqueue(TASK_RECONCILE, node_queue(found.node_id or ""), countdown=1)
        found.refresh_from_db()
        log.info("claimed", sandbox=found.pk, built=built, node=found.node_id, class_id=found.class_id)
        return found
    return None


def prepared_for(class_id: str) -> QuerySet[Sandbox]:
    """The sandboxes prepared for this class that nobody has claimed, whatever their state."""
    return Sandbox.objects.filter(class_id=class_id, learner=None)


def close_prepared(class_id: str, scenario: str = "") -> int:
    """Closes the unclaimed sandboxes of a class, except those with this `scenario`. Returns how many it closed. One that is
    claimed at the same moment stays.
    """
    going = prepared_for(class_id).filter(state__in=Sandbox.UNCLAIMED).exclude(scenario=scenario) if class_id else ()
    return sum(close_warm(sandbox) for sandbox in going)


def close_warm(sandbox: Sandbox, why: str = "closed") -> bool:
    """Closes a warm sandbox. False when somebody has claimed it or it is over."""
    with transaction.atomic():
        rows = Sandbox.objects.select_for_update().filter(pk=sandbox.pk, learner=None, state__in=Sandbox.UNCLAIMED)
        warm = rows.first()
        if warm:
            close_sandbox(warm, why)
    return warm is not None


def at_once() -> int:
    """How many prepared sandboxes a node builds at the same time: one fewer than it has workers, at least one."""
    return max(1, int(settings.WORKERS) - 1)


def begin_prepared(node: str) -> int:
    """Sends the tasks for as many prepared sandboxes as this node may build now. Returns how many. A task sent twice builds
    once.
    """
    here = Sandbox.objects.filter(PREPARED, node=node)
    free = at_once() - here.filter(state=State.OPENING).count()
    if free <= 0:
        return 0
    waiting = here.filter(state=State.QUEUED).order_by("created_at")[:free]
    actions = [last_action(one, Action.Kind.OPEN) for one in waiting]
    for action in actions:
        if action:
            enqueue(TASK_OPEN, node_queue(node), action.pk)
    return len(actions)
