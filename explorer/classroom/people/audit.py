"""The audit log: one line for each thing that an instructor or operator did to a class, a seat, a sandbox, a
lesson or a node."""

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
    """Adds a line. `detail` must be small, must be JSON, and must not hold a learner's name. Without a user, the role is
    `clock`.
    """
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
    """The counts noted when the personal data of this class was deleted; empty before that."""
    entry = AuditEntry.objects.filter(klass=klass.pk, action="forget class").first()
    return dict(entry.detail.get("counts", {})) if entry else {}
