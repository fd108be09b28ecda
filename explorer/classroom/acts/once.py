"""How an action is done once, also when it is asked for twice or by several people at the same time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from explorer.classroom.acts.act import Asked, Done
from explorer.classroom.models import AuditEntry, Class
from explorer.sandboxes.limits import Refused

AGAIN = timedelta(seconds=10)  # the same action asked again within this time is done once


def hold_class(klass: Class) -> Class:
    """Locks the class's row for this transaction and returns it; another instructor waits here. Raises `Refused` when the
    class is over.
    """
    held = Class.objects.select_for_update().get(pk=klass.pk)
    if not held.open:
        raise Refused("over", "This class is over. Open it again in its setup to do anything in it.", klass=klass.pk)
    return held


@transaction.atomic
def claim(asked: Asked, **detail: Any) -> Done | None:
    """Writes to the audit log that this is done now, and returns None. When anybody did the same within the last ten seconds,
    it writes nothing and returns a `Done` that says so.
    """
    hold_class(asked.klass)
    lately = AuditEntry.objects.filter(
        klass=asked.klass.pk,
        seat=asked.seat.pk if asked.seat else "",
        sandbox="",
        action=asked.act.audit,
        detail=detail,
        at__gt=timezone.now() - AGAIN,
    )
    if found := lately.first():
        ago = max(1, round((timezone.now() - found.at).total_seconds()))
        return Done(f"Already done {ago} s ago by {found.actor}: nothing was done twice.", new=False)
    asked.note(**detail)
    return None
