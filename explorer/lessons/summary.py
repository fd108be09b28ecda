"""The closing card: what is on this sandbox's host now that a driver put there, counted and named by the driver's package.

Every pair is (title, text); both are plain text, with names that came from a host in them: whoever shows them escapes them.
"""

from __future__ import annotations

from explorer.lessons.model import Lesson
from explorer.network.drivers import DRIVERS
from explorer.network.drivers.summary import Fact
from explorer.network.model import Snapshot
from explorer.network.world import World


def summarise(lesson: Lesson, snapshot: Snapshot) -> list[Fact]:
    """The facts that fit this lesson's driver, of every host that has them."""
    world, driver = World(snapshot), DRIVERS[lesson.driver]
    hosts = [place for place in snapshot.places.values() if place.kind == "host"]
    return [fact for host in hosts for fact in driver.summary(world, host) if fact[1]]
