"""Opening: somebody wishes for a sandbox and is given one. The web side never builds it: it writes the row and names the task.

There is one way for all wishes, whichever page or instructor they come from: `open_sandbox`. An accepted wish is a committed
row and an `Action`; the task queue is only a hint that work waits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from django.db import IntegrityError, transaction

from explorer.network.layout import FREE, Layout
from explorer.network.scenario import DEFAULT_ENGINE, ENGINES, SCENARIOS
from explorer.sandboxes import changes
from explorer.sandboxes.changes import enqueue, move, node_queue, open_queue
from explorer.sandboxes.life import close_sandbox, current_sandbox
from explorer.sandboxes.limits import Refused, check_driver, check_engine, check_nodes, check_quota, check_room
from explorer.sandboxes.models import Action, Comparison, Learner, Sandbox
from explorer.sandboxes.nodes import Nodes, only_node
from explorer.sandboxes.streams import TASK_OPEN
from explorer.sandboxes.terms import USUAL, Terms
from explorer.sandboxes.warm import claim_warm

log = structlog.get_logger(__name__)

TRIES = 3  # a second is enough, unless other requests of the same learner go on opening and closing at this very moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody wants opened.

    `layout` is a `network.layout.Layout` as JSON and belongs to the scenario `free`. The class's version of the engine, if
    `terms` name one, counts before `engine`. `instead` is the id of the sandbox that may be closed for it.
    `replay` is typed into the sandbox once it stands (`Sandbox.replay`). Such a copy comes from an instructor: it takes the
    place of whatever runs, is never a warm one, and may be opened whatever the learner has opened within the hour.
    """

    scenario: str = "one-host"
    layout: Mapping[str, Any] = field(default_factory=dict)
    lesson: str = ""
    engine: str = DEFAULT_ENGINE
    terms: Terms = USUAL
    instead: str = ""
    replay: Mapping[str, Any] | None = None

    @classmethod
    def of_layout(cls, layout: Layout, **more: Any) -> Wish:
        """The scenario that is this layout, if there is one, so that a warm one will do; else the scenario `free`."""
        name = layout.name()
        return cls(scenario=name, layout=layout.model_dump(mode="json") if name == FREE else {}, **more)

    @property
    def version(self) -> str:
        """Of Docker Engine."""
        return self.terms.engine or self.engine

    @property
    def summary(self) -> str:
        return Layout.model_validate(self.layout).in_words() if self.layout else summary_of(self.scenario)

    def is_met_by(self, sandbox: Sandbox) -> bool:
        """By one that runs, whatever the version of its engine, which the page says."""
        same = (sandbox.scenario, sandbox.layout) == (self.scenario, self.layout)
        return same and (self.replay is None or sandbox.replay == self.replay)


def open_sandbox(learner: Learner, wish: Wish, nodes: Nodes) -> Sandbox:
    """The learner's sandbox that runs, if it is what is wished for; else a warm one, else a queued one.

    Raises `Refused`, and then nothing was closed, opened or counted. Wished for twice at once it is opened once: whichever
    request comes second is answered as if it had been sent after the first was done.
    """
    check_known(wish)
    check_driver(nodes, wish.lesson)
    lost = 0
    while True:
        running = current_sandbox(learner)
        if running and not _goes(running, wish, again=lost > 0):
            return _turn_to(running, wish, nodes)
        if wish.replay is None:
            check_quota(learner)
        check_nodes(nodes)
        check_engine(nodes, wish.version)
        try:
            with transaction.atomic():
                return _open(learner, wish, nodes, running)
        except IntegrityError:  # one per learner: another request of theirs was quicker, so look again at what runs
            lost += 1
            if lost == TRIES:
                raise


def _goes(running: Sandbox, wish: Wish, again: bool) -> bool:
    """Whether the one that runs makes room for what is wished for. `again`: it was opened while we tried to."""
    if wish.replay is not None:
        return not (again and wish.is_met_by(running))
    return running.pk == wish.instead


def _open(learner: Learner, wish: Wish, nodes: Nodes, running: Sandbox | None) -> Sandbox:
    """In a transaction: the database refuses a learner's second sandbox, and then nothing of this has happened."""
    if running:
        close_sandbox(running)
    if wish.replay is None and not wish.layout:
        able = nodes.able(wish.lesson, wish.version)
        if warm := claim_warm(able, wish.scenario, wish.version, wish.terms, learner=learner, lesson=wish.lesson):
            return warm
    if running is None:  # else the place of the one that goes is free for it
        check_room(nodes, wish.version, wish.terms.class_id)
    sandbox, _ = book_sandbox(
        learner,
        lesson=wish.lesson,
        scenario=wish.scenario,
        layout=wish.layout,
        engine=wish.version,
        node=only_node(nodes, wish.lesson, wish.version),
        terms=wish.terms,
        replay=wish.replay,
    )
    return sandbox


def check_known(wish: Wish) -> None:
    if wish.scenario not in SCENARIOS and not (wish.scenario == FREE and wish.layout):
        raise Refused("unknown_scenario", "There is no such sandbox to open.", scenario=wish.scenario[:64])
    if wish.version not in ENGINES:
        raise Refused("unknown_engine", "There is no sandbox with that version of Docker Engine.", engine=wish.version[:64])


def _turn_to(sandbox: Sandbox, wish: Wish, nodes: Nodes) -> Sandbox:
    """The one that runs, from now on for the lesson that is wished for."""
    if not wish.is_met_by(sandbox):
        raise Refused(
            "other_scenario",
            f"A sandbox of yours is open, and one runs at a time. It has: {summary_of(sandbox.scenario)} "
            f"Needed here: {wish.summary}",
            sandbox=sandbox.pk,
            runs=sandbox.scenario,
        )
    if wish.lesson and sandbox.lesson != wish.lesson:
        check_driver(nodes, wish.lesson, sandbox.node)
        move(sandbox, Sandbox.USABLE, lesson=wish.lesson)
        sandbox.refresh_from_db()
    return sandbox


def summary_of(scenario: str) -> str:
    """What a scenario opens, in a sentence for people."""
    return SCENARIOS[scenario].summary if scenario in SCENARIOS else "A layout of your own."


def book_sandbox(
    learner: Learner | None,
    *,
    lesson: str = "",
    scenario: str = "one-host",
    node: str = "",
    engine: str = DEFAULT_ENGINE,
    layout: Mapping[str, Any] | None = None,
    comparison: Comparison | None = None,
    countdown: float = 0,
    terms: Terms = USUAL,
    replay: Mapping[str, Any] | None = None,
    expires_at: datetime | None = None,
) -> tuple[Sandbox, Action]:
    """Row, action and task, asking nobody whether that may be. With `node`, that node and no other; without a learner, a warm
    one: a common one, or with `terms` of a class one that is prepared for its learners until `expires_at`. Prepared ones are
    begun in turn (`warm.begin_prepared`), not all at once."""
    with transaction.atomic(savepoint=False):
        sandbox = Sandbox.objects.create(
            learner=learner,
            lesson=lesson,
            scenario=scenario,
            layout=dict(layout or {}),
            engine=engine,
            phase="queued",
            node_id=node or None,
            comparison=comparison,
            replay=dict(replay or {}),
            expires_at=expires_at,
            **terms.fields(),
        )
        action = Action.objects.create(sandbox=sandbox, kind=Action.Kind.OPEN)
        if learner is not None or not terms.class_id:
            enqueue(TASK_OPEN, node_queue(node) if node else open_queue(engine), action.pk, countdown=countdown)
        transaction.on_commit(lambda: changes.tell(sandbox.pk))
    log.info("queued", sandbox=sandbox.pk, scenario=scenario, engine=engine, action=action.pk)
    return sandbox, action
