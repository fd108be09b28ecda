"""Tells the pages of a class, after the commit, that something has changed. A page that missed it asks again by itself."""

from __future__ import annotations

from django.db import transaction

from explorer.classroom.models import Class, Seat
from explorer.sandboxes import changes
from explorer.sandboxes.events import ClassChanged, class_stream


def tell_class(klass: Class | str, seat: Seat | str = "") -> None:
    """Tells all learners' pages of the class, or only those of one seat."""
    name = klass.pk if isinstance(klass, Class) else klass
    whose = seat.pk if isinstance(seat, Seat) else seat
    transaction.on_commit(lambda: changes.publish(class_stream(name), ClassChanged(seat=whose)))
