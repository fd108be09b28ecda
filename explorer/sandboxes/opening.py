"""Opens a sandbox for a learner. The web side writes the row and sends a task by name; a node builds the sandbox.

Every page and every action of an instructor that gives a learner a sandbox calls `open_sandbox`. `book_sandbox` alone, without
any limit, is called for warm sandboxes, for columns of comparisons, and by the operator's command on a node without a worker.
The row says what is wanted: when a task gets lost, the reconciler sends it again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from django.db import IntegrityError, transaction
from django.utils import timezone

from explorer.network.engines import DEFAULT_ENGINE, PODMAN, is_docker, is_engine
from explorer.network.layout import FREE, Layout
from explorer.network.scenario import SCENARIOS
from explorer.sandboxes import changes
from explorer.sandboxes.changes import enqueue, move, node_queue, open_queue
from explorer.sandboxes.life import close_sandbox, current_sandbox
from explorer.sandboxes.limits import (
    Refused,
    check_driver,
    check_engine,
    check_images,
    check_nodes,
    check_quota,
    check_room,
)
from explorer.sandboxes.models import Action, Comparison, Learner, Sandbox
from explorer.sandboxes.nodes import Nodes, only_node
from explorer.sandboxes.streams import TASK_OPEN
from explorer.sandboxes.terms import USUAL, Terms
from explorer.sandboxes.warm import claim_warm

log = structlog.get_logger(__name__)

TRIES = 3  # two are enough unless other requests of the learner open and close at the same moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """The sandbox that somebody wants.

    `layout` is a `network.layout.Layout` as JSON; only the scenario `free` has one. An engine named by `terms` (those of a
    class) goes before `engine`. `instead` is the id of the running sandbox that may be closed for this one. `replay` has
    commands that are typed into the new sandbox (`Sandbox.replay`). With `replay`, the sandbox that runs is closed, no warm
    sandbox is used, and the limit for each hour does not apply.
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
        """A wish for this layout: the scenario with exactly this layout if there is one (a warm sandbox may exist for it),
        else `free`.
        """
        name = layout.name()
        return cls(scenario=name, layout=layout.model_dump(mode="json") if name == FREE else {}, **more)

    @property
    def version(self) -> str:
        """The version of Docker Engine that will be used."""
        return self.terms.engine or self.engine

    @property
    def needs_swarm(self) -> bool:
        known = SCENARIOS.get(self.scenario)
        return bool(known.swarm) if known else self.layout.get("swarm") is True

    @property
    def summary(self) -> str:
        return Layout.model_validate(self.layout).in_words() if self.layout else summary_of(self.scenario)

    def is_met_by(self, sandbox: Sandbox) -> bool:
        """Whether this running sandbox is what is wanted. The version of its Docker Engine may differ; the page shows it.
        Podman is something else."""
        same = (sandbox.scenario, sandbox.layout) == (self.scenario, self.layout)
        return (
            same
            and (sandbox.engine == PODMAN) == (self.version == PODMAN)
            and (self.replay is None or sandbox.replay == self.replay)
        )


def open_sandbox(learner: Learner, wish: Wish, nodes: Nodes) -> Sandbox:
    """Returns the learner's running sandbox if it is what is wanted, else a warm sandbox, else a new sandbox in the queue.

    Raises `Refused`; then nothing was closed or opened. When two requests of one learner come at once, one of them opens and
    the other is answered with what it finds afterwards. After `TRIES` lost attempts, the database's `IntegrityError` is
    raised.
    """
    check_known(wish)
    check_driver(nodes, wish.lesson)
    check_images(nodes, wish.lesson)
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
        except IntegrityError:  # another request of this learner opened one first, so look again at what runs
            lost += 1
            if lost == TRIES:
                raise


def _goes(running: Sandbox, wish: Wish, again: bool) -> bool:
    """Whether the running sandbox is closed for the wish. `again`: another request opened it while we tried."""
    if wish.replay is not None:
        return not (again and wish.is_met_by(running))
    return running.pk == wish.instead


def _open(learner: Learner, wish: Wish, nodes: Nodes, running: Sandbox | None) -> Sandbox:
    """Closes the running sandbox if there is one, and opens the new one, in one transaction. The database refuses a second
    live sandbox of the same learner (`IntegrityError`), and then nothing of this has happened.
    """
    if running:
        close_sandbox(running)
    if wish.replay is None and not wish.layout:
        able = nodes.able(wish.lesson, wish.version)
        if warm := claim_warm(able, wish.scenario, wish.version, wish.terms, learner=learner, lesson=wish.lesson):
            return warm
    if running is None:  # otherwise it gets the place of the one that is closed
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
    """Raises `Refused` for a scenario that does not exist, or a word that is no version of Docker Engine."""
    if wish.scenario not in SCENARIOS and not (wish.scenario == FREE and wish.layout):
        raise Refused("unknown_scenario", "There is no such sandbox to open.", scenario=wish.scenario[:64])
    if not is_engine(wish.version):
        raise Refused("unknown_engine", "There is no sandbox with that version of Docker Engine.", engine=wish.version[:64])
    if wish.lesson and not is_docker(wish.version):
        raise Refused(
            "lesson_with_podman",
            "Lessons are about Docker, and their commands are Docker's: choose a version of Docker Engine. "
            "Hosts with Podman are in the playground and in comparisons.",
        )
    if wish.version == PODMAN and wish.needs_swarm:
        raise Refused("swarm_with_podman", "Podman has no swarm: choose a version of Docker Engine, or a layout without one.")


def _turn_to(sandbox: Sandbox, wish: Wish, nodes: Nodes) -> Sandbox:
    """Uses the running sandbox for the wanted lesson. Raises `Refused` when it is a different kind of sandbox."""
    if not wish.is_met_by(sandbox):
        raise Refused(
            "other_scenario",
            f"A sandbox of yours is open, and one runs at a time. It has: {summary_of(sandbox.scenario)}{with_podman(sandbox)} "
            f"Needed here: {wish.summary}",
            sandbox=sandbox.pk,
            runs=sandbox.scenario,
        )
    if wish.lesson and sandbox.lesson != wish.lesson:
        check_driver(nodes, wish.lesson, sandbox.node)
        check_images(nodes, wish.lesson, sandbox.node)
        move(sandbox, Sandbox.USABLE, lesson=wish.lesson)
        sandbox.refresh_from_db()
    return sandbox


def with_podman(sandbox: Sandbox) -> str:
    """What a summary of a sandbox does not say of its hosts, as a further sentence."""
    return " Its hosts have Podman in place of Docker." if sandbox.engine == PODMAN else ""


def summary_of(scenario: str) -> str:
    """One sentence for people: what a scenario contains."""
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
    """Writes the row and the action of a new sandbox and sends the task, without checking any limit.

    With `node`, that node builds it and no other. Without a learner it is a warm sandbox: a common one, or with the `terms` of
    a class one that is prepared for the learners of this class until `expires_at`. For prepared ones no task is sent here:
    they are begun a few at a time (`warm.begin_prepared`).
    """
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


def adopt_sandbox(name: str, generation: int, node: str, facts: Mapping[str, Any], expires_at: datetime) -> Sandbox:
    """Writes a row for a sandbox that a node has and whose row was lost. It has no learner; operators see and close it."""
    now = timezone.now()
    sandbox = Sandbox.objects.create(
        pk=name,
        generation=generation,
        node_id=node,
        state=Sandbox.State.READY,
        phase="ready",
        facts=dict(facts),
        ready_at=now,
        expires_at=expires_at,
    )
    log.warning("adopted", sandbox=name, generation=generation, node=node)
    return sandbox
