"""What a learner is shown of a step: its questions, the parts of its text that may be sent, its checks."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from explorer.lessons.model import DONE, Check, Lesson, Option, Part, Prediction, Step
from explorer.lessons.recording import Recording
from explorer.sandboxes.models import Learner, Progress
from explorer.sandboxes.nodes import Nodes
from explorer.sandboxes.progress import ASKED
from explorer.web.learn.recorded import describe_lack, standing_in


@dataclass(frozen=True)
class Reading:
    """Who reads which lesson. `recording` answers the questions where no node here can play the lesson. The order
    of options is drawn by `drawn_by`, or by the learner's id when it is empty."""

    lesson: Lesson
    learner: Learner | None = None
    progress: Progress | None = None
    recording: Recording | None = None
    drawn_by: str = ""

    @classmethod
    def of(
        cls, lesson: Lesson, learner: Learner | None, progress: Progress | None, nodes: Nodes, drawn_by: str = ""
    ) -> Reading:
        return cls(lesson, learner, progress, standing_in(lesson, nodes), drawn_by)


@dataclass(frozen=True)
class Asked:
    """A question, its options in this learner's order, and what this learner chose. `outcome` is what the machine answered, or
    None. `looked` is how the learner saw the outcome before choosing (`progress.TRIED`, `ASKED`), or "". `sure` is 1 to 3, or 0
    when it was not told."""

    prediction: Prediction
    options: tuple[Option, ...]
    chosen: Option | None = None
    outcome: Option | None = None
    looked: str = ""
    sure: int = 0

    @property
    def right(self) -> bool:
        return self.outcome is not None and self.chosen == self.outcome

    @property
    def feedback(self) -> str:
        """HTML: why the chosen belief fails here; "" when it did not."""
        return self.chosen.feedback_html if self.chosen and self.outcome and not self.right else ""

    @property
    def explained(self) -> str:
        """HTML: what is so. The explanation belongs to the machine's answer, so it cannot contradict it."""
        return (self.outcome.explain_html or self.prediction.explain_html) if self.outcome else ""


@dataclass(frozen=True)
class Shown:
    """A part of a step's text; `html` is empty as long as the part may not be sent."""

    number: int
    after: str
    html: str
    asked: Asked | None = None  # the question that has to be settled first


@dataclass(frozen=True)
class Ticked:
    check: Check
    passed: bool

    @property
    def html(self) -> str:
        return (self.passed and self.check.done_html) or self.check.html


def stand(prediction: Prediction, reading: Reading) -> Asked:
    """The question as this learner sees it."""
    progress, known = reading.progress, {option.id: option for option in prediction.options}
    options = shuffled(prediction, reading)
    if progress is None:
        return Asked(prediction, options)
    chosen = known.get(progress.predictions.get(prediction.id, ""))
    recorded = reading.recording.answer(prediction.id) if reading.recording else ""
    # A learner who has not chosen does not see the answer, even when the machine has given it.
    outcome = known.get(progress.outcomes.get(prediction.id, recorded)) if chosen else None
    looked, sure = progress.looked.get(prediction.id, ""), progress.sure.get(prediction.id, 0)
    return Asked(prediction, options, chosen, outcome, looked, sure)


def shuffled(prediction: Prediction, reading: Reading) -> tuple[Option, ...]:
    """The options in an order that differs between learners and stays the same for each, also when a stranger becomes one."""
    who = reading.drawn_by or (str(reading.learner.pk) if reading.learner else "")

    def drawn(option: Option) -> str:
        return hashlib.sha256(f"{who} {reading.lesson.slug} {prediction.id} {option.id}".encode()).hexdigest()

    return tuple(sorted(prediction.options, key=drawn))


def show_parts(step: Step, asked: list[Asked], done: bool) -> list[Shown]:
    """The parts of a step's text. A part after a question is sent when the question is settled, or when the learner asked to
    see it without an answer; a part after the checks is sent when all have passed."""
    questions = {one.prediction.id: one for one in asked}
    return [show_part(number, part, questions.get(part.after), done) for number, part in enumerate(step.parts)]


def show_part(number: int, part: Part, asked: Asked | None, done: bool) -> Shown:
    settled = asked is not None and (asked.outcome is not None or asked.looked == ASKED)
    sent = not part.after or (done if part.after == DONE else settled)
    return Shown(number, part.after, part.html if sent else "", asked)


def current_step(lesson: Lesson, progress: Progress | None) -> Step:
    known = {step.id: step for step in lesson.steps}
    return known.get(progress.step if progress else "", lesson.steps[0])


def is_done(step: Step, passed: dict[str, list[str]]) -> bool:
    return bool(step.checks) and all(check.id in passed.get(step.id, ()) for check in step.checks)


def describe_step(step: Step, reading: Reading, nodes: Nodes, locked: frozenset[str] = frozenset()) -> dict[str, Any]:
    """What a step's part of the page needs. `locked` has the ids of steps that the learner's class has not opened."""
    lesson, progress = reading.lesson, reading.progress
    passed = progress.passed if progress else {}
    at = lesson.steps.index(step)
    asked = [stand(one, reading) for one in step.predictions]
    return {
        "lesson": lesson,
        "step": step,
        "number": at + 1,
        "current": current_step(lesson, progress),
        "previous": lesson.steps[at - 1] if at else None,
        "following": lesson.steps[at + 1] if at + 1 < len(lesson.steps) else None,
        "checks": [Ticked(check, check.id in passed.get(step.id, ())) for check in step.checks],
        "complete": is_done(step, passed),
        "asked": asked,
        "helped": progress.helped.get(step.id, 0) if progress else 0,
        "parts": show_parts(step, asked, is_done(step, passed)),
        "locked": locked,
        "outline": [(other, is_done(other, passed)) for other in lesson.steps],
        "finished": progress is not None and progress.finished_at is not None,
        **describe_lack(lesson, nodes),
    }
