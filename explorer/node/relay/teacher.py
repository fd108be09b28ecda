"""Judges the checks of the learner's step after each change, saves the verdict, and makes an event when it is different."""

from __future__ import annotations

import time
import uuid
from collections.abc import Set
from dataclasses import dataclass, field

import structlog
from asgiref.sync import sync_to_async

from explorer.lab.inside.allowance import Account
from explorer.lessons import checks
from explorer.lessons.model import Lesson, Measurement, Step
from explorer.network.model import Probe, Script, Snapshot
from explorer.sandboxes import library
from explorer.sandboxes.events import Event, Happened, LessonMoved
from explorer.sandboxes.models import Progress
from explorer.sandboxes.progress import UnknownLesson, find_step, record_verdict

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a learner is in a lesson, as read from the row."""

    step: str = ""
    passed: dict[str, list[str]] = field(default_factory=dict)
    predictions: dict[str, str] = field(default_factory=dict)
    outcomes: dict[str, str] = field(default_factory=dict)
    looked: dict[str, str] = field(default_factory=dict)
    helped: dict[str, int] = field(default_factory=dict)
    finished: bool = False

    @classmethod
    def of(cls, progress: Progress | None) -> Standing:
        if progress is None:
            return cls()
        return cls(
            step=progress.step,
            passed=progress.passed,
            predictions=progress.predictions,
            outcomes=progress.outcomes,
            looked=progress.looked,
            helped=progress.helped,
            finished=progress.finished_at is not None,
        )


class Teacher:
    """For one learner in one lesson. `rest_until` is when to judge next: after ten times as long as the last judging took.

    `untried` are the questions whose answer was not to be seen yet when their step was judged. When one of them can be seen
    and the learner has not chosen, the learner looked first. A question whose answer was there from the start is not counted.
    """

    def __init__(self, learner: uuid.UUID, lesson: Lesson, standing: Standing) -> None:
        self.learner, self.lesson, self.standing = learner, lesson, standing
        self.told: LessonMoved | None = None
        self.untried: set[str] = set()
        self.rest_until = 0.0

    @property
    def step(self) -> Step:
        try:
            return find_step(self.lesson, self.standing.step)
        except UnknownLesson:
            return self.lesson.steps[0]

    def probes(self, snapshot: Snapshot) -> list[Probe]:
        """The packets to send: for checks that have not passed yet and predictions that are not answered yet."""
        step, passed, outcomes = self.step, self.standing.passed.get(self.step.id, ()), self.standing.outcomes
        waiting = {check.id for check in step.checks if check.id not in passed}
        waiting |= {asked.id for asked in step.predictions if asked.id not in outcomes}
        return checks.probes(step, snapshot, self.standing.predictions, {*passed, *outcomes} - waiting)

    def scripts(self, snapshot: Snapshot) -> list[Script]:
        """The scripts to run: for checks of the step that have not passed yet."""
        return checks.scripts(self.step, snapshot, self.standing.passed.get(self.step.id, ()))

    def measurements(self, snapshot: Snapshot) -> list[Measurement]:
        """The measurements of the step whose prediction the learner has made."""
        return checks.measurements(self.step, snapshot, self.standing.predictions)

    async def judge(self, snapshot: Snapshot, account: Account | None = None) -> list[Event]:
        """Judges the step and returns the events. The row is saved before, so what a page shows has been saved. The work is
        charged to `account`."""
        step = self.step
        verdict, took = await (account or Account()).aside(_judged, step, snapshot, self.standing)
        self.rest_until = time.monotonic() + 10 * took
        known = set(self.standing.passed.get(step.id, ()))
        new_answers = verdict.outcomes.keys() - self.standing.outcomes.keys()
        looked = self._looked_first(step, verdict.tried)
        if set(verdict.passed) - known or new_answers or looked:
            progress = await sync_to_async(record_verdict)(
                self.learner, self.lesson.slug, step.id, verdict.passed, verdict.outcomes, looked
            )
            self.standing = Standing.of(progress)
            log.info("lesson moved", lesson=self.lesson.slug, step=step.id, passed=verdict.passed, ms=round(took * 1000, 1))
        moved = LessonMoved(
            lesson=self.lesson.slug,
            step=step.id,
            passed=tuple(self.standing.passed.get(step.id, ())),
            hints=verdict.hints,
            found=step.found(self.standing.passed.get(step.id, ())),
            answers=self.standing.outcomes,
            finished=self.standing.finished,
        )
        if moved == self.told:
            return []
        self.told = moved
        ticked = [check for check in step.checks if check.id in verdict.passed and check.id not in known]
        return [
            moved,
            *(Happened(source="lesson", text=f"done: {(check.done or check.text).replace('`', '')}") for check in ticked),
        ]

    def _looked_first(self, step: Step, tried: Set[str]) -> set[str]:
        asked = {one.id for one in step.predictions}
        looked = (self.untried & tried & asked) - self.standing.predictions.keys() - self.standing.looked.keys()
        self.untried |= asked - tried
        return looked


def _judged(step: Step, snapshot: Snapshot, standing: Standing) -> tuple[checks.Verdict, float]:
    """(the verdict, the seconds it took)."""
    began = time.perf_counter()
    return checks.evaluate(step, snapshot, standing.predictions, standing.helped.get(step.id, 0)), time.perf_counter() - began


def find_teacher(learner: uuid.UUID | None, lesson: str, standing: Standing, before: Teacher | None) -> Teacher | None:
    """The earlier teacher when learner and lesson are the same, else a new one. A lesson that its author changed is another
    lesson. None without learner or lesson.
    """
    if learner is None or not lesson:
        return None
    known = library.known(lesson)
    if known is None:
        log.warning("the sandbox names a lesson that does not exist", lesson=lesson)
        return None
    if before is not None and (before.learner, before.lesson) == (learner, known):
        before.standing = standing
        return before
    return Teacher(learner, known, standing)
