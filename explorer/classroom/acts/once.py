"""How an action is done once, whoever asks for it again and however many ask at the same time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from explorer.classroom.acts.act import Asked, Done
from explorer.classroom.models import AuditEntry, Class
from explorer.sandboxes.limits import Refused

AGAIN = timedelta(seconds=10)  # the same asked again within it is the same wish


def hold_class(klass: Class) -> Class:
    """The class as it is now, for this transaction alone: a second instructor waits here. Refuses a class that is over."""
    held = Class.objects.select_for_update().get(pk=klass.pk)
    if not held.open:
        raise Refused("over", "This class is over. Open it again in its setup to do anything in it.", klass=klass.pk)
    return held


@transaction.atomic
def claim(asked: Asked, **detail: Any) -> Done | None:
    """Notes that this is done now and by whom. When anybody did the same a moment ago, it answers so instead; None to who may
    go on."""
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
