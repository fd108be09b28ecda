"""Who may have a sandbox now: quotas, capacity, and the one refusal that speaks to learner and operator alike.

What is here is read by whoever asks (`nodes.read_nodes`) and given to each question, so that one request sees one picture.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from explorer.sandboxes.models import Action, Comparison, Learner, Node, Sandbox
from explorer.sandboxes.nodes import Nodes, driver_of, lacking

log = structlog.get_logger(__name__)
State = Sandbox.State
COMPARED_AT_ONCE = 10
QUEUE_LEAST = 20


class Refused(Exception):
    """One refusal: the sentence for the learner, the numbers for the log, a stable code for tests and pages."""

    def __init__(self, code: str, sentence: str, **numbers: Any) -> None:
        super().__init__(sentence)
        self.code, self.sentence, self.numbers = code, sentence, numbers
        log.info("refused", code=code, **numbers)


def check_quota(learner: Learner) -> None:
    """The sandboxes of comparisons are none of those a learner may open: they last for seconds."""
    opened = Action.objects.filter(kind=Action.Kind.OPEN, sandbox__learner=learner, sandbox__comparison=None)
    _check_hour(
        learner,
        opened,
        settings.OPENS_PER_HOUR,
        "too_many_opens",
        "You have opened {made} sandboxes within an hour, which is all we can give one person. "
        "Please try again in a while, or reset the next one instead of opening another.",
    )


def check_comparisons(learner: Learner) -> None:
    _check_hour(
        learner,
        Comparison.objects.filter(learner=learner),
        settings.COMPARISONS_PER_HOUR,
        "too_many_comparisons",
        "You have started {made} comparisons within an hour, which is all we can give one person. "
        "Those you have made stay readable; please try again in a while.",
    )


def _check_hour(learner: Learner, rows: QuerySet[Any], allowed: int, code: str, sentence: str) -> None:
    made = rows.filter(created_at__gt=timezone.now() - timedelta(hours=1)).count()
    if made >= allowed:
        raise Refused(code, sentence.format(made=made), made=made, allowed=allowed, learner=str(learner.pk))


def comparison_places(capacity: int) -> int:
    """How many sandboxes of comparisons one node holds at once: a quarter of its places is left to people who learn, and so
    many measured side by side are as much as one machine can measure."""
    return min(max(capacity - capacity // 4, 1), COMPARED_AT_ONCE)


def check_queue(nodes: Nodes) -> None:
    """A comparison may wait for its places, if not too many wait already."""
    total = sum(node.capacity for node in nodes.taking)
    waiting = Sandbox.objects.filter(state=State.QUEUED).count()
    if waiting >= max(2 * total, QUEUE_LEAST):
        raise Refused(
            "full",
            "All places are taken right now, and many wait already. A comparison takes seconds, so some come free soon: "
            "please try again in a minute.",
            total=total,
            waiting=waiting,
        )


def check_driver(nodes: Nodes, lesson: str, node: Node | None = None) -> None:
    """Refuses a lesson whose driver none of these nodes can do, or not `node`; before anything is spent on it."""
    driver = driver_of(lesson)
    lack = nodes.lacking().get(driver) or (lacking([node]).get(driver) if node else None)
    if lack:
        elsewhere = "Close this sandbox and open a new one for this lesson." if node else "You can read the lesson meanwhile."
        raise Refused(
            "no_driver",
            f"{lack.sentence} Nothing was opened or used up, and your progress is kept. {elsewhere}",
            driver=driver,
            kernel=lack.kernel,
        )


def check_nodes(nodes: Nodes) -> None:
    """Refuses when no node here takes work."""
    if not nodes.taking:
        raise Refused(
            "no_node",
            "No machine that runs sandboxes is here at the moment. That is ours to fix; your place in the lesson is kept. "
            "Please try again in a minute.",
            nodes=Node.objects.count(),
            seen=len(nodes.here),
        )


def check_engine(nodes: Nodes, engine: str) -> None:
    here = nodes.engines
    if engine not in here:
        raise Refused(
            "no_engine",
            f"No machine here has Docker Engine {engine} at the moment; there is {' and '.join(here) or 'none at all'}. "
            "It may still be in the making: try again in a minute, or choose another version.",
            engine=engine,
            here=here,
        )


def check_room(nodes: Nodes, engine: str, class_id: str = "") -> None:
    free, total = free_capacity(nodes, engine, class_id)
    if free <= 0:
        raise Refused(
            "full",
            "All sandboxes are taken right now. They last an hour at most, so one comes free soon: "
            "please try again in a few minutes. You can read the lesson meanwhile.",
            total=total,
            free=free,
        )


def free_capacity(nodes: Nodes, engine: str, class_id: str = "") -> tuple[int, int]:
    """(free, total) places for one more sandbox with this engine, over the nodes that take work and have it.

    Common warm sandboxes make room for everybody, those prepared for a class for its learners only. What is queued and not
    prepared for this class comes first.
    """
    some = nodes.with_engine(engine)
    there = Q(state__in=[*Sandbox.ON_NODE, State.WARM], node__in=some) & ~_gives_way(class_id)
    waiting = Q(state=State.QUEUED, engine=engine) & ~(Q(learner=None, class_id=class_id) & ~Q(class_id=""))
    total = sum(node.capacity for node in some)
    return total - Sandbox.objects.filter(there | waiting).count(), total


def taken_on(nodes: Iterable[Node]) -> int:
    """Places that do not come free for a stranger: everything that stands there, but common warm sandboxes."""
    there = Sandbox.objects.filter(state__in=[*Sandbox.ON_NODE, State.WARM], node__in=list(nodes))
    return there.exclude(_gives_way("")).count()


def _gives_way(class_id: str) -> Q:
    """Warm sandboxes, built or being built, that make room for a learner of this class ("": of none)."""
    return Q(state__in=[State.WARM, State.OPENING], learner=None, comparison=None, class_id__in=["", class_id])
