"""The nodes that are here: what they can do, as they said themselves in their rows. The web side asks here, never a kernel.

They are read once for a request (`read_nodes`), where it comes in, and handed on from there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count
from django.utils import timezone

from explorer.network.scenario import ENGINES
from explorer.sandboxes import library
from explorer.sandboxes.models import Node, Sandbox

NODE_AWAY = timedelta(seconds=30)


@dataclass(frozen=True)
class Lack:
    """A driver that no node here can do. `kernel` is the release of the kernel that lacks it, where that is known."""

    driver: str
    kernel: str = ""

    @property
    def sentence(self) -> str:
        kernel = f", Linux {self.kernel}," if self.kernel else ""
        return f"The kernel of the machine that runs sandboxes here{kernel} has no {self.driver}."


@dataclass(frozen=True)
class Nodes:
    """`here`: the nodes that were heard of within `NODE_AWAY`, draining ones too, as their rows were when this was read."""

    here: tuple[Node, ...] = ()

    @property
    def taking(self) -> tuple[Node, ...]:
        """Those that take new work."""
        return tuple(node for node in self.here if not node.draining)

    @property
    def engines(self) -> tuple[str, ...]:
        """The versions of Docker Engine that a sandbox can be opened with now."""
        offered = {engine for node in self.taking for engine in node.engines}
        return tuple(engine for engine in ENGINES if engine in offered)

    def with_engine(self, engine: str) -> list[Node]:
        return [node for node in self.taking if engine in node.engines]

    def able(self, lesson: str, engine: str) -> list[Node]:
        """Those that have this version of Docker Engine and can do what this lesson is about."""
        driver = driver_of(lesson)
        return [node for node in self.with_engine(engine) if can(node, driver)]

    def lacking(self) -> dict[str, Lack]:
        """The drivers none of them can do, by name."""
        return lacking(self.here)


def read_nodes() -> Nodes:
    return Nodes(tuple(Node.objects.filter(seen_at__gt=timezone.now() - NODE_AWAY)))


def driver_of(lesson: str) -> str:
    known = library.find(lesson) if lesson else None
    return known.driver if known else ""


def can(node: Node, driver: str) -> bool:
    """What a node has not denied, it can: one that has not looked yet refuses nobody."""
    told = node.health.get("drivers")
    return not isinstance(told, Mapping) or told.get(driver) is not False


def lacking(nodes: Iterable[Node]) -> dict[str, Lack]:
    """The drivers none of these nodes can do, by name."""
    some = list(nodes)
    named = {driver for node in some if isinstance(node.health.get("drivers"), Mapping) for driver in node.health["drivers"]}
    return {
        driver: Lack(driver, str(some[0].health.get("kernel", "")))
        for driver in sorted(named)
        if not any(can(node, driver) for node in some)
    }


def only_node(nodes: Nodes, lesson: str, engine: str) -> str:
    """The node a sandbox for this lesson has to go to, when not all of them will do: the emptiest of those that do. Else ""."""
    fit = nodes.able(lesson, engine)
    if not fit or len(fit) == len(nodes.with_engine(engine)):
        return ""
    rows = Sandbox.objects.filter(node__in=fit, state__in=Sandbox.ON_NODE).order_by()
    taken = dict(rows.values_list("node").annotate(Count("pk")))
    return max(fit, key=lambda node: node.capacity - taken.get(node.pk, 0)).pk
