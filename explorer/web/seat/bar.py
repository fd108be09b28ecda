"""A learner in a class: their page of the class, the bar on every page, leaving, and the way back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from explorer.classroom.models import Seat
from explorer.classroom.people.access import any_seat_of, sit_down, stand_up
from explorer.classroom.people.asker import read_asker
from explorer.classroom.seat import changes, joining
from explorer.classroom.wall.watching import is_watched
from explorer.lessons.model import Lesson
from explorer.sandboxes import library
from explorer.sandboxes.progress import learner_progress
from explorer.sandboxes.streams import RedisError
from explorer.web.edge.limits import at_most
from explorer.web.learn.drivers import count_checks
from explorer.web.seat.join import WAY_BACK
from explorer.web.seat.qr import draw_qr


@dataclass(frozen=True)
class Task:
    """A lesson of the class and how far its learner is."""

    lesson: Lesson
    done: int
    total: int
    started: bool
    finished: bool


@never_cache
@require_safe
def show_class(request: HttpRequest) -> HttpResponse:
    seat = read_asker(request).seat
    if seat is None:
        return redirect("join")
    token = request.session.pop(WAY_BACK, "")  # shown once
    link = request.build_absolute_uri(reverse("class-back", args=[token])) if token else ""
    context = {"seat": seat, "my_seat": seat, "tasks": list_tasks(seat), "link": link, "qr": draw_qr(link) if link else ""}
    return render(request, "class/home.html", context)


@never_cache
@require_safe
def show_bar(request: HttpRequest) -> HttpResponse:
    return render(request, "class/_bar.html", describe_bar(read_asker(request).seat))


@require_POST
@at_most(600, 60)
def ask_for_help(request: HttpRequest) -> HttpResponse:
    return turn(request, changes.ask_for_help)


@require_POST
@at_most(600, 60)
def invite(request: HttpRequest) -> HttpResponse:
    return turn(request, changes.invite)


@require_POST
@at_most(600, 60)
def renew_link(request: HttpRequest) -> HttpResponse:
    """Gives a new way back to the learner who sits in this seat now. The old one stops working."""
    asker = read_asker(request)
    if asker.seat and asker.klass:
        request.session[WAY_BACK] = joining.give_way_back(asker.seat)
    return redirect("class")


@require_POST
@at_most(600, 60)
def leave(request: HttpRequest) -> HttpResponse:
    """Leaves the class. For a learner without a seat it does nothing."""
    if read_asker(request).seat:
        stand_up(request)
    return redirect("home")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@at_most(600, 60)
def come_back(request: HttpRequest, token: str) -> HttpResponse:
    """The way back to a seat. Only the POST takes the seat: chat programs open links to preview them, and that must change
    nothing.
    """
    seat = joining.find_way_back(token)
    if seat is None or seat.removed_at:
        return render(request, "class/back.html", {"seat": seat}, status=410 if seat else 404)
    if request.method == "POST":
        sit_down(request, seat)
        messages.info(request, f"Welcome back, {seat.name}.")
        return redirect("class")
    return render(request, "class/back.html", {"seat": seat, "token": token})


def turn(request: HttpRequest, change: Any) -> HttpResponse:
    """Switches something on or off. `on` in the form says which, so that the same click sent twice has the effect of one."""
    asker = read_asker(request)
    if asker.seat and asker.klass:
        change(asker.seat, request.POST.get("on") == "1")
    if getattr(request, "htmx", False):  # read again: the seat has changed
        return render(request, "class/_bar.html", describe_bar(any_seat_of(asker.learner)))
    return redirect("class")


def list_tasks(seat: Seat) -> list[Task]:
    known, progress = library.lessons(), learner_progress(seat.learner) if seat.learner else {}
    tasks = []
    for lesson in (known[slug] for slug in seat.klass.lessons if slug in known):
        row = progress.get(lesson.slug)
        done = sum(check.id in row.passed.get(step.id, ()) for step in lesson.steps for check in step.checks) if row else 0
        tasks.append(Task(lesson, done, count_checks(lesson), row is not None, bool(row and row.finished_at)))
    return tasks


def describe_bar(seat: Seat | None) -> dict[str, Any]:
    """What `class/_bar.html` shows of the class."""
    if seat is None or seat.removed_at or not seat.klass.open:
        return {"seat": seat}
    return {"seat": seat, "watched": seen(seat), "until": last_open(seat)}


def seen(seat: Seat) -> bool:
    try:
        return is_watched(seat.pk)
    except RedisError:  # when the class is over, nobody can watch
        return False


def last_open(seat: Seat) -> str:
    """The last step that the class may go to, in words; empty when nothing is locked."""
    until = seat.klass.open_until or {}
    lesson = library.lessons().get(until.get("lesson", ""))
    if lesson is None:
        return ""
    step = next((one.title for one in lesson.steps if one.id == until.get("step")), "")
    return f"“{step}” in {lesson.title}" if step else lesson.title
