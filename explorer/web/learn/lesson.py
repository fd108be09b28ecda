"""The lesson page: a step to read and do on the left, the learner's sandbox beside it."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from explorer.classroom.people.access import draw_by, find_authored, lesson_for
from explorer.classroom.people.asker import Asker, ensure_asker, read_asker
from explorer.classroom.seat.changes import note_lesson
from explorer.lessons.model import Lesson, Prediction, Step
from explorer.sandboxes import library
from explorer.sandboxes.life import current_sandbox
from explorer.sandboxes.models import Learner, Progress
from explorer.sandboxes.nodes import read_nodes
from explorer.sandboxes.progress import (
    SURE,
    UnknownLesson,
    ask_for_help,
    choose_prediction,
    learner_progress,
    look_first,
    move_to_step,
)
from explorer.web.edge.limits import at_most
from explorer.web.learn.held import unless_held
from explorer.web.learn.sandbox import describe
from explorer.web.learn.step import Reading, current_step, describe_step, is_done, show_parts, stand


@require_safe
@unless_held
def show_lesson(request: HttpRequest, slug: str) -> HttpResponse:
    lesson = find_lesson(request, slug)
    asker = read_asker(request)
    if "prediction" in request.GET:
        asker.check_step(lesson, find_prediction(lesson, request.GET["prediction"])[0].id)
        return show_prediction(request, read_lesson(request, lesson, asker.learner), request.GET["prediction"])
    if "part" in request.GET:
        step = find_step(lesson, request.GET.get("step", ""))
        asker.check_step(lesson, step.id)
        return show_part(request, step, read_lesson(request, lesson, asker.learner), request.GET["part"])
    return render(request, "lesson.html", describe_page(request, lesson, asker))


def describe_page(request: HttpRequest, lesson: Lesson, asker: Asker) -> dict[str, Any]:
    """The step that is asked for, else the one the learner is at, and the learner's sandbox beside it."""
    nodes = read_nodes()
    reading = Reading.of(lesson, asker.learner, progress_in(asker.learner, lesson), nodes, draw_by(request))
    asked = request.GET.get("step", "")
    step = find_step(lesson, asked) if asked else current_step(lesson, reading.progress)
    asker.check_step(lesson, step.id)
    if asker.seat and asker.klass:
        note_lesson(asker.seat, lesson.slug)
    sandbox = current_sandbox(asker.learner)
    context = describe_step(step, reading, nodes, asker.locked(lesson))
    context |= describe(sandbox, lesson, nodes, request.GET.get("engine", "")) | {"my_seat": asker.seat}
    if sandbox and (sandbox.lesson != lesson.slug or context["misfit"]):
        context["other_lesson"] = library.find(sandbox.lesson)
        context["elsewhere"] = True
    if lesson.slug.startswith(library.DRAFT):
        context["draft"] = find_authored(request.user, lesson.slug.removeprefix(library.DRAFT))
    return context


@require_safe
@unless_held
def print_lesson(request: HttpRequest, slug: str) -> HttpResponse:
    """Every open step on one page, as far as its text may be sent to this learner."""
    lesson, asker, nodes = find_lesson(request, slug), read_asker(request), read_nodes()
    reading = Reading.of(lesson, asker.learner, progress_in(asker.learner, lesson), nodes, draw_by(request))
    locked = asker.locked(lesson)
    steps = [describe_step(step, reading, nodes, locked) for step in lesson.steps if step.id not in locked]
    return render(request, "lesson_print.html", {"lesson": lesson, "steps": steps})


@require_POST
@at_most(600, 60)
@unless_held
def move_step(request: HttpRequest, slug: str, step: str) -> HttpResponse:
    lesson = find_lesson(request, slug)
    here = find_step(lesson, step)
    asker = ensure_asker(request)
    asker.check_pause()
    asker.check_step(lesson, here.id)
    progress = move_to_step(asker.learner, lesson.slug, here.id)
    return show_step(request, lesson, here, asker, progress)


@require_POST
@at_most(600, 60)
@unless_held
def predict(request: HttpRequest, slug: str) -> HttpResponse:
    lesson = find_lesson(request, slug)
    asked, chosen = request.POST.get("prediction", ""), request.POST.get("option", "")
    step, _ = find_prediction(lesson, asked)
    asker = ensure_asker(request)
    asker.check_pause()
    asker.check_step(lesson, step.id)
    try:
        progress = choose_prediction(asker.learner, lesson.slug, asked, chosen, read_sure(request.POST.get("sure", "")))
    except UnknownLesson:
        raise Http404 from None
    if not getattr(request, "htmx", False):
        return redirect(f"{reverse('lesson', args=[slug])}?step={step.id}")
    return show_prediction(request, Reading.of(lesson, asker.learner, progress, read_nodes(), draw_by(request)), asked)


@require_POST
@at_most(600, 60)
@unless_held
def look(request: HttpRequest, slug: str) -> HttpResponse:
    """Shows what comes after a question to somebody who does not want to answer it first; a later answer counts as such."""
    lesson = find_lesson(request, slug)
    step, prediction = find_prediction(lesson, request.POST.get("prediction", ""))
    asker = ensure_asker(request)
    asker.check_pause()
    asker.check_step(lesson, step.id)
    return show_step(request, lesson, step, asker, look_first(asker.learner, lesson.slug, prediction.id))


@require_POST
@at_most(600, 60)
@unless_held
def ask_help(request: HttpRequest, slug: str, step: str) -> HttpResponse:
    """One level of hints more, in a challenge."""
    lesson = find_lesson(request, slug)
    here = find_step(lesson, step)
    asker = ensure_asker(request)
    asker.check_pause()
    asker.check_step(lesson, here.id)
    try:
        progress = ask_for_help(asker.learner, lesson.slug, here.id)
    except UnknownLesson:
        raise Http404 from None
    if not getattr(request, "htmx", False):
        return redirect(f"{reverse('lesson', args=[slug])}?step={here.id}")
    return render(request, "_help.html", {"lesson": lesson, "step": here, "helped": progress.helped.get(here.id, 0)})


def read_sure(given: str) -> int:
    return int(given) if given in {str(one) for one in SURE} else 0


def show_step(request: HttpRequest, lesson: Lesson, step: Step, asker: Asker, progress: Progress) -> HttpResponse:
    """The step alone to htmx, a redirect to its page to a plain form."""
    if not getattr(request, "htmx", False):
        return redirect(f"{reverse('lesson', args=[lesson.slug])}?step={step.id}")
    nodes = read_nodes()
    reading = Reading.of(lesson, asker.learner, progress, nodes, draw_by(request))
    return render(request, "_step.html", describe_step(step, reading, nodes, asker.locked(lesson)))


def read_lesson(request: HttpRequest, lesson: Lesson, learner: Learner | None) -> Reading:
    return Reading.of(lesson, learner, progress_in(learner, lesson), read_nodes(), draw_by(request))


def show_prediction(request: HttpRequest, reading: Reading, asked: str) -> HttpResponse:
    _, prediction = find_prediction(reading.lesson, asked)
    here = {"lesson": reading.lesson, "asked": stand(prediction, reading), "recording": reading.recording}
    return render(request, "_prediction.html", here)


def show_part(request: HttpRequest, step: Step, reading: Reading, number: str) -> HttpResponse:
    """One part of a step's text: the text when it may be sent by now, else what it waits for. Raises 404."""
    passed = reading.progress.passed if reading.progress else {}
    shown = show_parts(step, [stand(one, reading) for one in step.predictions], is_done(step, passed))
    if number not in {str(part.number) for part in shown}:
        raise Http404
    return render(request, "_part.html", {"lesson": reading.lesson, "step": step, "part": shown[int(number)]})


def find_lesson(request: HttpRequest, slug: str) -> Lesson:
    lesson = lesson_for(request.user, slug)
    if lesson is None:
        raise Http404
    return lesson


def find_step(lesson: Lesson, step: str) -> Step:
    for known in lesson.steps:
        if known.id == step:
            return known
    raise Http404


def find_prediction(lesson: Lesson, asked: str) -> tuple[Step, Prediction]:
    """The prediction with this id and its step. Raises 404."""
    for step in lesson.steps:
        for prediction in step.predictions:
            if prediction.id == asked:
                return step, prediction
    raise Http404


def progress_in(learner: Learner | None, lesson: Lesson) -> Progress | None:
    return learner_progress(learner).get(lesson.slug) if learner else None
