"""What a learner has done in a lesson. The web side writes steps and predictions; the relay writes passed checks and answers.

Each change locks the row and saves only the fields it changed, so neither side overwrites what the other wrote.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable

from django.db import transaction
from django.utils import timezone

from explorer.lessons.model import LEVELS, Lesson, Step
from explorer.sandboxes import library
from explorer.sandboxes.changes import look_again
from explorer.sandboxes.life import current_sandbox
from explorer.sandboxes.models import Learner, Progress

SURE = (1, 2, 3)  # a guess, rather sure, certain
TRIED, ASKED = "tried", "asked"  # how a learner saw an outcome before choosing: in the sandbox, or as text on request


class UnknownLesson(LookupError):
    """There is no such lesson, step, prediction or option."""


def find_lesson(slug: str) -> Lesson:
    """The lesson with this slug. Raises `UnknownLesson`."""
    lesson = library.find(slug)
    if lesson is None:
        raise UnknownLesson(slug[:64])
    return lesson


def find_step(lesson: Lesson, step: str) -> Step:
    """The step of this lesson with this id. Raises `UnknownLesson`."""
    for known in lesson.steps:
        if known.id == step:
            return known
    raise UnknownLesson(f"{lesson.slug} has no step {step[:64]!r}")


def learner_progress(learner: Learner | None) -> dict[str, Progress]:
    """Lesson's slug → progress of this learner; empty for a stranger."""
    if learner is None:
        return {}
    return {progress.lesson: progress for progress in Progress.objects.filter(learner=learner)}


def change_progress(learner_id: uuid.UUID, slug: str, change: Callable[[Progress], Iterable[str]]) -> Progress:
    """Calls `change` with the locked row, which is made if it is missing. `change` returns the names of the fields that it
    changed.
    """
    with transaction.atomic():
        Progress.objects.get_or_create(learner_id=learner_id, lesson=slug)
        progress = Progress.objects.select_for_update().get(learner_id=learner_id, lesson=slug)
        fields = list(change(progress))
        if fields:
            progress.moved_at = timezone.now()
            progress.save(update_fields=[*fields, "moved_at"])
    return progress


def move_to_step(learner: Learner, slug: str, step: str) -> Progress:
    """Sets the step at which the learner is; from now on the relay judges the checks of this step."""
    find_step(find_lesson(slug), step)

    def change(progress: Progress) -> list[str]:
        if progress.step == step:
            return []
        progress.step = step
        progress.times = noted(progress.times, step, "begun")
        return ["step", "times"]

    return _have_judged(learner, change_progress(learner.pk, slug, change))


def choose_prediction(learner: Learner, slug: str, prediction: str, option: str, sure: int = 0) -> Progress:
    """Saves the option that the learner chose, and how sure the learner is (1 to 3; 0 for not told). It can be changed until
    the machine's answer is known. A first choice is also saved after that. Raises `UnknownLesson`.
    """
    known = [
        choice.id
        for step in find_lesson(slug).steps
        for asked in step.predictions
        if asked.id == prediction
        for choice in asked.options
    ]
    if option not in known:
        raise UnknownLesson(f"{slug[:64]} has no such prediction")

    def change(progress: Progress) -> list[str]:
        settled = prediction in progress.outcomes and prediction in progress.predictions
        fields = []
        if not settled and progress.predictions.get(prediction) != option:
            progress.predictions = {**progress.predictions, prediction: option}
            fields.append("predictions")
        if not settled and sure in SURE and progress.sure.get(prediction) != sure:
            progress.sure = {**progress.sure, prediction: sure}
            fields.append("sure")
        return fields

    return _have_judged(learner, change_progress(learner.pk, slug, change))


def ask_for_help(learner: Learner, slug: str, step: str) -> Progress:
    """One level of hints more for a challenge, until all are shown. Raises `UnknownLesson`, also for an ordinary step."""
    if not find_step(find_lesson(slug), step).challenge:
        raise UnknownLesson(f"{step[:64]} is no challenge")

    def change(progress: Progress) -> list[str]:
        level = progress.helped.get(step, 0)
        if level >= LEVELS:
            return []
        progress.helped = {**progress.helped, step: level + 1}
        return ["helped"]

    return _have_judged(learner, change_progress(learner.pk, slug, change))


def look_first(learner: Learner, slug: str, prediction: str) -> Progress:
    """Notes that the learner asked to see what comes after a question without answering it. Raises `UnknownLesson`."""
    if all(asked.id != prediction for step in find_lesson(slug).steps for asked in step.predictions):
        raise UnknownLesson(f"{slug[:64]} has no such prediction")
    return change_progress(learner.pk, slug, lambda progress: note_looked(progress, [prediction], ASKED))


def note_looked(progress: Progress, predictions: Iterable[str], how: str) -> list[str]:
    """Adds those questions that the learner has not answered yet. Returns the names of the fields that it changed."""
    new = {one: how for one in predictions if one not in progress.predictions and progress.looked.get(one) != ASKED}
    if progress.looked | new == progress.looked:
        return []
    progress.looked = progress.looked | new
    return ["looked"]


def _have_judged(learner: Learner, progress: Progress) -> Progress:
    """Asks the node to read the row again, because other checks may have to be judged now."""
    if sandbox := current_sandbox(learner):
        look_again(sandbox)
    return progress


def record_verdict(
    learner_id: uuid.UUID,
    slug: str,
    step: str,
    passed: Iterable[str],
    outcomes: dict[str, str],
    looked: Iterable[str] = (),
) -> Progress:
    """Adds passed checks, machine answers, and questions whose outcome the learner saw before choosing. None is ever taken back
    here: a passed check stays, and a first answer stays.
    """
    lesson = find_lesson(slug)

    def change(progress: Progress) -> list[str]:
        fields = note_looked(progress, looked, TRIED)
        kept = {*progress.passed.get(step, ()), *passed}
        if kept != set(progress.passed.get(step, ())):
            progress.passed = {**progress.passed, step: sorted(kept)}
            progress.times = noted(progress.times, step, "begun")
            if all(check.id in kept for check in find_step(lesson, step).checks):
                progress.times = noted(progress.times, step, "done")
            fields += ["passed", "times"]
        if outcomes.keys() - progress.outcomes.keys():
            progress.outcomes = {**outcomes, **progress.outcomes}
            fields.append("outcomes")
        if progress.finished_at is None and is_finished(lesson, progress):
            progress.finished_at = timezone.now()
            fields.append("finished_at")
        return fields

    return change_progress(learner_id, slug, change)


def noted(times: dict[str, dict[str, float]], step: str, what: str) -> dict[str, dict[str, float]]:
    """`times` with the present time for `what` in this step, unless there is one already."""
    return {**times, step: {what: round(time.time(), 1), **times.get(step, {})}}


def is_finished(lesson: Lesson, progress: Progress) -> bool:
    """Whether every check of every step has been passed at some time. A lesson without checks is not finished by this."""
    checks = [(step.id, check.id) for step in lesson.steps for check in step.checks]
    return bool(checks) and all(check in progress.passed.get(step, ()) for step, check in checks)
