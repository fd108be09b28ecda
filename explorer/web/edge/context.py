"""What the frame of every page shows: the user's role, and the seat of this browser's learner. Read only where it is shown.

Error pages have the same frame. So what cannot be read is left out, and the page is shown without it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.db import DatabaseError
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from explorer.classroom.people.access import any_seat_of, learner_id, role_of

log = logging.getLogger(__name__)


def describe_person(request: HttpRequest) -> dict[str, Any]:
    """`my_seat`: the seat of this browser's learner; it may be removed or of a class that is over. `my_role`: the role of the
    user.
    """
    session = getattr(request, "session", {})
    return {
        "my_seat": _lazily(lambda: any_seat_of(learner_id(session))),
        "my_role": _lazily(lambda: role_of(request.user) if hasattr(request, "user") else None),
    }


def _lazily(find: Callable[[], Any]) -> Any:
    def found() -> Any:
        try:
            return find()
        except DatabaseError:
            log.warning("the frame of a page is incomplete", exc_info=True)
            return None

    return SimpleLazyObject(found)
