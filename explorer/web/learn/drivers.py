"""What the home page says about each driver. Its card is a link if there is a lesson to open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from explorer.lessons.model import Lesson
from explorer.network.drivers import DRIVERS, Driver
from explorer.sandboxes.models import Progress
from explorer.sandboxes.nodes import Lack


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
        return self.driver.diagram


def make_cards(
    lessons: Mapping[str, Lesson], progress: Mapping[str, Progress], lacks: Mapping[str, Lack] | None = None
) -> list[Card]:
    first: dict[str, Lesson] = {}
    for lesson in lessons.values():
        first.setdefault(lesson.driver, lesson)
    cards = [make_card(driver, first.get(driver.name), progress) for driver in DRIVERS.values()]
    return [replace(card, lack=(lacks or {}).get(card.driver.name)) for card in cards]


def make_shelf(lessons: Mapping[str, Lesson], progress: Mapping[str, Progress]) -> list[Card]:
    """The lessons that instructors published, each under its own title."""
    named = {slug: replace(DRIVERS[one.driver], title=one.title) for slug, one in lessons.items()}
    return [make_card(named[slug], one, progress) for slug, one in lessons.items()]


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
