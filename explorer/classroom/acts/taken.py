"""Finds the seats that an action is about, and puts into words how it went for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from explorer.classroom.models import Class, Seat
from explorer.sandboxes.limits import Refused
from explorer.sandboxes.models import Learner


def find_seats(klass: Class, seat: Seat | None) -> list[Seat]:
    """The given seat, or all seats with a learner, by name. Removed seats are left out."""
    seats = Seat.objects.select_related("learner").filter(klass=klass, removed_at=None, learner__isnull=False)
    return list((seats.filter(pk=seat.pk) if seat else seats).order_by("name"))


def learner_of(seat: Seat) -> Learner:
    if seat.learner is None:
        raise Refused("nobody", "Nobody sits there any more.", seat=seat.pk)
    return seat.learner


def tallied(told: Mapping[str, Sequence[str]]) -> str:
    """One sentence with counts, made from {how it went: names}."""
    if not told:
        return "Nobody sits in this class yet."
    return ", ".join(f"{len(names)} {how.rstrip('.')}" for how, names in told.items()) + "."


def lines_of(told: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """One line with names for each way it went; empty when it went the same way for all."""
    return tuple(f"{how.rstrip('.').capitalize()}: {', '.join(names)}" for how, names in told.items()) if len(told) > 1 else ()
