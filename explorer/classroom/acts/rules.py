"""What a class forbids its learners for a while: everything while it is paused, and steps that are locked ahead.

Who sits in no class is forbidden nothing. HTTP and websocket ask here, and a refusal is one sentence.
"""

from __future__ import annotations

import uuid

from explorer.classroom.models import Class
from explorer.classroom.people.access import seat_of
from explorer.lessons.model import Lesson
from explorer.sandboxes.limits import Refused
from explorer.sandboxes.models import Learner

PAUSED = (
    "Your instructor has paused the class: nothing is typed or changed until it goes on. Nothing is lost, and the time does "
    "not count."
)
LOCKED = "Your instructor has not opened this step yet. Your place and your answers are kept; it opens for everybody at once."


def is_paused(learner: Learner | uuid.UUID | None) -> bool:
    seat = seat_of(learner)
    return seat is not None and seat.klass.paused_at is not None


def check_pause(learner: Learner | None) -> None:
    """Raises `Refused` while the learner's class is paused."""
    if learner and is_paused(learner):
        raise Refused("paused", PAUSED, learner=str(learner.pk))


def locked_steps(learner: Learner | None, lesson: Lesson) -> frozenset[str]:
    """The steps of this lesson that this learner may not see yet."""
    seat = seat_of(learner)
    return locked_in(seat.klass, lesson) if seat else frozenset()


def locked_in(klass: Class, lesson: Lesson) -> frozenset[str]:
    """The steps of this lesson that are beyond the one the class is open until. Lessons that are none of the class's are never
    ahead of anything."""
    until, order = klass.open_until, list(klass.lessons)
    if not until:
        return frozenset()
    last, steps = until.get("lesson", ""), [step.id for step in lesson.steps]
    if lesson.slug == last:
        at = steps.index(until["step"]) if until.get("step") in steps else len(steps) - 1
        return frozenset(steps[at + 1 :])
    if lesson.slug in order and last in order and order.index(lesson.slug) > order.index(last):
        return frozenset(steps)
    return frozenset()


def check_step(learner: Learner | None, lesson: Lesson, step: str) -> None:
    """Raises `Refused` for a step that is locked."""
    if step in locked_steps(learner, lesson):
        raise Refused("locked", LOCKED, lesson=lesson.slug, step=step)
