"""Changes the row of a sandbox and tells browsers and the node about the change.

`move` is a compare-and-set: it changes a row only when the row is still in an expected state. So when a task is delivered
twice, the second run finds that the row has moved, and does nothing. After a sandbox is booked, only this file updates its
row; `tests/sandboxes/test_one_way.py` searches the other files for updates.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from explorer.celery import app
from explorer.environment import patient
from explorer.sandboxes import columns, streams
from explorer.sandboxes.events import Event, Happened, SandboxChanged
from explorer.sandboxes.models import Action, AuthoredLesson, Column, Comparison, Node, NodeSample, Sandbox
from explorer.sandboxes.orders import LookAgain, Order
from explorer.sandboxes.terms import Terms

log = structlog.get_logger(__name__)

WARM_LIFE = timedelta(hours=3)  # a warm sandbox that is older is closed and replaced
LEASE = timedelta(seconds=patient(60))  # a worker's hold on a row that it does not renew ends after this
MARGIN = timedelta(minutes=15)  # a host ends itself this much later than its sandbox should be closed
ALWAYS = Q()
TOLD_AGAIN = 4  # how often a row is read and published at most, while others change it
CLOCKS_DIFFER = timedelta(seconds=30)  # at most, between two machines whose clocks are right
TIMES: tuple[tuple[Any, str], ...] = (
    *((Sandbox, "moved_at"), (Action, "created_at"), (Node, "seen_at"), (AuthoredLesson, "changed_at")),
    *((Comparison, "created_at"), (Comparison, "seen_at"), (Column, "moved_at")),
)


def lifetime(sandbox: Sandbox | Terms) -> timedelta:
    """How long the sandbox lives after it is ready. One extension adds the same time."""
    return timedelta(minutes=sandbox.minutes or settings.SANDBOX_MINUTES)


def extensions_most(sandbox: Sandbox) -> int:
    return settings.SANDBOX_EXTENSIONS if sandbox.extensions_most is None else sandbox.extensions_most


def host_expiry(sandbox: Sandbox) -> datetime:
    """The moment at which the sandbox's hosts end themselves when nobody gives them another. It is later than the end in the
    row, since the learner may still extend. When a pause or an instructor moves the end in the row beyond it, the reconciler
    tells the hosts.
    """
    now = timezone.now()
    begins, left = now, 1 + extensions_most(sandbox)
    if sandbox.learner_id is None and sandbox.state != Sandbox.State.READY:
        begins = sandbox.expires_at if sandbox.class_id and sandbox.expires_at else now + WARM_LIFE
    elif sandbox.ready_at and sandbox.expires_at:
        begins, left = max(sandbox.expires_at, now), max(0, left - 1 - sandbox.extensions)
    return begins + lifetime(sandbox) * left + MARGIN


def move(sandbox: Sandbox, states: Iterable[str], *, where: Q = ALWAYS, detail: str = "", **fields: Any) -> bool:
    """Changes the row if its state is one of `states` and `where` holds. True when this call changed it.

    Of several callers that expect a state which the change ends, one gets True. After the commit, browsers are told what the
    row says and its node is asked to look. A change of state or phase also sets `moved_at`.
    """
    if fields.keys() & {"state", "phase"}:
        fields.setdefault("moved_at", timezone.now())
    if not Sandbox.objects.filter(where, pk=sandbox.pk, state__in=list(states)).update(**fields):
        return False
    transaction.on_commit(lambda: tell(sandbox.pk, detail))
    return True


def take_lease(sandbox: Sandbox, holder: str) -> int:
    """Takes the row for one worker of the machine `holder`, and reads it again. Returns the lease's number, or 0 when another
    machine holds the row. A worker passes `Q(lease=number)` to `move`, so it changes nothing after another took the row.
    """
    with transaction.atomic():
        fields = {"lease": F("lease") + 1, "leased_by": holder, "leased_until": timezone.now() + LEASE}
        taken = Sandbox.objects.filter(_no_lease() | Q(leased_by=holder), pk=sandbox.pk).update(**fields)
        sandbox.refresh_from_db()
    return sandbox.lease if taken else 0


def _no_lease() -> Q:
    """No lease holds. One that would hold for longer than a lease does was taken before the clock was set back."""
    now = timezone.now()
    return Q(leased_until=None) | Q(leased_until__lt=now) | Q(leased_until__gt=now + LEASE + CLOCKS_DIFFER)


def renew_lease(sandbox_id: str, lease: int) -> bool:
    """False when another worker has taken the row."""
    return bool(Sandbox.objects.filter(pk=sandbox_id, lease=lease).update(leased_until=timezone.now() + LEASE))


def end_lease(sandbox_id: str, lease: int) -> None:
    Sandbox.objects.filter(pk=sandbox_id, lease=lease).update(leased_until=None)


def take_back(sandbox: Sandbox, node: str = "") -> bool:
    """Puts a sandbox that is being opened back into the queue, for the given node or for any, if no lease on it holds. What
    its node has built of it is then of an older generation. False when the row has moved meanwhile.
    """
    same = Q(generation=sandbox.generation, node=sandbox.node_id)
    fields: dict[str, Any] = {"node": node or None, "phase": "queued", "generation": F("generation") + 1}
    return move(sandbox, [Sandbox.State.OPENING], where=_no_lease() & same, state=Sandbox.State.QUEUED, **fields)


def adopt(sandbox: Sandbox, generation: int, facts: dict[str, Any]) -> bool:
    """Makes a row that was restored from an older copy agree with what its node has: that generation, and these facts."""
    older = Q(generation__lt=generation, node=sandbox.node_id)
    ready = [Sandbox.State.READY, Sandbox.State.RESETTING, Sandbox.State.OPENING]
    fields: dict[str, Any] = {"generation": generation, "facts": facts, "phase": "ready", "reason": ""}
    return move(sandbox, ready, where=older, state=Sandbox.State.READY, **fields)


def note_usage(rows: Iterable[Sandbox]) -> None:
    """Saves the `usage` of these rows. No browser is told: the figures change every few seconds and learners' pages do not
    show them.
    """
    Sandbox.objects.bulk_update(rows, ["usage"])


def mend_times(node: Node) -> int:
    """Gives every time that lies in the future, because the clock was set back, the present moment. Returns how many.

    What waits for such a time to be a while ago would wait for as long as the clock was set back, and a node that went away
    would count as here. The end of a sandbox is not such a time.
    """
    now = timezone.now()
    found = 0
    for table, name in TIMES:
        found += table.objects.filter(**{f"{name}__gt": now + CLOCKS_DIFFER}).update(**{name: now})
    gone, _ = NodeSample.objects.filter(node=node, at__gt=now + CLOCKS_DIFFER).delete()
    return found + gone


def forget_replays(whose: Q) -> None:
    """Deletes the commands that were kept for typing into these sandboxes, whatever state the sandboxes are in."""
    Sandbox.objects.filter(whose).update(replay={})


def begin(action: Action) -> None:
    """Marks an accepted action as running."""
    Action.objects.filter(pk=action.pk, state=Action.State.ACCEPTED).update(state=Action.State.RUNNING)


def finish(action: Action, state: str, reason: str = "") -> bool:
    """Ends an action that has not ended yet. False when it had ended already."""
    pending = Action.objects.filter(pk=action.pk, state__in=[Action.State.ACCEPTED, Action.State.RUNNING])
    return bool(pending.update(state=state, reason=reason, finished_at=timezone.now()))


def finish_all(sandbox: Sandbox, state: str, reason: str, kinds: Iterable[str]) -> None:
    Action.objects.filter(
        sandbox=sandbox, kind__in=list(kinds), state__in=[Action.State.ACCEPTED, Action.State.RUNNING]
    ).update(state=state, reason=reason, finished_at=timezone.now())


def describe_row(sandbox: Sandbox, detail: str = "") -> SandboxChanged:
    """The event from which the page's header shows the state of this row."""
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
    """Tells browsers what the row says now, and tells its node to look again. When Redis does not answer, this is
    only logged.
    """
    sandbox = _publish_newest(sandbox_id, detail)
    if sandbox is None:
        return
    if sandbox.comparison_id:
        columns.follow(sandbox)
    if sandbox.node_id:
        order(sandbox, Order(sandbox=sandbox_id, wish=LookAgain()))
    if sandbox.state in Sandbox.OVER:
        _quietly(sandbox_id, "retire", lambda: streams.retire(streams.redis(), sandbox_id))


def _publish_newest(sandbox_id: str, detail: str) -> Sandbox | None:
    """Publishes what the row says and returns it. Another process may change the row and publish it between our reading and
    our publishing; then ours would be the last word although it is older. So the row is read again afterwards.
    """
    told: Sandbox | None = None
    for _ in range(TOLD_AGAIN):
        sandbox = Sandbox.objects.filter(pk=sandbox_id).first()
        if sandbox is None or (told and _shown(sandbox) == _shown(told)):
            break
        publish(sandbox_id, describe_row(sandbox, detail))
        told, detail = sandbox, ""
    return told


def _shown(sandbox: Sandbox) -> tuple[object, ...]:
    return sandbox.state, sandbox.phase, sandbox.generation, sandbox.expires_at


def say(sandbox_id: str, text: str, detail: str = "", place: str = "") -> None:
    """Adds one line to the sandbox's timeline, with us as its source."""
    publish(sandbox_id, Happened(source="sandbox", place=place, text=text, detail=detail))


def publish(sandbox_id: str, event: Event) -> None:
    _quietly(sandbox_id, event.type, lambda: streams.publish(streams.redis(), sandbox_id, event))


def order(sandbox: Sandbox, given: Order) -> bool:
    """Sends an order to the sandbox's node. False when the sandbox has no node, the order is too large, or Redis does not
    answer.
    """
    node = sandbox.node_id or ""
    return bool(node) and bool(_quietly(sandbox.pk, given.wish.type, lambda: streams.give_order(streams.redis(), node, given)))


def look_again(sandbox: Sandbox) -> None:
    """Asks the node, after the commit, to read the sandbox's rows again, although the sandbox's own row has not changed."""
    transaction.on_commit(lambda: order(sandbox, Order(sandbox=sandbox.pk, wish=LookAgain())))


def enqueue(task: str, queue: str, *args: Any, countdown: float = 0) -> None:
    """Sends a Celery task after the commit. When this fails it is logged: the row says what is wanted, and the reconciler
    sends again.
    """

    def send() -> None:
        try:
            app.send_task(task, args=args, queue=queue, countdown=countdown or None, retry=False)
        except Exception as error:  # every transport has its own error type; the row is what counts
            _complain("task not sent", task=task, args=args, queue=queue, error=str(error))

    transaction.on_commit(send)


def take_from(queue: str, wanted: bool) -> bool:
    """Tells this node's Celery worker to take tasks from a queue, or to stop taking them. Repeating it changes nothing. False
    when the worker could not be told.
    """
    tell_worker = app.control.add_consumer if wanted else app.control.cancel_consumer
    try:
        tell_worker(queue, destination=[settings.WORKER])
    except Exception as error:  # as in enqueue: every transport has its own error type
        _complain("worker not told", queue=queue, error=str(error))
        return False
    return True


def open_queue(engine: str) -> str:
    """The name of the queue from which the nodes that have this version of Docker Engine take sandboxes to open."""
    return f"open.{engine}"


def node_queue(node: str) -> str:
    return f"node.{node}"


def queue_of(sandbox: Sandbox) -> str:
    """The name of the queue for a sandbox's tasks: its node's queue, or the queue for its engine while it has no node."""
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
    """Writes a warning to the log, at most one in ten seconds: while Redis is away, every event fails."""
    global _complained
    if time.monotonic() - _complained > 10:
        _complained = time.monotonic()
        log.warning(sentence, **facts)
