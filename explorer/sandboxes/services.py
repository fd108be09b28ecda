"""The web side: asks for sandboxes and keeps answers. Never does the work: it writes the row and names the task.

An accepted request is a committed row and an `Action`; the task queue is only a hint that work waits.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from explorer.network.layout import FREE, Layout
from explorer.network.scenario import DEFAULT_ENGINE, ENGINES, SCENARIOS
from explorer.sandboxes import changes, drivers
from explorer.sandboxes.changes import enqueue, move, node_queue, open_queue
from explorer.sandboxes.kept import untaken
from explorer.sandboxes.limits import (
    Refused,
    check_driver,
    check_engine,
    check_quota,
    check_room,
    engines_here,
    find_nodes,
    free_capacity,
)
from explorer.sandboxes.models import Action, Comparison, Learner, Node, Progress, Sandbox
from explorer.sandboxes.orders import LookAgain, Order
from explorer.sandboxes.progress import UnknownLesson, learner_progress, set_prediction, set_step
from explorer.sandboxes.streams import TASK_CLOSE, TASK_OPEN, TASK_RECONCILE, TASK_RESET
from explorer.sandboxes.terms import USUAL, Terms

log = structlog.get_logger(__name__)
__all__ = [
    "Refused",
    "Terms",
    "UnknownLesson",
    "book_sandbox",
    "choose_prediction",
    "claim_warm",
    "close_kept",
    "close_sandbox",
    "current_sandbox",
    "engines_here",
    "extend_sandbox",
    "free_capacity",
    "give_order",
    "learner_progress",
    "look_again",
    "move_to_step",
    "open_layout",
    "open_replayed",
    "open_sandbox",
    "prolong_sandbox",
    "renew_sandbox",
    "replace_sandbox",
    "reset_sandbox",
    "summary_of",
]

State = Sandbox.State
SPARE = (State.WARM, State.OPENING, State.QUEUED)  # kept for somebody who has not come: ready, being made, or next
LEAST_MORE = timedelta(minutes=1)
CLAIM_TRIES = 40  # so many may be taken by others at the same moment
USABLE = (State.QUEUED, State.OPENING, State.READY, State.RESETTING)  # what "you have one" means; closing is not


def current_sandbox(learner: Learner | None) -> Sandbox | None:
    """The learner's one usable sandbox, if any."""
    if learner is None:
        return None
    own = Sandbox.objects.filter(learner=learner, comparison=None, state__in=USABLE)
    return own.select_related("node").first()


def open_sandbox(
    learner: Learner, *, lesson: str = "", scenario: str = "one-host", engine: str = DEFAULT_ENGINE, terms: Terms = USUAL
) -> Sandbox:
    """The learner's running sandbox, else a warm one, else a queued one. Raises `Refused`.

    One that runs is given whatever its engine is, which the page says; one of another scenario is not what was asked for.
    """
    if scenario not in SCENARIOS:
        raise Refused("unknown_scenario", "There is no such sandbox to open.", scenario=scenario[:64])
    engine = terms.engine or engine
    check_known(engine)
    check_driver(lesson)
    running = current_sandbox(learner)
    if running:
        return _turn_to(running, lesson, scenario)
    check_quota(learner)
    try:
        with transaction.atomic():
            return _claim_warm(learner, lesson, scenario, engine, terms) or _queue(learner, lesson, scenario, engine, terms)
    except IntegrityError:  # the same learner asked twice at once: the other request won
        running = current_sandbox(learner)
        if running is None:
            raise
        return _turn_to(running, lesson, scenario)


def open_layout(learner: Learner, layout: Layout, engine: str, instead: str = "", terms: Terms = USUAL) -> Sandbox:
    """A free sandbox that begins with this layout; the one named by `instead` goes for it."""
    engine = terms.engine or engine
    check_known(engine)
    running = current_sandbox(learner)
    name = layout.name()
    if name != FREE:
        if running and running.pk == instead:
            return replace_sandbox(learner, instead, lesson="", scenario=name, engine=engine, terms=terms)
        return open_sandbox(learner, scenario=name, engine=engine, terms=terms)
    kept = layout.model_dump(mode="json")
    if running and running.pk != instead:
        if running.layout == kept:
            return running
        raise _other_scenario(running, layout.in_words())
    check_quota(learner)
    if running:
        check_engine(engine)
    else:
        check_room(engine, terms.pool)
    with transaction.atomic():
        if running:
            close_sandbox(running)
        return book_sandbox(learner, scenario=FREE, layout=kept, engine=engine, terms=terms)[0]


def open_replayed(
    learner: Learner, *, scenario: str, layout: dict[str, Any], engine: str, replay: dict[str, Any], lesson: str, terms: Terms
) -> Sandbox:
    """A sandbox into which `replay` is typed once it stands, in the place of the one the learner has. Never a warm one: what
    is typed has to be there when it is ready. Raises `Refused`, and then nothing was closed."""
    check_known(engine)
    running = current_sandbox(learner)
    if running:
        find_nodes()
        check_engine(engine)
    else:
        check_room(engine, terms.pool)
    with transaction.atomic():
        if running:
            close_sandbox(running)
        return book_sandbox(
            learner,
            lesson=lesson,
            scenario=scenario,
            layout=layout,
            engine=engine,
            terms=terms,
            replay=replay,
            node=drivers.only_node(lesson, engine),
        )[0]


def replace_sandbox(learner: Learner, old: str, *, lesson: str, scenario: str, engine: str, terms: Terms = USUAL) -> Sandbox:
    """Closes the learner's sandbox `old` and opens another in the place it leaves; nothing is closed if that is refused.

    Asked again, or when another runs by now, it gives that one.
    """
    engine = terms.engine or engine
    check_known(engine)
    check_driver(lesson)
    running = current_sandbox(learner)
    if running is None or running.pk != old:
        return open_sandbox(learner, lesson=lesson, scenario=scenario, engine=engine, terms=terms)
    check_quota(learner)
    check_engine(engine)
    with transaction.atomic():
        close_sandbox(running)
        warm = _claim_warm(learner, lesson, scenario, engine, terms)
        node = drivers.only_node(lesson, engine)
        return warm or book_sandbox(learner, lesson=lesson, scenario=scenario, engine=engine, node=node, terms=terms)[0]


def check_known(engine: str) -> None:
    if engine not in ENGINES:
        raise Refused("unknown_engine", "There is no sandbox with that version of Docker Engine.", engine=engine[:64])


def _turn_to(sandbox: Sandbox, lesson: str, scenario: str) -> Sandbox:
    if sandbox.scenario != scenario:
        raise _other_scenario(sandbox, summary_of(scenario))
    if lesson and sandbox.lesson != lesson:
        check_driver(lesson, sandbox.node)
        move(sandbox, USABLE, lesson=lesson)
        sandbox.refresh_from_db()
    return sandbox


def _other_scenario(sandbox: Sandbox, needed: str) -> Refused:
    return Refused(
        "other_scenario",
        f"A sandbox of yours is open, and one runs at a time. It has: {summary_of(sandbox.scenario)} Needed here: {needed}",
        sandbox=sandbox.pk,
        runs=sandbox.scenario,
    )


def summary_of(scenario: str) -> str:
    """What a scenario opens, in a sentence for people."""
    return SCENARIOS[scenario].summary if scenario in SCENARIOS else "A layout of your own."


def _claim_warm(learner: Learner, lesson: str, scenario: str, engine: str, terms: Terms) -> Sandbox | None:
    return claim_warm(drivers.able(lesson, engine), scenario, engine, terms, learner=learner, lesson=lesson)


def claim_warm(nodes: Iterable[Node], scenario: str, engine: str, terms: Terms = USUAL, **whose: Any) -> Sandbox | None:
    """Takes a ready-made sandbox of these nodes, or one being made for nobody yet, for one asker only: first of those kept for
    them (these even before they are begun), then of those that are for everybody."""
    kept = _claim(_kept(nodes, scenario, engine, terms.pool), terms, whose) if terms.pool else None
    return kept or _claim(_common(nodes, scenario, engine), terms, whose)


def _kept(nodes: Iterable[Node], scenario: str, engine: str, pool: str) -> QuerySet[Sandbox]:
    spare = Sandbox.objects.filter(scenario=scenario, engine=engine, learner=None, node__in=list(nodes), pool=pool)
    return spare.filter(state__in=SPARE)


def _common(nodes: Iterable[Node], scenario: str, engine: str) -> QuerySet[Sandbox]:
    young = timezone.now() - changes.WARM_LIFE
    spare = Sandbox.objects.filter(scenario=scenario, engine=engine, learner=None, node__in=list(nodes), pool="")
    return spare.filter(state__in=[State.WARM, State.OPENING], created_at__gt=young)


def _claim(spare: QuerySet[Sandbox], terms: Terms, whose: dict[str, Any]) -> Sandbox | None:
    now = timezone.now()
    # what is ready, what is being made, what is not begun: the states stand in that order by their names too
    for found in spare.order_by(F("ready_at").asc(nulls_last=True), "state", "created_at")[:CLAIM_TRIES]:
        warm = found.state == State.WARM
        rows = Sandbox.objects.filter(pk=found.pk, state=found.state, learner=None)
        taken: dict[str, Any] = {**whose, **terms.fields(), "created_at": now}
        if warm:
            taken |= {"state": State.READY, "phase": "ready", "ready_at": now, "expires_at": now + changes.life(terms)}
        if not rows.update(moved_at=now, **taken):
            continue
        if warm:
            Action.objects.create(sandbox=found, kind=Action.Kind.OPEN, state=Action.State.SUCCEEDED, finished_at=now)
        transaction.on_commit(lambda sandbox=found: changes.tell(sandbox.pk))  # type: ignore[misc]
        if found.state == State.QUEUED and (begun := _last_action(found, Action.Kind.OPEN)):
            enqueue(TASK_OPEN, _queue_of(found), begun.pk)  # somebody waits for it now: it is not built in its turn
        if "comparison" not in whose:  # the pool is filled again when that is over
            enqueue(TASK_RECONCILE, node_queue(found.node_id or ""), countdown=1)
        found.refresh_from_db()
        look_again(found)
        log.info("claimed", sandbox=found.pk, warm=warm, node=found.node_id, pool=found.pool)
        return found
    return None


def _queue(learner: Learner, lesson: str, scenario: str, engine: str, terms: Terms) -> Sandbox:
    check_room(engine, terms.pool)
    node = drivers.only_node(lesson, engine)
    sandbox, _ = book_sandbox(learner, lesson=lesson, scenario=scenario, engine=engine, node=node, terms=terms)
    return sandbox


def book_sandbox(
    learner: Learner | None,
    *,
    lesson: str = "",
    scenario: str = "one-host",
    node: str = "",
    engine: str = DEFAULT_ENGINE,
    layout: dict[str, Any] | None = None,
    comparison: Comparison | None = None,
    countdown: float = 0,
    terms: Terms = USUAL,
    replay: dict[str, Any] | None = None,
    expires_at: datetime | None = None,
) -> tuple[Sandbox, Action]:
    """Row, action and task. With `node`, that node and no other; without a learner, one in advance for whoever comes: until
    `expires_at`, when it is kept for somebody. Those are begun in turn (`kept.begin_kept`), not all at once."""
    with transaction.atomic():
        sandbox = Sandbox.objects.create(
            learner=learner,
            lesson=lesson,
            scenario=scenario,
            layout=layout or {},
            engine=engine,
            phase="queued",
            node_id=node or None,
            comparison=comparison,
            replay=replay or {},
            expires_at=expires_at,
            **terms.fields(),
        )
        action = Action.objects.create(sandbox=sandbox, kind=Action.Kind.OPEN)
        if learner is not None or not terms.pool:
            enqueue(TASK_OPEN, node_queue(node) if node else open_queue(engine), action.pk, countdown=countdown)
        transaction.on_commit(lambda: changes.tell(sandbox.pk))
    log.info("queued", sandbox=sandbox.pk, scenario=scenario, engine=engine, action=action.pk)
    return sandbox, action


def extend_sandbox(sandbox: Sandbox) -> Sandbox:
    now = timezone.now()
    most, life = changes.extensions_most(sandbox), changes.life(sandbox)
    rows = Sandbox.objects.filter(pk=sandbox.pk, state=State.READY, extensions__lt=most, expires_at__gt=now)
    with transaction.atomic():
        # one click counts once: two clicks that saw the same countdown extend once
        moved = rows.filter(extensions=sandbox.extensions).update(
            extensions=F("extensions") + 1, expires_at=F("expires_at") + life
        )
        if moved:
            transaction.on_commit(lambda: changes.tell(sandbox.pk))
            text = f"the sandbox lives {life // timedelta(minutes=1)} minutes longer"
            transaction.on_commit(lambda: changes.say(sandbox.pk, text))
    seen = sandbox.extensions
    sandbox.refresh_from_db()
    if not moved and sandbox.extensions == seen:
        raise _cannot_extend(sandbox)
    return sandbox


def prolong_sandbox(sandbox: Sandbox, more: timedelta, why: str) -> bool:
    """Gives it time that is not one of its learner's extensions; `why` is a line of its timeline. False when it does not run,
    or its end moved meanwhile. The hosts' own clocks follow with the next sweep, long before they would end them."""
    if sandbox.expires_at is None:
        return False
    rows = Sandbox.objects.filter(pk=sandbox.pk, state__in=[State.READY, State.RESETTING], expires_at=sandbox.expires_at)
    with transaction.atomic():
        moved = bool(rows.update(expires_at=sandbox.expires_at + more))
        if moved:
            transaction.on_commit(lambda: changes.tell(sandbox.pk))
            transaction.on_commit(lambda: changes.say(sandbox.pk, why))
    return moved


def renew_sandbox(sandbox: Sandbox, since: datetime, why: str) -> bool:
    """A whole life from `since` on, so that asking twice gives what asking once does. False when it does not run, has that much
    already but for a minute, or its end moved meanwhile."""
    if sandbox.state != State.READY or sandbox.expires_at is None:
        return False
    more = since + changes.life(sandbox) - sandbox.expires_at
    return more >= LEAST_MORE and prolong_sandbox(sandbox, more, why)


def close_kept(pool: str, scenario: str = "") -> int:
    """Closes what is kept for somebody and nobody has taken, all or but those of `scenario`; how many went. One that is claimed
    at this moment is its learner's and stays."""
    going = untaken(pool).filter(state__in=SPARE).exclude(scenario=scenario) if pool else ()
    return sum(close_spare(sandbox) for sandbox in going)


def close_spare(sandbox: Sandbox, why: str = "closed") -> bool:
    """Closes one that nobody has; false when somebody has taken it by now."""
    with transaction.atomic():
        spare = Sandbox.objects.select_for_update().filter(pk=sandbox.pk, learner=None, state__in=SPARE).first()
        if spare:
            close_sandbox(spare, why)
    return spare is not None


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


def reset_sandbox(sandbox: Sandbox) -> Action:
    """Rebuilds it from its scenario under the same id. Asking again while it happens gives the same action."""
    with transaction.atomic():
        moved = move(
            sandbox, [State.READY], state=State.RESETTING, phase="resetting", reason="", generation=F("generation") + 1
        )
        if moved:
            action = Action.objects.create(sandbox=sandbox, kind=Action.Kind.RESET)
            enqueue(TASK_RESET, _queue_of(sandbox), action.pk)
    sandbox.refresh_from_db()
    if moved:
        return action
    pending = _last_action(sandbox, Action.Kind.RESET)
    if sandbox.state == State.RESETTING and pending:
        return pending
    raise Refused("not_ready", "Only a running sandbox can be reset.", sandbox=sandbox.pk, state=sandbox.state)


def close_sandbox(sandbox: Sandbox, why: str = "closed") -> Action:
    """Ends it, whatever it was doing. Closing what is over is no error. `why` is `closed` or `expired`."""
    with transaction.atomic():
        state, now = Action.State.ACCEPTED, timezone.now()
        if move(sandbox, [State.QUEUED], state=State.CLOSED, phase=why, ended_at=now):
            changes.finish_all(sandbox, Action.State.EXPIRED, "closed before it began", [Action.Kind.OPEN])
            state = Action.State.SUCCEEDED
        elif not move(sandbox, [State.OPENING, State.WARM, State.READY, State.RESETTING], state=State.CLOSING, phase=why):
            sandbox.refresh_from_db()
            earlier = _last_action(sandbox, Action.Kind.CLOSE)
            if earlier:
                return earlier
            state = Action.State.SUCCEEDED if sandbox.state in Sandbox.OVER else Action.State.ACCEPTED
        done = now if state == Action.State.SUCCEEDED else None
        action = Action.objects.create(sandbox=sandbox, kind=Action.Kind.CLOSE, state=state, finished_at=done)
        if state == Action.State.ACCEPTED:
            enqueue(TASK_CLOSE, _queue_of(sandbox), action.pk)
    sandbox.refresh_from_db()
    return action


def give_order(sandbox: Sandbox, order: Order) -> bool:
    """False when no node has it or nothing carries orders now."""
    return changes.order(sandbox, order)


def look_again(sandbox: Sandbox) -> None:
    transaction.on_commit(lambda: give_order(sandbox, Order(sandbox=sandbox.pk, wish=LookAgain())))


def _last_action(sandbox: Sandbox, kind: str) -> Action | None:
    return Action.objects.filter(sandbox=sandbox, kind=kind).order_by("-pk").first()


def _queue_of(sandbox: Sandbox) -> str:
    node = sandbox.node_id or Sandbox.objects.values_list("node_id", flat=True).get(pk=sandbox.pk)
    return node_queue(node) if node else open_queue(sandbox.engine)


# --- lessons -------------------------------------------------------------------------------------------------------


def move_to_step(learner: Learner, lesson: str, step: str) -> Progress:
    moved = set_step(learner, lesson, step)
    _lesson_changed(learner)
    return moved


def choose_prediction(learner: Learner, lesson: str, prediction: str, option: str) -> Progress:
    chosen = set_prediction(learner, lesson, prediction, option)
    _lesson_changed(learner)
    return chosen


def _lesson_changed(learner: Learner) -> None:
    sandbox = current_sandbox(learner)
    if sandbox:
        look_again(sandbox)
