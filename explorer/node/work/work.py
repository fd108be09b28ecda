"""Does what a sandbox's row asks for: opens, resets and closes. Called by tasks, the reconciler and the operator's commands.

Opening, resetting and closing may be called any number of times. Each takes the sandbox's lock and a lease on the row, reads
the row again, and goes on only from the state it expects. What a process that died left half done is finished by the next
call. A worker whose lease another machine took meanwhile changes nothing any more (`lease.py`).
"""

from __future__ import annotations

import threading
import time
from contextlib import nullcontext
from typing import Any

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.db.models import Q
from django.utils import timezone

from explorer.lab.compare import turns
from explorer.lab.errors import HostError, LabError, NoRoom
from explorer.lab.hosts import lifecycle
from explorer.network.layout import scenario_of
from explorer.node.this_node import ensure_node, hold, identity, lab_config
from explorer.node.work import replay
from explorer.node.work.lease import Lease, leased
from explorer.sandboxes import changes
from explorer.sandboxes.changes import enqueue, finish, finish_all, move, node_queue, open_queue
from explorer.sandboxes.figures import count, figures
from explorer.sandboxes.limits import comparison_places
from explorer.sandboxes.models import Action, Sandbox
from explorer.sandboxes.streams import TASK_OPEN
from explorer.sandboxes.warm import begin_prepared

log = structlog.get_logger(__name__)

State = Sandbox.State
CALLED = 3
CLOSE_WAITS = 60.0  # seconds a close waits for an open of the same sandbox to come to its end
HERE = (State.OPENING, State.WARM, State.READY, State.RESETTING, State.CLOSING)
OURS = "This is our fault, not yours: {} Your progress is kept; please open a new sandbox."
THEIRS = "{} Open a new sandbox and carry on; your progress is kept."


class NoLongerWanted(Exception):
    """The row was changed while the sandbox was being built. What was built is removed."""


def open_sandbox(action_id: int) -> None:
    """Builds the sandbox of an open action, if this node can claim it."""
    action = Action.objects.select_related("sandbox").filter(pk=action_id).first()
    if action is None:
        return
    with structlog.contextvars.bound_contextvars(sandbox=action.sandbox_id), hold(lock_of(action.sandbox)) as mine:
        if mine and _claim(action.sandbox):
            with leased(action.sandbox) as lease:
                if lease and action.sandbox.state == State.OPENING:
                    _build(action, lease, first=True)
            if action.sandbox.class_id:
                begin_prepared(settings.NODE_NAME)


def reset_sandbox(action_id: int) -> None:
    """Rebuilds the sandbox of a reset action, if its row still says so."""
    action = Action.objects.select_related("sandbox").filter(pk=action_id).first()
    if action is None:
        return
    sandbox = action.sandbox
    with structlog.contextvars.bound_contextvars(sandbox=sandbox.pk), hold(lock_of(sandbox), wait=5) as mine:
        sandbox.refresh_from_db()
        if mine and sandbox.state == State.RESETTING and sandbox.node_id == settings.NODE_NAME:
            with leased(sandbox) as lease:
                if lease and sandbox.state == State.RESETTING:
                    _build(action, lease, first=False)


def close_sandbox(action_id: int) -> None:
    """Removes the sandbox of a close action, then calls those that wait for a place."""
    action = Action.objects.select_related("sandbox").filter(pk=action_id).first()
    if action is None:
        return
    sandbox = action.sandbox
    with structlog.contextvars.bound_contextvars(sandbox=sandbox.pk), hold(lock_of(sandbox), CLOSE_WAITS) as mine:
        sandbox.refresh_from_db()
        if not mine or sandbox.state != State.CLOSING or sandbox.node_id not in (None, settings.NODE_NAME):
            return
        with leased(sandbox) as lease:
            if not lease or sandbox.state != State.CLOSING:
                return
            changes.begin(action)
            # when the engine does not answer, the reconciler sends the task again
            lifecycle.close_sandbox(lab_config(), sandbox.pk)
            over = State.EXPIRED if sandbox.phase == "expired" else State.CLOSED
            _end(sandbox, [State.CLOSING], over, lease=lease)
    call_next()


def call_next() -> None:
    """A place became free: sends the tasks of those that wait longest, without waiting for the next sweep. It sends several,
    because the first may have to go on waiting (a comparison leaves places to learners).
    """
    waiting = Sandbox.objects.filter(Q(node_id=settings.NODE_NAME) | Q(node=None), state=State.QUEUED)
    for sandbox in waiting.order_by("created_at")[:CALLED]:
        action = sandbox.actions.filter(kind=Action.Kind.OPEN).order_by("-pk").first()
        if action:
            enqueue(TASK_OPEN, node_queue(sandbox.node_id) if sandbox.node_id else open_queue(sandbox.engine), action.pk)


def lock_of(sandbox: Sandbox) -> str:
    return f"sb-{sandbox.pk}"


def _claim(sandbox: Sandbox) -> bool:
    """Takes a queued row for this node, or continues one that an earlier process of this node began. Under a lock, so that the
    places are counted correctly.
    """
    sandbox.refresh_from_db()
    if sandbox.state == State.OPENING and sandbox.node_id == settings.NODE_NAME:
        return True
    if sandbox.state != State.QUEUED or sandbox.node_id not in (None, settings.NODE_NAME):
        return False
    node = ensure_node()
    if node.holder not in ("", identity()):
        log.error("another machine has this node's name", node=node.pk)
        return False
    if (node.draining or sandbox.engine not in node.engines) and sandbox.node_id is None:
        return False
    with hold("claim", wait=10) as mine:
        if not mine or not make_room(sandbox):
            return False
        return move(sandbox, [State.QUEUED], state=State.OPENING, node=node, phase="taken")


def make_room(sandbox: Sandbox) -> bool:
    """Whether there is a free place here for this sandbox. When there is none, a warm sandbox is closed for a learner's."""
    here = Sandbox.objects.filter(node_id=settings.NODE_NAME, state__in=HERE)
    capacity = lifecycle.capacity(lab_config())
    free = capacity - here.count()
    if sandbox.comparison_id and here.exclude(comparison=None).count() >= comparison_places(capacity):
        return False
    if free > 0 or (sandbox.learner_id is None and not sandbox.class_id):
        return free > 0
    gives_way = {"", sandbox.class_id if sandbox.learner_id else ""}
    for warm in here.filter(state=State.WARM, class_id__in=gives_way).order_by("class_id", "created_at"):
        if move(warm, [State.WARM], state=State.CLOSING, phase="closed"):
            lifecycle.close_sandbox(lab_config(), warm.pk)
            _end(warm, [State.CLOSING], State.CLOSED)
            return True
    return False


def _build(action: Action, lease: Lease, *, first: bool) -> None:
    sandbox = action.sandbox
    changes.begin(action)
    building = State.OPENING if first else State.RESETTING
    say = Phases(sandbox, building, lease)
    try:
        if not first:
            _remove_older(sandbox)
        # a worker died while it typed kept commands, so the sandbox is built again from the beginning
        if sandbox.phase == replay.PHASE:
            lifecycle.close_sandbox(lab_config(), sandbox.pk)
        with turns.opening(lab_config()) if sandbox.comparison_id else nullcontext():
            facts = lifecycle.open_sandbox(
                lab_config(),
                sandbox.pk,
                sandbox.generation,
                scenario_of(sandbox.scenario, sandbox.layout),
                changes.host_expiry(sandbox).timestamp(),
                say,
                sandbox.engine,
            )
        failed = replay.type_kept(lab_config(), sandbox.pk, sandbox.replay, facts, say) if sandbox.replay else []
    except NoRoom as error:
        log.info("no room", error=str(error))
        # columns of a comparison need one node; a prepared sandbox was counted on this node
        stays = sandbox.comparison_id or (sandbox.class_id and sandbox.learner_id is None)
        node = sandbox.node if stays else None
        back: dict[str, Any] = {"state": State.QUEUED, "node": node, "phase": "queued"}
        if not (first and move(sandbox, [State.OPENING], where=lease.holds, **back)):
            _fail(sandbox, action, lease, building, OURS.format("the machine that runs sandboxes has no room left."))
    except NoLongerWanted:
        log.info("no longer wanted")
        lifecycle.close_sandbox(lab_config(), sandbox.pk, sandbox.generation)
    except (LabError, SoftTimeLimitExceeded) as error:
        log.warning("build failed", error=repr(error), detail=getattr(error, "detail", ""))
        _fail(sandbox, action, lease, building, _reason(error))
    except OperationalError as error:
        # the row cannot be read or written just now, so nothing is decided about it: the reconciler sends the task again
        log.warning("the database does not answer; this is taken up again", error=str(error))
    except Exception as error:
        log.exception("build failed in a way nobody foresaw")
        _fail(sandbox, action, lease, building, _reason(error))
    else:
        _arrive(sandbox, action, lease, building, facts, failed)


def _arrive(sandbox: Sandbox, action: Action, lease: Lease, building: str, facts: dict[str, Any], failed: list[str]) -> None:
    """The hosts run: sets the row to ready, or removes what was built when the row has changed meanwhile. `failed` has a
    sentence for each kept command that failed.
    """
    now = timezone.now()
    new: dict[str, Any] = {"facts": facts, "phase": "ready", "reason": ""}
    if sandbox.replay:
        new["replay"] = {**sandbox.replay, "failed": failed}
    generation = sandbox.generation
    with transaction.atomic():  # a process that dies between the row and its action would leave an action without an end
        if building == State.RESETTING:
            there = move(sandbox, [building], where=lease.holds & Q(generation=generation), state=State.READY, **new)
        else:
            there = _arrive_first(sandbox, lease, new | {"ready_at": now, "expires_at": now + changes.lifetime(sandbox)})
        if there:  # every action of this kind: the task that built it may be a late one, of an earlier action
            finish_all(sandbox, Action.State.SUCCEEDED, "", [action.kind])
    if there:
        if building == State.OPENING:
            figures.observe("explorer_opening_seconds", (now - action.created_at).total_seconds(), phase="whole")
        count("explorer_openings_total", node=settings.NODE_NAME, outcome="ready")
        if building == State.RESETTING:
            changes.say(sandbox.pk, "the sandbox is as new: everything that was on it is gone")
        for sentence in failed:
            changes.say(sandbox.pk, sentence)
        log.info("ready", generation=generation, seconds=round((now - action.created_at).total_seconds(), 2))
    else:
        log.info("moved on while building", generation=generation)
        sandbox.refresh_from_db()
        here = sandbox.node_id == settings.NODE_NAME and sandbox.state in (State.READY, State.WARM)
        if not here or sandbox.generation != generation:
            lifecycle.close_sandbox(lab_config(), sandbox.pk, generation)


def _arrive_first(sandbox: Sandbox, lease: Lease, new: dict[str, Any]) -> bool:
    """Sets the row to warm when it has no learner, else to ready. A learner may claim it at any moment, so both are tried."""
    waits = sandbox.expires_at if sandbox.class_id and sandbox.learner_id is None else None
    warm = {**new, "state": State.WARM, "phase": "warm", "expires_at": waits}
    same = lease.holds & Q(generation=sandbox.generation)  # another worker may have claimed the row and not its lease yet
    if move(sandbox, [State.OPENING], where=same & Q(learner=None), **warm):
        return True
    return move(sandbox, [State.OPENING], where=same, state=State.READY, **new)


def _remove_older(sandbox: Sandbox) -> None:
    """Removes older generations of the sandbox before the new one is built."""
    for found in lifecycle.list_sandboxes(lab_config()):
        if found.sandbox == sandbox.pk and found.generation < sandbox.generation:
            lifecycle.close_sandbox(lab_config(), sandbox.pk, found.generation)


def _fail(sandbox: Sandbox, action: Action, lease: Lease, building: str, reason: str) -> None:
    if not lease.renew():
        log.warning("another worker has taken this sandbox; this one leaves it alone", reason=reason)
        return
    try:
        lifecycle.close_sandbox(lab_config(), sandbox.pk)
    except LabError as error:
        log.warning("could not clean up; the reconciler will", error=str(error))
    _end(sandbox, [building], State.FAILED, reason, lease)
    finish(action, Action.State.FAILED, reason)
    count("explorer_openings_total", node=settings.NODE_NAME, outcome="failed")


def lose_row(sandbox: Sandbox, reason: str) -> bool:
    """The sandbox's hosts are gone: a warm one is closed, a ready one fails with this reason."""
    return _end(sandbox, [State.WARM], State.CLOSED) or _end(sandbox, [State.READY], State.FAILED, reason)


def fail_row(sandbox: Sandbox, states: list[str], reason: str) -> bool:
    return _end(sandbox, states, State.FAILED, reason)


@transaction.atomic  # the row and its actions end together
def _end(sandbox: Sandbox, states: list[str], state: str, reason: str = "", lease: Lease | None = None) -> bool:
    same = Q(generation=sandbox.generation) if states != [State.CLOSING] else changes.ALWAYS
    same &= lease.holds if lease else changes.ALWAYS
    ended = move(sandbox, states, where=same, state=state, reason=reason, ended_at=timezone.now(), phase=state)
    if ended:
        log.info("ended", state=state, reason=reason)
        good = state != State.FAILED
        finish_all(sandbox, Action.State.SUCCEEDED if good else Action.State.FAILED, reason, [Action.Kind.CLOSE])
        finish_all(
            sandbox,
            Action.State.EXPIRED if good else Action.State.FAILED,
            reason or "the sandbox ended first",
            [Action.Kind.OPEN, Action.Kind.RESET],
        )
    return ended


def _reason(error: Exception) -> str:
    """The sentence for the learner: what happened, whose fault it is, and what to do."""
    if isinstance(error, SoftTimeLimitExceeded):
        return OURS.format("it took too long to start.")
    if isinstance(error, HostError):
        return THEIRS.format(error)
    return OURS.format(error if isinstance(error, LabError) else "it could not be built.")


class Phases:
    """The lab calls this with each phase, from any thread. It writes the phase to the row, and raises `NoLongerWanted` when
    the row was changed meanwhile.
    """

    def __init__(self, sandbox: Sandbox, building: str, lease: Lease) -> None:
        self.sandbox, self.building, self.lease = sandbox, building, lease
        self.generation = sandbox.generation
        self.phase, self.since = "", time.monotonic()
        self.thread = threading.get_ident()
        self.lock = threading.Lock()

    def __call__(self, phase: str, detail: str = "") -> None:
        self._time(phase)
        if phase == "ready":  # the row says it, together with the state
            return
        with self.lock:
            try:
                self._write(phase, detail)
            finally:
                if threading.get_ident() != self.thread:
                    connection.close()

    def _time(self, phase: str) -> None:
        """Notes how long the phase before this one took."""
        if self.phase and self.phase != phase:
            figures.observe("explorer_opening_seconds", time.monotonic() - self.since, phase=self.phase)
        if self.phase != phase:
            self.phase, self.since = phase, time.monotonic()

    def _write(self, phase: str, detail: str) -> None:
        log.debug("phase", phase=phase, detail=detail)
        same = self.lease.holds & Q(generation=self.generation)
        wanted = move(self.sandbox, [self.building], where=same, phase=phase[:40], detail=detail[:200])
        if not wanted:
            raise NoLongerWanted
