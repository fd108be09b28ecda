"""What a class allows its learners: the rules for their sandboxes, which steps are open, and whether it is paused."""

from __future__ import annotations

from explorer.classroom.models import Class, Seat
from explorer.lessons.model import Lesson
from explorer.sandboxes.models import Sandbox
from explorer.sandboxes.terms import Terms


def terms_of(klass: Class) -> Terms:
    """The class's rules for its learners' sandboxes."""
    return Terms(klass.pk, klass.sandbox_minutes, klass.extensions, klass.engine)


def locked_in(klass: Class, lesson: Lesson) -> frozenset[str]:
    """The ids of the steps of this lesson that are locked: those after the step up to which the class is open. A lesson that
    the class does not have has no locked steps.
    """
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


def sits(seat: Seat | None) -> bool:
    """Whether a learner sits in this seat now: it was not removed and the class is not over."""
    return seat is not None and seat.removed_at is None and seat.klass.open


def is_paused(sandbox: Sandbox) -> bool:
    """Whether the class of the sandbox's learner is paused. Makes no query if learner, seat and class were read with the
    sandbox (`access.find_sandbox`).
    """
    seat: Seat | None = getattr(sandbox.learner, "seat", None)
    return seat is not None and sits(seat) and seat.klass.paused_at is not None
