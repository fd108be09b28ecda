"""Makes, changes and ends classes. Each change is noted in the audit log."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User as Account
from django.db import IntegrityError, transaction
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from explorer.classroom.models import Class, new_code
from explorer.classroom.people.access import User
from explorer.classroom.people.audit import note
from explorer.classroom.tell import tell_class
from explorer.lessons.model import Lesson
from explorer.sandboxes import library, warm


def lessons_of(klass: Class) -> list[Lesson]:
    """The class's lessons in its order, without those that no longer exist."""
    known = library.lessons()
    return [known[slug] for slug in klass.lessons if slug in known]


def list_classes(classes: QuerySet[Class]) -> QuerySet[Class]:
    """The newest first. Each has `taken`: how many seats it has, removed ones not counted."""
    taken = Count("seats", filter=Q(seats__removed_at=None))
    return classes.select_related("instructor").annotate(taken=taken).order_by("-created_at")


@transaction.atomic
def make_class(user: User, fields: dict[str, Any]) -> Class:
    klass = Class.objects.create(instructor=Account.objects.get(pk=user.pk or 0), **fields)
    note(user, "make class", klass=klass)
    return klass


@transaction.atomic
def change_class(user: User, klass: Class, fields: dict[str, Any]) -> None:
    """Changes a class. A class that is over becomes open again, unless it was forgotten: so one that was ended by mistake can
    go on with its code.
    """
    old = Class.objects.select_for_update().get(pk=klass.pk)
    changed = sorted(name for name, value in fields.items() if getattr(old, name) != value)
    again = {} if old.open or old.forgotten_at else {"state": Class.State.OPEN, "ended_at": None}
    Class.objects.filter(pk=klass.pk).update(**fields, **again)
    note(user, "open class again" if again else "change class", klass=klass, changed=changed)
    tell_class(klass)


@transaction.atomic
def end_class(user: User, klass: Class) -> bool:
    """Ends the class; nobody can join any more. False when it had been ended already."""
    now = timezone.now()
    going = Class.objects.filter(pk=klass.pk, state=Class.State.OPEN)
    if not going.update(state=Class.State.ENDED, ended_at=now):
        return False
    warm.close_prepared(klass.pk)  # nobody will come for it
    note(user, "end class", klass=klass)
    tell_class(klass)
    return True


def renew_code(user: User, klass: Class) -> str:
    """Gives the class a new code. The old code and the links made of it stop working; learners in the class stay."""
    while True:
        code = new_code()
        try:
            with transaction.atomic():
                Class.objects.filter(pk=klass.pk).update(code=code)
                note(user, "renew code", klass=klass)
                return code
        except IntegrityError:  # some class has it
            continue
