"""Gives a sandbox more time, resets it, closes it. The web side asks for this and a node does the work.

More time is a change of the row. A reset or a close also writes an `Action` and sends a task; the row says what is wanted, so
a lost task is sent again by the reconciler.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from explorer.sandboxes import changes
from explorer.sandboxes.changes import enqueue, last_action, move, queue_of
from explorer.sandboxes.limits import Refused
from explorer.sandboxes.models import Action, Learner, Sandbox
from explorer.sandboxes.streams import TASK_CLOSE, TASK_RESET

State = Sandbox.State
LEAST_MORE = timedelta(minutes=1)


def current_sandbox(learner: Learner | None) -> Sandbox | None:
    """The learner's usable sandbox, or None. Sandboxes of comparisons do not count."""
    if learner is None:
        return None
    own = Sandbox.objects.filter(learner=learner, comparison=None, state__in=Sandbox.USABLE)
    return own.select_related("node").first()


def extend_sandbox(sandbox: Sandbox) -> Sandbox:
    """Uses one of the learner's extensions. Two clicks on the same countdown count as one. Raises `Refused`."""
    now = timezone.now()
    most, life = changes.extensions_most(sandbox), changes.lifetime(sandbox)
    # two clicks on the same countdown count as one
    may = Q(extensions=sandbox.extensions, extensions__lt=most, expires_at__gt=now)
    with transaction.atomic():
        moved = move(sandbox, [State.READY], where=may, extensions=F("extensions") + 1, expires_at=F("expires_at") + life)
        if moved:
            text = f"the sandbox lives {life // timedelta(minutes=1)} minutes longer"
            transaction.on_commit(lambda: changes.say(sandbox.pk, text))
    seen = sandbox.extensions
    sandbox.refresh_from_db()
    if not moved and sandbox.extensions == seen:
        raise _cannot_extend(sandbox)
    return sandbox


def _cannot_extend(sandbox: Sandbox) -> Refused:
    if sandbox.state != State.READY:
        return Refused("not_ready", "Only a running sandbox can be extended.", sandbox=sandbox.pk, state=sandbox.state)
    if sandbox.extensions >= changes.extensions_most(sandbox):
        return Refused(
            "no_extensions",
            f"This sandbox has been extended {sandbox.extensions} times, which is the most there is. When its time is over, "
            "open a new one: your progress is kept.",
            sandbox=sandbox.pk,
            extensions=sandbox.extensions,
        )
    return Refused("over", "The time of this sandbox is over. Open a new one: your progress is kept.", sandbox=sandbox.pk)


def prolong_sandbox(sandbox: Sandbox, more: timedelta, why: str) -> bool:
    """Moves the end of the sandbox by `more`, without using one of the learner's extensions; `why` becomes a line of the
    timeline. False when the sandbox does not run or its end was moved at the same time. The reconciler then tells the hosts.
    """
    if sandbox.expires_at is None:
        return False
    same_end = Q(expires_at=sandbox.expires_at)
    with transaction.atomic():
        moved = move(sandbox, [State.READY, State.RESETTING], where=same_end, expires_at=sandbox.expires_at + more)
        if moved:
            transaction.on_commit(lambda: changes.say(sandbox.pk, why))
    return moved


def renew_sandbox(sandbox: Sandbox, since: datetime, why: str) -> bool:
    """Moves the end of the sandbox to one whole lifetime after `since`, so that repeating it changes nothing. False when it is
    not ready, when this would add less than a minute, or when its end was moved at the same time.
    """
    if sandbox.state != State.READY or sandbox.expires_at is None:
        return False
    more = since + changes.lifetime(sandbox) - sandbox.expires_at
    return more >= LEAST_MORE and prolong_sandbox(sandbox, more, why)


def reset_sandbox(sandbox: Sandbox) -> Action:
    """Rebuilds the sandbox from its scenario under the same id. A second request during a reset returns the same action.
    Raises `Refused` when the sandbox does not run.
    """
    with transaction.atomic():
        moved = move(
            sandbox, [State.READY], state=State.RESETTING, phase="resetting", reason="", generation=F("generation") + 1
        )
        if moved:
            action = Action.objects.create(sandbox=sandbox, kind=Action.Kind.RESET)
            enqueue(TASK_RESET, queue_of(sandbox), action.pk)
    sandbox.refresh_from_db()
    if moved:
        return action
    pending = last_action(sandbox, Action.Kind.RESET)
    if sandbox.state == State.RESETTING and pending:
        return pending
    raise Refused("not_ready", "Only a running sandbox can be reset.", sandbox=sandbox.pk, state=sandbox.state)


def close_sandbox(sandbox: Sandbox, why: str = "closed") -> Action:
    """Ends the sandbox in whatever state it is. Closing one that is over is no error. `why` is `closed` or `expired`."""
    with transaction.atomic():
        state, now = Action.State.ACCEPTED, timezone.now()
        if move(sandbox, [State.QUEUED], state=State.CLOSED, phase=why, ended_at=now):
            changes.finish_all(sandbox, Action.State.EXPIRED, "closed before it began", [Action.Kind.OPEN])
            state = Action.State.SUCCEEDED
        elif not move(sandbox, [State.OPENING, State.WARM, State.READY, State.RESETTING], state=State.CLOSING, phase=why):
            sandbox.refresh_from_db()
            earlier = last_action(sandbox, Action.Kind.CLOSE)
            if earlier:
                return earlier
            state = Action.State.SUCCEEDED if sandbox.state in Sandbox.OVER else Action.State.ACCEPTED
        done = now if state == Action.State.SUCCEEDED else None
        action = Action.objects.create(sandbox=sandbox, kind=Action.Kind.CLOSE, state=state, finished_at=done)
        if state == Action.State.ACCEPTED:
            enqueue(TASK_CLOSE, queue_of(sandbox), action.pk)
    sandbox.refresh_from_db()
    return action
