"""Who may have a sandbox now: quotas, capacity, and the one refusal that speaks to learner and operator alike."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from explorer.network.scenario import ENGINES
from explorer.sandboxes import changes, drivers
from explorer.sandboxes.models import Action, Comparison, Learner, Node, Sandbox

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


def check_queue() -> None:
    """A comparison may wait for its places, if not too many wait already."""
    total = sum(node.capacity for node in _nodes())
    waiting = Sandbox.objects.filter(state=State.QUEUED).count()
    if waiting >= max(2 * total, QUEUE_LEAST):
        raise Refused(
            "full",
            "All places are taken right now, and many wait already. A comparison takes seconds, so some come free soon: "
            "please try again in a minute.",
            total=total,
            waiting=waiting,
        )


def check_driver(lesson: str, node: Node | None = None) -> None:
    """Refuses a lesson whose driver no node here can do, or not `node`; before anything is spent on it."""
    driver = drivers.driver_of(lesson)
    lack = drivers.lacking().get(driver) or (drivers.lacking([node]).get(driver) if node else None)
    if lack:
        elsewhere = "Close this sandbox and open a new one for this lesson." if node else "You can read the lesson meanwhile."
        raise Refused(
            "no_driver",
            f"{lack.sentence} Nothing was opened or used up, and your progress is kept. {elsewhere}",
            driver=driver,
            kernel=lack.kernel,
        )


def engines_here() -> tuple[str, ...]:
    """The versions of Docker Engine that a sandbox can be opened with now."""
    offered = {engine for node in _nodes() for engine in node.engines}
    return tuple(engine for engine in ENGINES if engine in offered)


def free_capacity(engine: str = "", pool: str = "") -> tuple[int, int]:
    """(free, total) over the nodes that are here, take work and have that version, if one is named.

    Warm sandboxes make room when asked to; those kept for somebody only for whom they are kept.
    """
    nodes = [node for node in _nodes() if not engine or engine in node.engines]
    total = sum(node.capacity for node in nodes)
    return total - taken_on(nodes, pool) - waiting_for([engine] if engine else ENGINES, pool), total


def taken_on(nodes: Iterable[Node], pool: str = "") -> int:
    """Places that do not come free for who asks: everything that stands there, but warm sandboxes that may give way."""
    there = Sandbox.objects.filter(state__in=[*changes.ON_NODE, State.WARM], node__in=list(nodes))
    spare = Q(state__in=[State.WARM, State.OPENING], learner=None, comparison=None, pool__in=["", pool])
    return there.exclude(spare).count()


def waiting_for(engines: Iterable[str], pool: str = "") -> int:
    waiting = Sandbox.objects.filter(state=State.QUEUED, engine__in=list(engines))
    return waiting.exclude(Q(learner=None) & Q(pool=pool) & ~Q(pool="")).count()


def _nodes() -> list[Node]:
    return [node for node in changes.alive_nodes() if not node.draining]


def find_nodes() -> list[Node]:
    """The nodes that are here and take work. Raises `Refused` when there is none."""
    nodes = _nodes()
    if not nodes:
        raise Refused(
            "no_node",
            "No machine that runs sandboxes is here at the moment. That is ours to fix; your place in the lesson is kept. "
            "Please try again in a minute.",
            nodes=Node.objects.count(),
            seen=len(changes.alive_nodes()),
        )
    return nodes


def check_room(engine: str, pool: str = "") -> None:
    find_nodes()
    check_engine(engine)
    free, total = free_capacity(engine, pool)
    if free <= 0:
        raise Refused(
            "full",
            "All sandboxes are taken right now. They last an hour at most, so one comes free soon: "
            "please try again in a few minutes. You can read the lesson meanwhile.",
            total=total,
            free=free,
        )


def check_engine(engine: str) -> None:
    here = engines_here()
    if engine not in here:
        raise Refused(
            "no_engine",
            f"No machine here has Docker Engine {engine} at the moment; there is {' and '.join(here) or 'none at all'}. "
            "It may still be in the making: try again in a minute, or choose another version.",
            engine=engine,
            here=here,
        )
