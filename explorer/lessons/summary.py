"""The closing card: what a driver added to this sandbox's hosts, counted and named by the driver's package.

Every pair is (title, text). Both are plain text and contain names that came from a host, so a page has to escape them.
"""

from __future__ import annotations

from explorer.lessons.model import Lesson
from explorer.network.drivers import DRIVERS
from explorer.network.drivers.summary import Fact
from explorer.network.model import Snapshot
from explorer.network.world import World


def summarise(lesson: Lesson, snapshot: Snapshot) -> list[Fact]:
    """The facts for this lesson's driver, of every host that has some."""
    world, driver = World(snapshot), DRIVERS[lesson.driver]
    hosts = [place for place in snapshot.places.values() if place.kind == "host"]
    return [fact for host in hosts for fact in driver.summary(world, host) if fact[1]]
