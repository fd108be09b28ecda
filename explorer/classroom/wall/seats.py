"""Reads the rows of a class's seats: a few queries, however many seats there are."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime

from django.db.models import OuterRef, Subquery

from explorer.classroom.models import Class
from explorer.classroom.wall.tiles import ProgressRow, SandboxRow, SeatRow
from explorer.sandboxes.models import Progress, Sandbox

SEAT = ("id", "name", "lesson", "learner", "joined_at", "help_at", "invited_at", "newest")


def read_seats(klass: Class | str, only: str = "") -> list[SeatRow]:
    """Every seat that was not removed (or only the seat `only`), in the order in which they were taken."""
    newest = Sandbox.objects.filter(learner=OuterRef("learner"), comparison=None).order_by("-created_at").values("pk")[:1]
    name = klass.pk if isinstance(klass, Class) else klass
    seats = Class(pk=name).seats.filter(removed_at=None, **({"pk": only} if only else {})).order_by("joined_at", "pk")
    rows = list(seats.annotate(newest=Subquery(newest)).values(*SEAT))
    sandboxes = read_sandboxes(row["newest"] for row in rows if row["newest"])
    progress = read_progress(row["learner"] for row in rows if row["learner"])
    return [
        SeatRow(
            id=row["id"],
            name=row["name"],
            lesson=row["lesson"],
            joined_at=seconds(row["joined_at"]),
            help_at=seconds(row["help_at"]),
            invited_at=seconds(row["invited_at"]),
            sandbox=sandboxes.get(row["newest"]),
            progress=progress.get(row["learner"], {}),
        )
        for row in rows
    ]


def read_sandboxes(ids: Iterable[str]) -> dict[str, SandboxRow]:
    """Id → the sandbox as the wall needs it."""
    rows = list(Sandbox.objects.filter(pk__in=list(ids)).values("id", "state", "phase"))
    line: list[str] = []
    if any(row["state"] == Sandbox.State.QUEUED for row in rows):
        queued = Sandbox.objects.filter(state=Sandbox.State.QUEUED)
        line = list(queued.order_by("created_at").values_list("pk", flat=True))
    return {row["id"]: SandboxRow(**row, position=line.index(row["id"]) + 1 if row["id"] in line else None) for row in rows}


def read_progress(learners: Iterable[uuid.UUID]) -> dict[uuid.UUID, dict[str, ProgressRow]]:
    """Learner → lesson → progress."""
    found: dict[uuid.UUID, dict[str, ProgressRow]] = {}
    fields = ("learner", "lesson", "step", "passed", "times", "moved_at", "finished_at")
    for learner, lesson, step, passed, times, moved, finished in Progress.objects.filter(
        learner__in=list(learners)
    ).values_list(*fields):
        row = ProgressRow(step, passed, times, seconds(moved), finished is not None)
        found.setdefault(learner, {})[lesson] = row
    return found


def seconds(moment: datetime | None) -> float:
    return moment.timestamp() if moment else 0.0
