"""How the row of a sandbox changes: compare-and-set on its state, and what is told about it afterwards.

No other file changes such a row once it is booked, so a task that is delivered twice finds the row already moved and does
nothing. `tests/sandboxes/test_one_way.py` looks for writers elsewhere.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from explorer.celery import app
from explorer.sandboxes import columns, streams
from explorer.sandboxes.events import Event, Happened, SandboxChanged
from explorer.sandboxes.models import Action, Sandbox
from explorer.sandboxes.orders import LookAgain, Order
from explorer.sandboxes.terms import Terms

log = structlog.get_logger(__name__)

WARM_LIFE = timedelta(hours=3)  # a warm sandbox older than this is made anew
MARGIN = timedelta(minutes=15)  # the engine's own clock ends a host later than we would have
ALWAYS = Q()


def lifetime(sandbox: Sandbox | Terms) -> timedelta:
    """How long it lives from when it is ready, and how much one extension adds."""
    return timedelta(minutes=sandbox.minutes or settings.SANDBOX_MINUTES)


def extensions_most(sandbox: Sandbox) -> int:
    return settings.SANDBOX_EXTENSIONS if sandbox.extensions_most is None else sandbox.extensions_most


def host_expiry(sandbox: Sandbox) -> datetime:
    """When its hosts have to end themselves if nobody tells them otherwise: later than the row promises now. What the row
    promises later (a pause, an instructor's extension) the reconciler tells them."""
    now = timezone.now()
    begins, left = now, 1 + extensions_most(sandbox)
    if sandbox.learner_id is None:
        begins = sandbox.expires_at if sandbox.class_id and sandbox.expires_at else now + WARM_LIFE
    elif sandbox.ready_at and sandbox.expires_at:
        begins, left = max(sandbox.expires_at, now), max(0, left - 1 - sandbox.extensions)
    return begins + lifetime(sandbox) * left + MARGIN


def move(sandbox: Sandbox, states: Iterable[str], *, where: Q = ALWAYS, detail: str = "", **fields: Any) -> bool:
    """The one way a row changes: only from one of `states`, and only while `where` holds too; true for exactly one caller.

    After the commit browsers are told what the row says, and its node is asked to look. `moved_at` follows state and phase.
    """
    if fields.keys() & {"state", "phase"}:
        fields.setdefault("moved_at", timezone.now())
    if not Sandbox.objects.filter(where, pk=sandbox.pk, state__in=list(states)).update(**fields):
        return False
    transaction.on_commit(lambda: tell(sandbox.pk, detail))
    return True


def note_usage(rows: Iterable[Sandbox]) -> None:
    """What they take, as these rows say. It changes every few seconds and concerns no page of a learner: nobody is told."""
    Sandbox.objects.bulk_update(rows, ["usage"])


def forget_replays(whose: Q) -> None:
    """What was typed again into these sandboxes is no longer known, whatever state they are in."""
    Sandbox.objects.filter(whose).update(replay={})


def begin(action: Action) -> None:
    """A node works at it now."""
    Action.objects.filter(pk=action.pk, state=Action.State.ACCEPTED).update(state=Action.State.RUNNING)


def finish(action: Action, state: str, reason: str = "") -> bool:
    """An action ends once."""
    pending = Action.objects.filter(pk=action.pk, state__in=[Action.State.ACCEPTED, Action.State.RUNNING])
    return bool(pending.update(state=state, reason=reason, finished_at=timezone.now()))


def finish_all(sandbox: Sandbox, state: str, reason: str, kinds: Iterable[str]) -> None:
    Action.objects.filter(
        sandbox=sandbox, kind__in=list(kinds), state__in=[Action.State.ACCEPTED, Action.State.RUNNING]
    ).update(state=state, reason=reason, finished_at=timezone.now())


def describe_row(sandbox: Sandbox, detail: str = "") -> SandboxChanged:
    """What the page's header shows of this row now."""
    return SandboxChanged(
        at=time.time(),
        state=sandbox.state,
        phase=sandbox.phase,
        detail=(detail or sandbox.reason)[:500],
        generation=sandbox.generation,
        expires_at=sandbox.expires_at.timestamp() if sandbox.expires_at else None,
        position=columns.queue_position(sandbox),
    )


def tell(sandbox_id: str, detail: str = "") -> None:
    """Tells browsers what the row says now, and its node to look again. A hint: no Redis, no harm."""
    sandbox = Sandbox.objects.filter(pk=sandbox_id).first()
    if sandbox is None:
        return
    publish(sandbox_id, describe_row(sandbox, detail))
    if sandbox.comparison_id:
        columns.follow(sandbox)
    if sandbox.node_id:
        order(sandbox, Order(sandbox=sandbox_id, wish=LookAgain()))
    if sandbox.state in Sandbox.OVER:
        _quietly(sandbox_id, "retire", lambda: streams.retire(streams.redis(), sandbox_id))


def say(sandbox_id: str, text: str, detail: str = "", place: str = "") -> None:
    """One line of the timeline, from us."""
    publish(sandbox_id, Happened(source="sandbox", place=place, text=text, detail=detail))


def publish(sandbox_id: str, event: Event) -> None:
    _quietly(sandbox_id, event.type, lambda: streams.publish(streams.redis(), sandbox_id, event))


def order(sandbox: Sandbox, given: Order) -> bool:
    """False when no node has it or nothing carries orders now."""
    node = sandbox.node_id or ""
    return bool(node) and bool(_quietly(sandbox.pk, given.wish.type, lambda: streams.give_order(streams.redis(), node, given)))


def look_again(sandbox: Sandbox) -> None:
    """After commit its node looks, though the row has not changed."""
    transaction.on_commit(lambda: order(sandbox, Order(sandbox=sandbox.pk, wish=LookAgain())))


def enqueue(task: str, queue: str, *args: Any, countdown: float = 0) -> None:
    """After commit. A lost message costs seconds, not the intent: the row stands and the reconciler asks again."""

    def send() -> None:
        try:
            app.send_task(task, args=args, queue=queue, countdown=countdown or None, retry=False)
        except Exception as error:  # every transport has its own error type; the row is what counts
            _complain("task not sent", task=task, args=args, queue=queue, error=str(error))

    transaction.on_commit(send)


def take_from(queue: str, wanted: bool) -> bool:
    """Tells this node's worker to take tasks from a queue, or to leave it alone. Told twice, it is as told once."""
    tell_worker = app.control.add_consumer if wanted else app.control.cancel_consumer
    try:
        tell_worker(queue, destination=[settings.WORKER])
    except Exception as error:  # as in enqueue: every transport has its own error type
        _complain("worker not told", queue=queue, error=str(error))
        return False
    return True


def open_queue(engine: str) -> str:
    """Where nodes that have this version of Docker Engine, and no others, take the next sandbox to open."""
    return f"open.{engine}"


def node_queue(node: str) -> str:
    return f"node.{node}"


def queue_of(sandbox: Sandbox) -> str:
    """Where its tasks go: to its node, or to whichever node comes first while it has none."""
    node = sandbox.node_id or Sandbox.objects.values_list("node_id", flat=True).get(pk=sandbox.pk)
    return node_queue(node) if node else open_queue(sandbox.engine)


def last_action(sandbox: Sandbox, kind: str) -> Action | None:
    return Action.objects.filter(sandbox=sandbox, kind=kind).order_by("-pk").first()


def _quietly(sandbox_id: str, what: str, do: Any) -> Any:
    try:
        return do()
    except (streams.RedisError, OSError) as error:
        _complain("not told", sandbox=sandbox_id, what=what, error=str(error))
        return None


_complained = 0.0


def _complain(sentence: str, **facts: Any) -> None:
    """Every event finds a Redis that is away; the log hears it every ten seconds."""
    global _complained
    if time.monotonic() - _complained > 10:
        _complained = time.monotonic()
        log.warning(sentence, **facts)
