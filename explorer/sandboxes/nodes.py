"""The nodes that are present, and what their rows say they can do. The web side reads these rows and does not ask a kernel.

A request reads the nodes once, at its beginning (`read_nodes`), and hands them on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count
from django.utils import timezone

from explorer.network.engines import in_order
from explorer.sandboxes import library
from explorer.sandboxes.models import Node, Sandbox

NODE_AWAY = timedelta(seconds=30)


@dataclass(frozen=True)
class Lack:
    """A driver that no node here has. `kernel` is the release of the kernel that lacks it; empty when it is not known."""

    driver: str
    kernel: str = ""

    @property
    def sentence(self) -> str:
        kernel = f", Linux {self.kernel}," if self.kernel else ""
        return f"The kernel of the machine that runs sandboxes here{kernel} has no {self.driver}."


@dataclass(frozen=True)
class Nodes:
    """`here`: the nodes heard of within `NODE_AWAY`, as their rows were when they were read. Draining nodes are included."""

    here: tuple[Node, ...] = ()

    @property
    def taking(self) -> tuple[Node, ...]:
        """The nodes that take new sandboxes: those that are not draining."""
        return tuple(node for node in self.here if not node.draining)

    @property
    def engines(self) -> tuple[str, ...]:
        """The versions of Docker Engine with which a sandbox can be opened now."""
        return in_order(engine for node in self.taking for engine in node.engines)

    def weather(self, name: str | None) -> str:
        """What the weather of a link can be made of on this node, in words with spaces between; `mtu` when it has not said."""
        told = next((node.health.get("weather") for node in self.here if node.pk == name), None)
        return " ".join(str(word) for word in told) if isinstance(told, list) else "mtu"

    def with_engine(self, engine: str) -> list[Node]:
        return [node for node in self.taking if engine in node.engines]

    def able(self, lesson: str, engine: str) -> list[Node]:
        """The nodes that take new sandboxes, have this version of Docker Engine, and have the driver and images of this
        lesson."""
        driver, images = driver_of(lesson), images_of(lesson)
        return [node for node in self.with_engine(engine) if can(node, driver) and not missing(node, images)]

    def lacking(self) -> dict[str, Lack]:
        """Driver → `Lack` for each driver that no node here has."""
        return lacking(self.here)


def read_nodes() -> Nodes:
    """Reads the rows of the nodes that are present."""
    return Nodes(tuple(Node.objects.filter(seen_at__gt=timezone.now() - NODE_AWAY)))


def known_engines() -> tuple[str, ...]:
    """The versions of Docker Engine that some node has or is set to have, whether it is here now or not."""
    rows = list(Node.objects.all())
    return in_order(engine for node in rows for engine in (*node.engines, *node.engines_missing))


def driver_of(lesson: str) -> str:
    """The driver that a lesson is about; empty when there is no such lesson."""
    known = library.find(lesson) if lesson else None
    return known.driver if known else ""


def images_of(lesson: str) -> tuple[str, ...]:
    """The images that a lesson needs beside `box`, each with its tag."""
    known = library.find(lesson) if lesson else None
    return known.images if known else ()


def missing(node: Node, images: Iterable[str]) -> list[str]:
    """Those of these images that are not on the node's shelf. A node that has not told of its shelf counts as having them."""
    told = node.health.get("images")
    if not isinstance(told, list):
        return []
    there = {name for one in told if isinstance(one, Mapping) for name in (one.get("name"), *one.get("answers_to", ()))}
    return [image for image in images if image not in there]


def can(node: Node, driver: str) -> bool:
    """False only when the node's row says that it lacks this driver. A node that has not reported yet counts as able."""
    told = node.health.get("drivers")
    return not isinstance(told, Mapping) or told.get(driver) is not False


def lacking(nodes: Iterable[Node]) -> dict[str, Lack]:
    """Driver → `Lack` for each driver that none of these nodes has. Drivers that no node reported on are left out."""
    some = list(nodes)
    named = {driver for node in some if isinstance(node.health.get("drivers"), Mapping) for driver in node.health["drivers"]}
    return {
        driver: Lack(driver, str(some[0].health.get("kernel", "")))
        for driver in sorted(named)
        if not any(can(node, driver) for node in some)
    }


def only_node(nodes: Nodes, lesson: str, engine: str) -> str:
    """The node for a sandbox of this lesson when some nodes can play it and others cannot: of those that can, the one with
    most free places. Empty when all or none of them can.
    """
    fit = nodes.able(lesson, engine)
    if not fit or len(fit) == len(nodes.with_engine(engine)):
        return ""
    rows = Sandbox.objects.filter(node__in=fit, state__in=Sandbox.ON_NODE).order_by()
    taken = dict(rows.values_list("node").annotate(Count("pk")))
    return max(fit, key=lambda node: node.capacity - taken.get(node.pk, 0)).pk
