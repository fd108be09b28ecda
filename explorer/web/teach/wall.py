"""The wall of a class, the page of one seat, and the page on which a sandbox is watched."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from explorer.classroom.classes import lessons_of
from explorer.classroom.models import Class, Seat
from explorer.classroom.people.access import find_watched, may_type, sandboxes_of, seat_with_terminals
from explorer.classroom.people.rules import sits
from explorer.classroom.seat import changes
from explorer.classroom.wall.look import look_once
from explorer.classroom.wall.seats import read_seats
from explorer.classroom.wall.tiles import SHOWN, SORTS, Tile, arrange, count, lesson_of
from explorer.lessons.model import Lesson
from explorer.sandboxes import library
from explorer.sandboxes.models import Progress, Sandbox
from explorer.sandboxes.nodes import read_nodes
from explorer.web.learn.step import Reading, current_step, describe_step
from explorer.web.teach.teaching import teaching, teaching_class, teaching_seat

CHOICES = {"all": "All", "help": "Need help", "stuck": "Stuck", "away": "Away", "none": "No sandbox"}
DENSE, CROWD = 36, 60  # seats from which tiles are smaller; as in wall/class-wall.js
ORDERS = {"help": "help first", "name": "name", "progress": "progress", "idle": "longest idle"}


@dataclass(frozen=True)
class Card:
    """A tile as the server draws it. `wall/words.js` makes the same of later messages."""

    seat: str
    tile: Tile
    now: float

    @property
    def classes(self) -> str:
        marks = {
            "help": self.tile.help_at, "stuck": self.tile.stuck, "away": not self.tile.here, "finished": self.tile.finished,
        }  # fmt: skip
        return " ".join([f"tone-{self.tile.tone}", *(name for name, there in marks.items() if there)])

    @property
    def flag(self) -> str:
        if self.tile.help_at:
            return f"help, {since(self.now - self.tile.help_at)}"
        return "" if self.tile.here else "away"

    @property
    def idle(self) -> str:
        return since(self.now - self.tile.active_at)

    @property
    def rail(self) -> list[str]:
        words = {"d": "done", "o": "open", "D": "done here", "O": "open here"}
        return [words[letter] for letter in self.tile.rail]


def since(seconds: float) -> str:
    if seconds < 60:
        return f"{max(0, int(seconds)) // 10 * 10} s" if seconds >= 10 else "now"
    return f"{int(seconds // 60)} min" if seconds < 5400 else f"{round(seconds / 3600)} h"


@require_safe
@teaching_class
def show_wall(request: HttpRequest, klass: Class) -> HttpResponse:
    sort, show = request.GET.get("sort", "help"), request.GET.get("show", "all")
    sort, show = sort if sort in SORTS else "help", show if show in SHOWN else "all"
    tiles, now = look_once(klass), time.time()
    counts = count(tiles.values())
    context = {
        "klass": klass,
        "cards": [Card(seat, tile, now) for seat, tile in arrange(tiles, sort, show).items()],
        "size": "crowd" if len(tiles) > CROWD else "dense" if len(tiles) > DENSE else "",
        "blank": Card("", Tile(name=""), now),
        "many": len(tiles),
        "choices": [(word, label, counts[word]) for word, label in CHOICES.items()],
        "orders": ORDERS,
        "sort": sort,
        "show": show,
        "here": counts["here"],
        "spread": spread_of(counts["steps"], lessons_of(klass)),
    }
    return render(request, "teach/wall.html", context)


def spread_of(counted: Sequence[Sequence[Any]], lessons: Sequence[Lesson]) -> list[tuple[str, list[tuple[int, str, int]], int]]:
    """For each lesson: (its title, [(number of the step, its title, how many learners are at it)], how many are in the
    lesson).
    """
    many = {(lesson, number): seats for lesson, number, seats in counted}
    spread = []
    for lesson in lessons:
        steps = [(at, step.title, many.get((lesson.title, at), 0)) for at, step in enumerate(lesson.steps, 1)]
        spread.append((lesson.title, steps, sum(seats for _, _, seats in steps)))
    return spread


@require_safe
@teaching_seat
def show_seat(request: HttpRequest, seat: Seat) -> HttpResponse:
    """The page of a seat. With htmx only a part of it: the progress (`part=progress`) or the sandbox (`part=sandbox`)."""
    here = reverse("seat", args=[seat.klass_id, seat.pk])
    context: dict[str, Any] = {"klass": seat.klass, "seat": seat, "here_url": here}
    part = request.GET.get("part") if getattr(request, "htmx", False) else None
    if part != "sandbox":
        context |= describe_progress(seat)
    if part == "progress":
        return render(request, "teach/_seat_progress.html", context)
    newest = sandboxes_of(request.user).filter(learner=seat.learner_id, comparison=None) if seat.learner_id else None
    context |= describe_watched(newest.order_by("-created_at").first() if newest is not None and sits(seat) else None)
    return render(request, "teach/_watched.html" if part == "sandbox" else "teach/seat.html", context)


@require_POST
@teaching_seat
def come_to_help(request: HttpRequest, seat: Seat) -> HttpResponse:
    changes.come_to_help(request.user, seat)
    return HttpResponse(status=204) if getattr(request, "htmx", False) else redirect("seat", seat.klass_id, seat.pk)


@require_safe
@teaching
def watch_sandbox(request: HttpRequest, sandbox_id: str) -> HttpResponse:
    sandbox = find_watched(request.user, sandbox_id)
    if sandbox is None:
        raise Http404
    context = describe_watched(sandbox) | {"here_url": reverse("watch", args=[sandbox.pk])}
    if getattr(request, "htmx", False):
        return render(request, "teach/_watched.html", context)
    return render(request, "teach/watch.html", context | {"lesson": library.find(sandbox.lesson)})


def describe_watched(sandbox: Sandbox | None) -> dict[str, Any]:
    """What the part with a watched sandbox needs. `shared` is the seat if its terminals may be read."""
    if sandbox is None:
        return {"sandbox": None}
    shared = seat_with_terminals(sandbox)
    return {
        "sandbox": sandbox,
        "live": sandbox.state in Sandbox.LIVE and sandbox.state != Sandbox.State.CLOSING and not sandbox.comparison_id,
        "shared": shared,
        "together": shared is not None and may_type(shared),
        "expires_at": sandbox.expires_at.timestamp() if sandbox.expires_at else "",
        "created_at": sandbox.created_at.timestamp(),
    }


def describe_progress(seat: Seat) -> dict[str, Any]:
    """The step the learner is at, the checks of every step, the predictions and what proved true."""
    known = {lesson.slug: lesson for lesson in lessons_of(seat.klass)}
    rows = read_seats(seat.klass, seat.pk)
    lesson = known.get(lesson_of(rows[0], known)) if rows else None
    if lesson is None:
        return {"lesson": None}
    progress = Progress.objects.filter(learner=seat.learner_id, lesson=lesson.slug).first() if seat.learner_id else None
    step, nodes = current_step(lesson, progress), read_nodes()
    reading = Reading.of(lesson, seat.learner, progress, nodes)
    return {
        "lesson": lesson,
        "step": step,
        "number": lesson.steps.index(step) + 1,
        "steps": [describe_step(one, reading, nodes) for one in lesson.steps],
        "passed": tally(lesson, progress.passed if progress else {}),
    }


def tally(lesson: Lesson, passed: Mapping[str, Sequence[str]]) -> tuple[int, int]:
    """Returns (checks passed, checks there are)."""
    checks = [check.id in passed.get(step.id, ()) for step in lesson.steps for check in step.checks]
    return sum(checks), len(checks)
