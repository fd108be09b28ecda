"""Classes made, changed and ended, each noted in the audit log."""

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
    """Those of the class that there are (still), in its order."""
    known = library.lessons()
    return [known[slug] for slug in klass.lessons if slug in known]


def list_classes(classes: QuerySet[Class]) -> QuerySet[Class]:
    """The newest first, each with `taken`: how many seats are."""
    taken = Count("seats", filter=Q(seats__removed_at=None))
    return classes.select_related("instructor").annotate(taken=taken).order_by("-created_at")


@transaction.atomic
def make_class(user: User, fields: dict[str, Any]) -> Class:
    klass = Class.objects.create(instructor=Account.objects.get(pk=user.pk or 0), **fields)
    note(user, "make class", klass=klass)
    return klass


@transaction.atomic
def change_class(user: User, klass: Class, fields: dict[str, Any]) -> None:
    """A class that is over is opened again by a later end: one ended by mistake goes on with its code."""
    old = Class.objects.select_for_update().get(pk=klass.pk)
    changed = sorted(name for name, value in fields.items() if getattr(old, name) != value)
    again = {} if old.open or old.forgotten_at else {"state": Class.State.OPEN, "ended_at": None}
    Class.objects.filter(pk=klass.pk).update(**fields, **again)
    note(user, "open class again" if again else "change class", klass=klass, changed=changed)
    tell_class(klass)


@transaction.atomic
def end_class(user: User, klass: Class) -> bool:
    """Its code is void from now on. False: it was over already."""
    now = timezone.now()
    going = Class.objects.filter(pk=klass.pk, state=Class.State.OPEN)
    if not going.update(state=Class.State.ENDED, ended_at=now):
        return False
    warm.close_prepared(klass.pk)  # nobody will come for it
    note(user, "end class", klass=klass)
    tell_class(klass)
    return True


def renew_code(user: User, klass: Class) -> str:
    """Voids the code and every link made of it; who sits in the class stays."""
    while True:
        code = new_code()
        try:
            with transaction.atomic():
                Class.objects.filter(pk=klass.pk).update(code=code)
                note(user, "renew code", klass=klass)
                return code
        except IntegrityError:  # some class has it
            continue
