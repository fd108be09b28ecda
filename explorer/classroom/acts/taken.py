"""The seats an action is about, and how it went for each, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from explorer.classroom.models import Class, Seat
from explorer.sandboxes.limits import Refused
from explorer.sandboxes.models import Learner


def find_seats(klass: Class, seat: Seat | None) -> list[Seat]:
    """The one, or all that are taken. One that was removed is nobody's."""
    seats = Seat.objects.select_related("learner").filter(klass=klass, removed_at=None, learner__isnull=False)
    return list((seats.filter(pk=seat.pk) if seat else seats).order_by("name"))


def learner_of(seat: Seat) -> Learner:
    if seat.learner is None:
        raise Refused("nobody", "Nobody sits there any more.", seat=seat.pk)
    return seat.learner


def tallied(told: Mapping[str, Sequence[str]]) -> str:
    """How it went → who: as one sentence with the counts."""
    if not told:
        return "Nobody sits in this class yet."
    return ", ".join(f"{len(names)} {how.rstrip('.')}" for how, names in told.items()) + "."


def lines_of(told: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Who is meant, where not all went the same way."""
    return tuple(f"{how.rstrip('.').capitalize()}: {', '.join(names)}" for how, names in told.items()) if len(told) > 1 else ()
