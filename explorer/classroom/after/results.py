"""The results of a class: each learner's steps, checks, predictions and times, and how the class answered.

Times are in Unix seconds. A learner's name is not to be trusted: pages escape it, and in the table for spreadsheets it cannot
become a formula.
"""

from __future__ import annotations

import csv
import io
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from explorer.classroom.after.answers import Answers, count_answers
from explorer.classroom.classes import lessons_of
from explorer.classroom.models import Class, Seat
from explorer.lessons.model import Lesson, Option, Prediction, Step
from explorer.sandboxes.models import Progress

SCHEMA = "docker-network-explorer/class-results/2"
FORMULA = tuple("=+-@\uff1d\uff0b\uff0d\uff20")  # what a spreadsheet may take for one, full-width forms too
BOM = "\ufeff"
COLUMNS = (
    *("seat", "name", "removed", "lesson", "step", "begun", "done", "minutes", "checks passed", "checks"),
    *("predictions right", "predictions wrong", "predictions", "answers", "hints asked"),
)


@dataclass(frozen=True)
class Answer:
    """One prediction and one learner. An empty string means: not guessed, or not yet answered by the machine. Who `looked` saw
    the outcome before choosing: the answer is neither right nor wrong. `sure` is 1 to 3, 0 when it was not told."""

    prediction: Prediction
    chosen: str = ""
    outcome: str = ""
    looked: bool = False
    sure: int = 0

    @property
    def right(self) -> bool | None:
        return self.chosen == self.outcome if self.chosen and self.outcome and not self.looked else None

    @property
    def guess(self) -> Option | None:
        return find_option(self.prediction, self.chosen)

    @property
    def measured(self) -> Option | None:
        return find_option(self.prediction, self.outcome)


def find_option(prediction: Prediction, option: str) -> Option | None:
    return next((one for one in prediction.options if one.id == option), None)


@dataclass(frozen=True)
class StepResult:
    step: Step
    begun: float | None
    done: float | None
    passed: frozenset[str]
    answers: tuple[Answer, ...]
    helped: int = 0  # levels of hints that the learner asked for, in a challenge

    @property
    def seconds(self) -> float:
        return max(0.0, self.done - self.begun) if self.begun and self.done else 0.0

    @property
    def complete(self) -> bool:
        return bool(self.step.checks) and all(check.id in self.passed for check in self.step.checks)


@dataclass(frozen=True)
class LessonResult:
    lesson: Lesson
    steps: tuple[StepResult, ...]
    begun: bool
    finished_at: datetime | None

    @property
    def to_do(self) -> int:
        """How many steps have a check."""
        return sum(bool(one.step.checks) for one in self.steps)

    @property
    def done(self) -> int:
        return sum(one.complete for one in self.steps)

    @property
    def passed(self) -> int:
        return sum(len(one.passed) for one in self.steps)

    @property
    def checks(self) -> int:
        return sum(len(one.step.checks) for one in self.steps)

    @property
    def answers(self) -> list[Answer]:
        return [answer for one in self.steps for answer in one.answers]

    @property
    def right(self) -> int:
        return sum(answer.right is True for answer in self.answers)

    @property
    def wrong(self) -> int:
        return sum(answer.right is False for answer in self.answers)

    @property
    def minutes(self) -> int:
        return round(sum(one.seconds for one in self.steps) / 60)


@dataclass(frozen=True)
class LearnerResult:
    seat: Seat
    lessons: tuple[LessonResult, ...]

    @property
    def finished(self) -> list[LessonResult]:
        return [one for one in self.lessons if one.finished_at]

    @property
    def answers(self) -> list[Answer]:
        return [answer for one in self.lessons for answer in one.answers]

    @property
    def right(self) -> int:
        return sum(one.right for one in self.lessons)

    @property
    def wrong(self) -> int:
        return sum(one.wrong for one in self.lessons)

    @property
    def minutes(self) -> int:
        return sum(one.minutes for one in self.lessons)


def read_results(klass: Class) -> list[LearnerResult]:
    """The results of every seat, by name, removed seats last. Two queries, plus those for lessons that were not read lately."""
    seats = sorted(klass.seats.all(), key=lambda seat: (seat.removed_at is not None, seat.name.casefold(), seat.pk))
    progress = _progress_of([seat.learner_id for seat in seats if seat.learner_id])
    lessons = lessons_of(klass)
    return [LearnerResult(seat, read_lessons(lessons, progress.get(seat.learner_id, {}))) for seat in seats]


def read_result(seat: Seat) -> LearnerResult:
    """The results of one seat."""
    progress = _progress_of([seat.learner_id] if seat.learner_id else [])
    return LearnerResult(seat, read_lessons(lessons_of(seat.klass), progress.get(seat.learner_id, {})))


def _progress_of(learners: list[uuid.UUID]) -> dict[uuid.UUID | None, dict[str, Progress]]:
    found: dict[uuid.UUID | None, dict[str, Progress]] = {}
    for progress in Progress.objects.filter(learner__in=learners):
        found.setdefault(progress.learner_id, {})[progress.lesson] = progress
    return found


def read_lessons(lessons: Iterable[Lesson], progress: dict[str, Progress]) -> tuple[LessonResult, ...]:
    return tuple(read_lesson(lesson, progress.get(lesson.slug)) for lesson in lessons)


def read_lesson(lesson: Lesson, progress: Progress | None) -> LessonResult:
    mine = progress or Progress()
    return LessonResult(
        lesson,
        tuple(read_step(step, mine) for step in lesson.steps),
        progress is not None,
        mine.finished_at,
    )


def read_step(step: Step, progress: Progress) -> StepResult:
    """Checks and predictions that the step no longer has are left out."""
    times = progress.times.get(step.id, {})
    passed = {check.id for check in step.checks} & set(progress.passed.get(step.id, ()))
    answers = tuple(
        Answer(
            one,
            progress.predictions.get(one.id, ""),
            progress.outcomes.get(one.id, ""),
            one.id in progress.looked,
            progress.sure.get(one.id, 0),
        )
        for one in step.predictions
    )
    return StepResult(step, times.get("begun"), times.get("done"), frozenset(passed), answers, progress.helped.get(step.id, 0))


# --- what the class believed --------------------------------------------------------------------------------------


def read_beliefs(results: Iterable[LearnerResult]) -> list[Answers]:
    """The predictions that anybody in a present seat guessed at, those with the largest share of wrong answers first."""
    seated = [one for one in results if one.seat.removed_at is None]
    beliefs = []
    for lessons in zip(*(one.lessons for one in seated), strict=True):  # the same lesson of every learner
        title, slug = lessons[0].lesson.title, lessons[0].lesson.slug
        for answers in zip(*(one.answers for one in lessons), strict=True):  # the same prediction
            prediction = answers[0].prediction
            told = [({prediction.id: one.chosen}, {prediction.id: one.outcome}) for one in answers if not one.looked]
            beliefs.append(count_answers(f"{slug}/{prediction.id}", title, prediction, len(seated), told))
    return sorted((one for one in beliefs if one.answered), key=lambda one: -share_wrong(one))


def share_wrong(belief: Answers) -> float:
    """The share of wrong answers, from 0 to 1; 0 while no machine has answered."""
    return sum(bar.count for bar in belief.bars if not bar.right) / belief.answered if belief.right else 0.0


# --- files --------------------------------------------------------------------------------------------------------


def write_csv(results: Iterable[LearnerResult]) -> Iterator[str]:
    """Lines of a CSV file: one for each learner and step, all cells quoted. It begins with a byte order mark, because without
    one Excel does not read it as UTF-8.
    """
    yield BOM + csv_line(COLUMNS)
    for learner in results:
        for lesson in learner.lessons:
            for step in lesson.steps:
                yield csv_line(csv_cells(learner.seat, lesson, step))


def csv_cells(seat: Seat, lesson: LessonResult, one: StepResult) -> list[Any]:
    rights = [answer.right for answer in one.answers]
    said = [answer_words(answer) for answer in one.answers]
    return [
        *(seat.pk, seat.name, "yes" if seat.removed_at else "", lesson.lesson.slug, one.step.id),
        *(written(one.begun), written(one.done), f"{one.seconds / 60:.1f}" if one.done else ""),
        *(len(one.passed), len(one.step.checks)),
        *(rights.count(True), rights.count(False), len(rights), "; ".join(said), one.helped),
    ]


def answer_words(answer: Answer) -> str:
    first = ", looked first" if answer.looked else ""
    return f"{answer.prediction.id}: {answer.chosen or '–'}, measured {answer.outcome or '–'}{first}"


def csv_line(cells: Iterable[Any]) -> str:
    line = io.StringIO()
    csv.writer(line, quoting=csv.QUOTE_ALL).writerow([harmless(str(cell)) for cell in cells])
    return line.getvalue()


def harmless(text: str) -> str:
    """The text with an apostrophe before it if a spreadsheet might take it for a formula, also when blanks stand before it."""
    bare = text.lstrip(" \u00a0\u3000\0")
    return f"'{text}" if bare.startswith((*FORMULA, "\t", "\r", "\n")) else text


def written(at: float | None) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else ""


def as_json(klass: Class, results: list[LearnerResult]) -> dict[str, Any]:
    """The content of the JSON file. Whoever changes its form has to change SCHEMA."""
    return {
        "schema": SCHEMA,
        "class": {
            "id": klass.pk,
            "title": klass.title,
            "engine": klass.engine,
            "lessons": klass.lessons,
            "begun": klass.created_at.isoformat(),
            "ends": klass.ends_at.isoformat(),
        },
        "learners": [learner_json(one) for one in results],
        "predictions": [belief_json(one) for one in read_beliefs(results)],
    }


def learner_json(result: LearnerResult) -> dict[str, Any]:
    return {
        "seat": result.seat.pk,
        "name": result.seat.name,
        "removed": result.seat.removed_at is not None,
        "joined": result.seat.joined_at.isoformat(),
        "lessons": [
            {
                "lesson": one.lesson.slug,
                "finished": one.finished_at.isoformat() if one.finished_at else None,
                "steps": [step_json(step) for step in one.steps],
            }
            for one in result.lessons
        ],
    }


def step_json(one: StepResult) -> dict[str, Any]:
    return {
        "step": one.step.id,
        "begun": written(one.begun) or None,
        "done": written(one.done) or None,
        "hints_asked": one.helped,
        "checks": {check.id: check.id in one.passed for check in one.step.checks},
        "predictions": [
            {
                "prediction": answer.prediction.id,
                "chosen": answer.chosen,
                "measured": answer.outcome,
                "right": answer.right,
                "looked_first": answer.looked,
                "sure": answer.sure,
            }
            for answer in one.answers
        ],
    }


def belief_json(belief: Answers) -> dict[str, Any]:
    lesson, _, prediction = belief.key.partition("/")
    return {
        "lesson": lesson,
        "prediction": prediction,
        "question": belief.prediction.question,
        "guessed": belief.answered,
        "misconception": belief.wrong.option.id if belief.wrong else None,
        "options": [
            {"option": one.option.id, "text": one.option.text, "count": one.count, "measured": one.right} for one in belief.bars
        ],
    }
