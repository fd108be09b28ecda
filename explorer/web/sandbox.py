"""A sandbox on the page: open, extend, reset, close, and the fragment that shows the state it is in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from explorer.classroom.access import current_learner, ensure_learner, find_sandbox
from explorer.lessons.load import load_lessons
from explorer.lessons.model import Lesson
from explorer.sandboxes import services
from explorer.sandboxes.models import Sandbox
from explorer.web.limits import at_most

BUSY = {"full", "no_node"}  # ours to mend: 503; everything else refused is 409


@require_POST
@at_most(120, 60)
def open_sandbox(request: HttpRequest) -> HttpResponse:
    lesson = load_lessons().get(request.POST.get("lesson", ""))
    if lesson is None:
        raise Http404
    learner = ensure_learner(request)
    try:
        sandbox = services.open_sandbox(learner, lesson=lesson.slug, scenario=lesson.scenario)
    except services.Refused as refused:
        return show_refusal(request, refused, lesson)
    return answer(request, sandbox, lesson)


@require_POST
@at_most(240, 60)
def extend_sandbox(request: HttpRequest, sandbox_id: str) -> HttpResponse:
    return act(request, sandbox_id, services.extend_sandbox)


@require_POST
@at_most(240, 60)
def reset_sandbox(request: HttpRequest, sandbox_id: str) -> HttpResponse:
    return act(request, sandbox_id, services.reset_sandbox)


@require_POST
@at_most(240, 60)
def close_sandbox(request: HttpRequest, sandbox_id: str) -> HttpResponse:
    return act(request, sandbox_id, services.close_sandbox)


@require_safe
def show_sandbox(request: HttpRequest, sandbox_id: str) -> HttpResponse:
    sandbox = mine(request, sandbox_id)
    lesson = load_lessons().get(sandbox.lesson)
    if not getattr(request, "htmx", False):
        return redirect("lesson", lesson.slug) if lesson else redirect("home")
    return render(request, "_sandbox.html", describe(sandbox, lesson))


def mine(request: HttpRequest, sandbox_id: str) -> Sandbox:
    sandbox = find_sandbox(current_learner(request), sandbox_id)
    if sandbox is None:
        raise Http404
    return sandbox


def act(request: HttpRequest, sandbox_id: str, do: Callable[[Sandbox], object]) -> HttpResponse:
    sandbox = mine(request, sandbox_id)
    lesson = load_lessons().get(sandbox.lesson)
    try:
        do(sandbox)
    except services.Refused as refused:
        return show_refusal(request, refused, lesson)
    sandbox.refresh_from_db()
    return answer(request, sandbox, lesson)


def answer(request: HttpRequest, sandbox: Sandbox, lesson: Lesson | None) -> HttpResponse:
    if getattr(request, "htmx", False):
        return render(request, "_sandbox.html", describe(sandbox, lesson))
    return redirect("lesson", lesson.slug) if lesson else redirect("home")


def show_refusal(request: HttpRequest, refused: services.Refused, lesson: Lesson | None) -> HttpResponse:
    htmx = getattr(request, "htmx", False)
    context = {
        "code": refused.code,
        "sentence": refused.sentence,
        "lesson": lesson,
        "back": reverse("lesson", args=[lesson.slug]) if lesson else reverse("home"),
    }
    status = 503 if refused.code in BUSY else 409
    return render(request, "_refused.html" if htmx else "refused.html", context, status=status)


def describe(sandbox: Sandbox | None, lesson: Lesson | None) -> dict[str, Any]:
    """What the sandbox side of a page needs to draw itself."""
    if sandbox is None:
        return {"sandbox": None, "lesson": lesson}
    return {
        "sandbox": sandbox,
        "lesson": lesson,
        "live": sandbox.state in Sandbox.LIVE and sandbox.state != Sandbox.State.CLOSING,
        "expires_at": sandbox.expires_at.timestamp() if sandbox.expires_at else "",
        "created_at": sandbox.created_at.timestamp(),
        "extensions_left": max(0, settings.SANDBOX_EXTENSIONS - sandbox.extensions),
        "minutes": settings.SANDBOX_MINUTES,
    }
