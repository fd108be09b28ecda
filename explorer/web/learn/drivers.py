"""What the home page says about each driver: its card is a link only where a lesson is there to open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from explorer.lessons.model import Lesson
from explorer.sandboxes.drivers import Lack
from explorer.sandboxes.models import Progress


@dataclass(frozen=True)
class Driver:
    name: str
    title: str
    promise: str  # shown while the driver has no lesson of its own


DRIVERS = (
    Driver("start", "Start here", "How Docker does networking: namespaces, and who fills them."),
    Driver("bridge", "bridge", "The default: a virtual switch on one host, NAT to the outside."),
    Driver("host", "host", "No network of its own: the container lives in the host's."),
    Driver("none", "none", "Only loopback. Isolation, or a blank slate to build on."),
    Driver("overlay", "overlay", "One network across several hosts, frames inside frames."),
    Driver("macvlan", "macvlan", "A MAC of its own: the container becomes a neighbour on your LAN."),
    Driver("ipvlan", "ipvlan", "Many addresses, one MAC, for switches that count."),
    Driver("third-party", "third-party", "A driver is a program. Meet its API, then write one."),
)


@dataclass(frozen=True)
class Card:
    driver: Driver
    lesson: Lesson | None
    done: int
    total: int
    finished: bool
    started: bool
    resume_step: str
    lack: Lack | None = None  # why it can only be read here

    @property
    def promise(self) -> str:
        return self.lesson.promise if self.lesson else self.driver.promise

    @property
    def diagram(self) -> str:
        return f"diagrams/_{self.driver.name}.html"


def make_cards(
    lessons: Mapping[str, Lesson], progress: Mapping[str, Progress], lacks: Mapping[str, Lack] | None = None
) -> list[Card]:
    first: dict[str, Lesson] = {}
    for lesson in lessons.values():
        first.setdefault(lesson.driver, lesson)
    cards = [make_card(driver, first.get(driver.name), progress) for driver in DRIVERS]
    return [replace(card, lack=(lacks or {}).get(card.driver.name)) for card in cards]


def make_shelf(lessons: Mapping[str, Lesson], progress: Mapping[str, Progress]) -> list[Card]:
    """The lessons that instructors published, each under its own title."""
    return [make_card(Driver(one.driver, one.title, one.promise), one, progress) for one in lessons.values()]


def make_card(driver: Driver, lesson: Lesson | None, progress: Mapping[str, Progress]) -> Card:
    row = progress.get(lesson.slug) if lesson else None
    if lesson is None or row is None:
        return Card(driver, lesson, 0, count_checks(lesson), False, False, "")
    done = sum(check.id in row.passed.get(step.id, ()) for step in lesson.steps for check in step.checks)
    known = {step.id for step in lesson.steps}
    step = row.step if row.step in known else ""
    return Card(driver, lesson, done, count_checks(lesson), row.finished_at is not None, True, step)


def count_checks(lesson: Lesson | None) -> int:
    return sum(len(step.checks) for step in lesson.steps) if lesson else 0
