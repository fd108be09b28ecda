"""Says whether a learner may have a sandbox now: limits for each learner, and free places on the nodes.

The caller reads the nodes once (`nodes.read_nodes`) and hands them to each function, so one request sees one state of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from explorer.network.engines import in_words, title
from explorer.sandboxes.models import Action, Comparison, Learner, Node, Sandbox
from explorer.sandboxes.nodes import Nodes, driver_of, images_of, lacking, missing

log = structlog.get_logger(__name__)
State = Sandbox.State
COMPARED_AT_ONCE = 10
QUEUE_LEAST = 20


class Refused(Exception):
    """A request that is not granted: a sentence for the learner, numbers for the log, and a code that does not change, for
    pages and tests. Creating it writes a line to the log.
    """

    def __init__(self, code: str, sentence: str, **numbers: Any) -> None:
        super().__init__(sentence)
        self.code, self.sentence, self.numbers = code, sentence, numbers
        log.info("refused", code=code, **numbers)


def check_quota(learner: Learner) -> None:
    """Raises `Refused` when the learner opened too many sandboxes within an hour. Sandboxes of comparisons do not count: they
    last for seconds.
    """
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
    """Raises `Refused` when the learner started too many comparisons within an hour."""
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
    """How many sandboxes of comparisons one node may hold at once: three quarters of its places, for learners need the rest,
    and at most ten, which is what one machine can measure side by side.
    """
    return min(max(capacity - capacity // 4, 1), COMPARED_AT_ONCE)


def check_queue(nodes: Nodes) -> None:
    """Raises `Refused` when too many sandboxes are queued already. A comparison may wait in the queue, unlike
    other sandboxes.
    """
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
    """Raises `Refused` when none of these nodes, or not the given `node`, has the driver of this lesson."""
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


def check_images(nodes: Nodes, lesson: str, node: Node | None = None) -> None:
    """Raises `Refused` when no node, or not the given `node`, has all images of this lesson on its shelf."""
    images = images_of(lesson)
    lacks = [missing(one, images) for one in ([node] if node else nodes.taking)]
    if images and lacks and all(lacks):
        lack = min(lacks, key=len)
        raise Refused(
            "no_image",
            f"This lesson needs the image{'s' if len(lack) > 1 else ''} {', '.join(lack)}, and no machine here has "
            f"{'them' if len(lack) > 1 else 'it'}. Nothing was opened or used up, and your progress is kept. Whoever runs this "
            "site can put an image on the shelf: manage.py image add.",
            images=lack,
        )


def check_nodes(nodes: Nodes) -> None:
    """Raises `Refused` when no node takes new sandboxes."""
    if not nodes.taking:
        raise Refused(
            "no_node",
            "No machine that runs sandboxes is here at the moment. That is ours to fix; your place in the lesson is kept. "
            "Please try again in a minute.",
            nodes=Node.objects.count(),
            seen=len(nodes.here),
        )


def check_engine(nodes: Nodes, engine: str) -> None:
    """Raises `Refused` when no node that takes new sandboxes has this version of Docker Engine."""
    here = nodes.engines
    if engine not in here:
        raise Refused(
            "no_engine",
            f"No machine here has {title(engine)} at the moment; there is {in_words(here)}. "
            "It may still be in the making: try again in a minute, or choose another version.",
            engine=engine,
            here=here,
        )


def check_room(nodes: Nodes, engine: str, class_id: str = "") -> None:
    """Raises `Refused` when no place is free for a sandbox with this engine."""
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
    """Returns (free, total) places for sandboxes with this engine, over all nodes that have it and take new sandboxes.

    Common warm sandboxes count as free for everybody; those prepared for a class count as free for its learners only.
    Sandboxes in the queue count as taken, except those prepared for this class.
    """
    some = nodes.with_engine(engine)
    there = Q(state__in=[*Sandbox.ON_NODE, State.WARM], node__in=some) & ~_gives_way(class_id)
    waiting = Q(state=State.QUEUED, engine=engine) & ~(Q(learner=None, class_id=class_id) & ~Q(class_id=""))
    total = sum(node.capacity for node in some)
    return total - Sandbox.objects.filter(there | waiting).count(), total


def taken_on(nodes: Iterable[Node]) -> int:
    """How many places of these nodes a learner without a class cannot get: all that hold something but a common
    warm sandbox.
    """
    there = Sandbox.objects.filter(state__in=[*Sandbox.ON_NODE, State.WARM], node__in=list(nodes))
    return there.exclude(_gives_way("")).count()


def _gives_way(class_id: str) -> Q:
    """The warm sandboxes, built or being built, that are removed for a learner of this class ("": a learner
    without a class).
    """
    return Q(state__in=[State.WARM, State.OPENING], learner=None, comparison=None, class_id__in=["", class_id])
