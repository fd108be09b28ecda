"""Changes of a seat that is taken: by its learner, and by whoever runs the class."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from explorer.classroom.models import Class, Seat
from explorer.classroom.people.access import User
from explorer.classroom.people.audit import note
from explorer.classroom.seat.joining import give_way_back
from explorer.classroom.seat.names import clean_name, free_name
from explorer.classroom.tell import tell_class
from explorer.sandboxes import life

SEEN_EVERY = timedelta(minutes=1)


@transaction.atomic
def rename_seat(user: User, seat: Seat, typed: str) -> str:
    """Sets the name and returns it. When another seat has this name, a number is added. Raises `BadName`."""
    name = clean_name(typed)
    Class.objects.select_for_update().get(pk=seat.klass_id)
    others = seat.klass.seats.filter(removed_at=None).exclude(pk=seat.pk)
    name = free_name(name, others.values_list("name", flat=True))
    if Seat.objects.filter(pk=seat.pk).exclude(name=name).update(name=name):
        note(user, "rename seat", seat=seat)
        tell_class(seat.klass_id, seat)
    return name


@transaction.atomic
def remove_seat(user: User, seat: Seat) -> bool:
    """Removes the seat: its link and the code no longer lead back, and its sandbox is closed. Results stay. False when it was
    removed before.
    """
    if not Seat.objects.filter(pk=seat.pk, removed_at=None).update(removed_at=timezone.now(), help_at=None, invited_at=None):
        return False
    sandbox = life.current_sandbox(seat.learner)
    if sandbox:
        life.close_sandbox(sandbox)
    note(user, "remove seat", seat=seat, sandbox=sandbox)
    tell_class(seat.klass_id, seat)
    return True


@transaction.atomic
def renew_way_back(user: User, seat: Seat) -> str:
    """The token of a new way back for a learner who lost theirs. The old one stops working."""
    note(user, "renew way back", seat=seat)
    return give_way_back(seat)


def ask_for_help(seat: Seat, asks: bool) -> None:
    """Notes that the learner asks for help. Asking again keeps the first time."""
    _turn(seat, "help_at", asks)


@transaction.atomic
def come_to_help(user: User, seat: Seat) -> bool:
    """Somebody comes to help: the request ends. False when there was none or another came first."""
    if not Seat.objects.filter(pk=seat.pk, help_at__isnull=False).update(help_at=None):
        return False
    note(user, "help", seat=seat)
    tell_class(seat.klass_id, seat)
    return True


def invite(seat: Seat, wants: bool) -> None:
    """The learner lets those who run the class type in their terminals, or no longer."""
    _turn(seat, "invited_at", wants)


def _turn(seat: Seat, field: str, on: bool) -> None:
    rows = Seat.objects.filter(pk=seat.pk, removed_at=None, **{f"{field}__isnull": on})
    if rows.update(**{field: timezone.now() if on else None}):
        tell_class(seat.klass_id, seat)


def note_lesson(seat: Seat, lesson: str) -> None:
    """Notes the lesson that the learner looks at."""
    if seat.lesson != lesson:
        Seat.objects.filter(pk=seat.pk).update(lesson=lesson)


def note_seen(seat: str) -> None:
    """Notes that the learner was seen, at most once a minute."""
    now = timezone.now()
    Seat.objects.filter(pk=seat, seen_at__lt=now - SEEN_EVERY).update(seen_at=now)
