"""The closing card: what is on this sandbox's host now that a driver put there, counted and named. A file per driver.

Every pair is (title, text); both are plain text, with names that came from a host in them: whoever shows them escapes them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from explorer.lessons.evidence import World
from explorer.lessons.model import Lesson
from explorer.lessons.summary import bridge, host, ipvlan, macvlan, none, overlay, start, third_party
from explorer.lessons.summary.parts import Fact
from explorer.network.model import Place, Snapshot

CARDS: dict[str, Callable[[World, Place], Iterator[Fact]]] = {
    "start": start.facts,
    "bridge": bridge.facts,
    "macvlan": macvlan.facts,
    "ipvlan": ipvlan.facts,
    "host": host.facts,
    "none": none.facts,
    "overlay": overlay.facts,
    "third-party": third_party.facts,
}


def summarise(lesson: Lesson, snapshot: Snapshot) -> list[Fact]:
    """The facts that fit this lesson's driver, of every host that has them."""
    world = World(snapshot)
    maker = CARDS.get(lesson.driver)
    places = [place for place in snapshot.places.values() if place.kind == "host"]
    return [fact for one in places for fact in (maker(world, one) if maker else ()) if fact[1]]


__all__ = ["CARDS", "Fact", "summarise"]
