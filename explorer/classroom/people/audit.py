"""The audit log: one line for each thing somebody with rights did to somebody else's class, seat or sandbox."""

from __future__ import annotations

from typing import Any

from explorer.classroom.models import AuditEntry, Class, Seat
from explorer.classroom.people.access import User, role_of
from explorer.sandboxes.models import Sandbox


def note(
    user: User | None,
    action: str,
    *,
    klass: Class | None = None,
    seat: Seat | None = None,
    sandbox: Sandbox | str | None = None,
    **detail: Any,
) -> AuditEntry:
    """`detail` is small, JSON, and holds no learner's name. Without a user it was the clock's doing."""
    return AuditEntry.objects.create(
        actor=user.get_username() if user else "",
        role=(role_of(user) or "nobody") if user else "clock",
        action=action,
        klass=klass.pk if klass else seat.klass_id if seat else "",
        seat=seat.pk if seat else "",
        sandbox=sandbox.pk if isinstance(sandbox, Sandbox) else sandbox or "",
        detail=detail,
    )


def counted(klass: Class) -> dict[str, int]:
    """What was counted when the personal data of this class was deleted."""
    entry = AuditEntry.objects.filter(klass=klass.pk, action="forget class").first()
    return dict(entry.detail.get("counts", {})) if entry else {}
