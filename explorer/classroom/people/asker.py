"""Who asks. It is read once at the beginning of a request and handed on.

A view begins with `asker = read_asker(request)` when it only shows something, and with `asker = ensure_asker(request)` when it
does something for a learner. A class may forbid things for a while: everything while it is paused, and steps that are locked.
The asker then raises `Refused` with one sentence. Nothing is forbidden to a learner without a class.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest

from explorer.classroom.models import Class, Seat
from explorer.classroom.people.access import User, current_learner, make_learner
from explorer.classroom.people.rules import locked_in, sits, terms_of
from explorer.lessons.model import Lesson
from explorer.sandboxes.limits import Refused
from explorer.sandboxes.models import Learner
from explorer.sandboxes.terms import USUAL, Terms

PAUSED = (
    "Your instructor has paused the class: nothing is typed or changed until it goes on. Nothing is lost, and the time does "
    "not count."
)
LOCKED = "Your instructor has not opened this step yet. Your place and your answers are kept; it opens for everybody at once."


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks over HTTP, as they were at the beginning of the request.

    `learner` is None for a stranger. `seat` is the learner's seat with its class; it may be removed, and the class may be
    over.
    """

    user: User
    learner: Learner | None = None
    seat: Seat | None = None

    @property
    def klass(self) -> Class | None:
        """The class in which the learner sits now, or None."""
        return self.seat.klass if self.seat and sits(self.seat) else None

    @property
    def terms(self) -> Terms:
        """The rules under which this learner's sandboxes are opened."""
        return terms_of(self.klass) if self.klass else USUAL

    @property
    def paused(self) -> bool:
        return self.klass is not None and self.klass.paused_at is not None

    def locked(self, lesson: Lesson) -> frozenset[str]:
        """The ids of the steps of this lesson that the learner may not see yet."""
        return locked_in(self.klass, lesson) if self.klass else frozenset()

    def check_pause(self) -> None:
        """Raises `Refused` while the class is paused."""
        if self.paused:
            raise Refused("paused", PAUSED, learner=str(self.learner.pk if self.learner else ""))

    def check_step(self, lesson: Lesson, step: str) -> None:
        """Raises `Refused` for a step that is locked."""
        if step in self.locked(lesson):
            raise Refused("locked", LOCKED, lesson=lesson.slug, step=step)


@dataclass(frozen=True, slots=True)
class ActingAsker(Asker):
    """An asker with a learner: somebody who does something."""

    learner: Learner


def read_asker(request: HttpRequest) -> Asker:
    learner = current_learner(request)
    return Asker(request.user, learner, getattr(learner, "seat", None))  # the seat was read together with the learner


def ensure_asker(request: HttpRequest) -> ActingAsker:
    """Like `read_asker`, but a stranger becomes a learner."""
    asker = read_asker(request)
    return ActingAsker(asker.user, asker.learner or make_learner(request), asker.seat)
