"""Which network drivers the nodes can do, as they said themselves in their rows. The web side asks here, never a kernel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from explorer.sandboxes import library
from explorer.sandboxes.changes import ON_NODE, alive_nodes
from explorer.sandboxes.models import Node


@dataclass(frozen=True)
class Lack:
    """A driver that no node here can do. `kernel` is the release of the kernel that lacks it, where that is known."""

    driver: str
    kernel: str = ""

    @property
    def sentence(self) -> str:
        kernel = f", Linux {self.kernel}," if self.kernel else ""
        return f"The kernel of the machine that runs sandboxes here{kernel} has no {self.driver}."


def driver_of(lesson: str) -> str:
    known = library.find(lesson)
    return known.driver if known else ""


def can(node: Node, driver: str) -> bool:
    """What a node has not denied, it can: one that has not looked yet refuses nobody."""
    told = node.health.get("drivers")
    return not isinstance(told, Mapping) or told.get(driver) is not False


def able(lesson: str, engine: str) -> list[Node]:
    """The nodes that are here, take work, have this version of Docker Engine and can do what this lesson is about."""
    driver = driver_of(lesson)
    return [node for node in alive_nodes() if not node.draining and engine in node.engines and can(node, driver)]


def only_node(lesson: str, engine: str) -> str:
    """The node a sandbox for this lesson has to go to, when not all of them will do; the emptiest of those that do."""
    fit = able(lesson, engine)
    if not fit or len(fit) == len(able("", engine)):
        return ""
    return max(fit, key=lambda node: node.capacity - node.sandbox_set.filter(state__in=ON_NODE).count()).pk


def lacking(nodes: Iterable[Node] | None = None) -> dict[str, Lack]:
    """The drivers none of the nodes that are here can do, by name."""
    here = list(alive_nodes() if nodes is None else nodes)
    named = {driver for node in here if isinstance(node.health.get("drivers"), Mapping) for driver in node.health["drivers"]}
    return {
        driver: Lack(driver, str(here[0].health.get("kernel", "")))
        for driver in sorted(named)
        if not any(can(node, driver) for node in here)
    }
