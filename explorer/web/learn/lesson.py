"""The lesson page: a step to read and do on the left, the learner's sandbox beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from explorer.classroom.people.access import find_authored, lesson_for
from explorer.classroom.people.asker import Asker, ensure_asker, read_asker
from explorer.classroom.seat.changes import note_lesson
from explorer.lessons.model import Check, Lesson, Option, Prediction, Step
from explorer.sandboxes import library
from explorer.sandboxes.life import current_sandbox
from explorer.sandboxes.models import Learner, Progress
from explorer.sandboxes.nodes import Nodes, read_nodes
from explorer.sandboxes.progress import UnknownLesson, choose_prediction, learner_progress, move_to_step
from explorer.web.edge.limits import at_most
from explorer.web.learn.held import unless_held
from explorer.web.learn.recorded import describe_lack, standing_in
from explorer.web.learn.sandbox import describe


@dataclass(frozen=True)
class Asked:
    """A prediction and what this learner chose; `outcome` is what the machine answered, or None."""

    prediction: Prediction
    chosen: Option | None
    outcome: Option | None

    @property
    def right(self) -> bool:
        return self.outcome is not None and self.chosen == self.outcome


@dataclass(frozen=True)
class Ticked:
    check: Check
    passed: bool


@require_safe
@unless_held
def show_lesson(request: HttpRequest, slug: str) -> HttpResponse:
    lesson = find_lesson(request, slug)
    asker = read_asker(request)
    if "prediction" in request.GET:
        asker.check_step(lesson, find_prediction(lesson, request.GET["prediction"])[0].id)
        return show_prediction(request, lesson, progress_in(asker.learner, lesson), request.GET["prediction"])
    return render(request, "lesson.html", describe_page(request, lesson, asker))


def describe_page(request: HttpRequest, lesson: Lesson, asker: Asker) -> dict[str, Any]:
    """The step that is asked for, else the one the learner is at, and the learner's sandbox beside it."""
    progress, nodes = progress_in(asker.learner, lesson), read_nodes()
    asked = request.GET.get("step", "")
    step = find_step(lesson, asked) if asked else current_step(lesson, progress)
    asker.check_step(lesson, step.id)
    if asker.seat and asker.klass:
        note_lesson(asker.seat, lesson.slug)
    sandbox = current_sandbox(asker.learner)
    context = describe_step(lesson, step, progress, nodes, asker.locked(lesson))
    context |= describe(sandbox, lesson, nodes, request.GET.get("engine", "")) | {"my_seat": asker.seat}
    if sandbox and (sandbox.lesson != lesson.slug or context["misfit"]):
        context["other_lesson"] = library.find(sandbox.lesson)
        context["elsewhere"] = True
    if lesson.slug.startswith(library.DRAFT):
        context["draft"] = find_authored(request.user, lesson.slug.removeprefix(library.DRAFT))
    return context


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
    if not getattr(request, "htmx", False):
        return redirect(f"{reverse('lesson', args=[slug])}?step={here.id}")
    return render(request, "_step.html", describe_step(lesson, here, progress, read_nodes(), asker.locked(lesson)))


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
        progress = choose_prediction(asker.learner, lesson.slug, asked, chosen)
    except UnknownLesson:
        raise Http404 from None
    if not getattr(request, "htmx", False):
        return redirect(f"{reverse('lesson', args=[slug])}?step={step.id}")
    return show_prediction(request, lesson, progress, asked)


def show_prediction(request: HttpRequest, lesson: Lesson, progress: Progress | None, asked: str) -> HttpResponse:
    _, prediction = find_prediction(lesson, asked)
    recording = standing_in(lesson, read_nodes())
    here = stand(prediction, progress, recording.answer(asked) if recording else "")
    return render(request, "_prediction.html", {"lesson": lesson, "asked": here, "recording": recording})


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


def current_step(lesson: Lesson, progress: Progress | None) -> Step:
    known = {step.id: step for step in lesson.steps}
    return known.get(progress.step if progress else "", lesson.steps[0])


def stand(prediction: Prediction, progress: Progress | None, recorded: str = "") -> Asked:
    """The prediction as this learner sees it. `recorded` are answers of a recording, where no node here can play the lesson."""
    options = {option.id: option for option in prediction.options}
    chosen = options.get(progress.predictions.get(prediction.id, "")) if progress else None
    # A learner who has not chosen does not see the answer, even when the machine has given it.
    outcome = options.get(progress.outcomes.get(prediction.id, recorded)) if progress and chosen else None
    return Asked(prediction, chosen, outcome)


def describe_step(
    lesson: Lesson, step: Step, progress: Progress | None, nodes: Nodes, locked: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """What a step's part of the page needs. `locked` has the ids of steps that the learner's class has not opened."""
    passed = progress.passed if progress else {}
    at = lesson.steps.index(step)
    ticked = [Ticked(check, check.id in passed.get(step.id, ())) for check in step.checks]
    lack = describe_lack(lesson, nodes)
    recording = lack["recording"]
    return {
        "lesson": lesson,
        "step": step,
        "number": at + 1,
        "current": current_step(lesson, progress),
        "previous": lesson.steps[at - 1] if at else None,
        "following": lesson.steps[at + 1] if at + 1 < len(lesson.steps) else None,
        "checks": ticked,
        "complete": bool(ticked) and all(one.passed for one in ticked),
        "asked": [stand(one, progress, recording.answer(one.id) if recording else "") for one in step.predictions],
        "locked": locked,
        "outline": [(other, is_done(other, passed)) for other in lesson.steps],
        "finished": progress is not None and progress.finished_at is not None,
        **lack,
    }


def is_done(step: Step, passed: dict[str, list[str]]) -> bool:
    return bool(step.checks) and all(check.id in passed.get(step.id, ()) for check in step.checks)
