"""What a class says to its learners: under which terms their sandboxes open, how far they may go, and when nothing is typed."""

from __future__ import annotations

from explorer.classroom.models import Class, Seat
from explorer.lessons.model import Lesson
from explorer.sandboxes.models import Sandbox
from explorer.sandboxes.terms import Terms


def terms_of(klass: Class) -> Terms:
    """What it says of its learners' sandboxes."""
    return Terms(klass.pk, klass.sandbox_minutes, klass.extensions, klass.engine)


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


def sits(seat: Seat | None) -> bool:
    """Whether somebody sits there now: the class goes on, and the seat was not removed."""
    return seat is not None and seat.removed_at is None and seat.klass.open


def is_paused(sandbox: Sandbox) -> bool:
    """Whether the class of its learner is: nothing is typed into it. Asks nothing when learner, seat and class were read with
    the sandbox (`access.find_sandbox`)."""
    seat: Seat | None = getattr(sandbox.learner, "seat", None)
    return seat is not None and sits(seat) and seat.klass.paused_at is not None
