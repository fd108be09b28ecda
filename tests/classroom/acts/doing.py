"""An action as the views do it, by its name in the table: `do("say", teacher, klass, text="hello")`."""

from __future__ import annotations

from typing import Any

from explorer.classroom.acts.act import Done
from explorer.classroom.acts.table import ACTS
from explorer.classroom.models import Class, Seat


def do(name: str, user: Any, klass: Class, seat: Seat | None = None, **fields: Any) -> Done:
    return ACTS[name].perform(user, klass, seat, **fields)
