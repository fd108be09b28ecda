"""A sandbox on the page: open, extend, reset, close, and the fragment that shows the state it is in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from explorer.classroom.acts import rules
from explorer.classroom.acts.preparing import terms_of
from explorer.classroom.people.access import current_learner, ensure_learner, find_sandbox, find_watched, lesson_for, seat_of
from explorer.lessons.model import Lesson
from explorer.network.scenario import DEFAULT_ENGINE, ENGINES
from explorer.sandboxes import library, services
from explorer.sandboxes.changes import extensions_most, life
from explorer.sandboxes.models import Learner, Sandbox
from explorer.web.edge.embedded import pace_embeds
from explorer.web.edge.limits import at_most
from explorer.web.learn.held import unless_held
from explorer.web.learn.recorded import describe_lack

BUSY = {"full", "no_node", "no_engine"}  # ours to mend: 503; everything else refused is 409


@require_POST
@at_most(300, 60)  # the largest class, behind one address, and some of it twice
@pace_embeds
@unless_held
def open_sandbox(request: HttpRequest) -> HttpResponse:
    lesson = lesson_for(request.user, request.POST.get("lesson", ""))
    if lesson is None:
        raise Http404
    learner = ensure_learner(request)
    rules.check_pause(learner)
    rules.check_step(learner, lesson, lesson.steps[0].id)
    terms = terms_of(learner)
    engine = choose_engine(learner, request.POST.get("engine", ""))
    wanted: dict[str, Any] = {"lesson": lesson.slug, "scenario": lesson.scenario, "engine": engine, "terms": terms}
    try:
        if instead := request.POST.get("instead"):
            sandbox = services.replace_sandbox(learner, instead, **wanted)
        else:
            sandbox = services.open_sandbox(learner, **wanted)
    except services.Refused as refused:
        return show_refusal(request, refused, lesson, engine)
    return answer(request, sandbox, lesson, engine)


@require_POST
@at_most(240, 60)
@unless_held
def extend_sandbox(request: HttpRequest, sandbox_id: str) -> HttpResponse:
    return act(request, sandbox_id, services.extend_sandbox)


@require_POST
@at_most(240, 60)
@unless_held
def reset_sandbox(request: HttpRequest, sandbox_id: str) -> HttpResponse:
    return act(request, sandbox_id, services.reset_sandbox)


@require_POST
@at_most(240, 60)
@unless_held
def close_sandbox(request: HttpRequest, sandbox_id: str) -> HttpResponse:
    return act(request, sandbox_id, services.close_sandbox)


@require_safe
def show_sandbox(request: HttpRequest, sandbox_id: str) -> HttpResponse:
    sandbox = mine(request, sandbox_id)
    lesson = library.find(sandbox.lesson)
    if not getattr(request, "htmx", False):
        return redirect("lesson", lesson.slug) if lesson else redirect("playground")
    return render(request, "_sandbox.html", describe(sandbox, lesson))


def mine(request: HttpRequest, sandbox_id: str) -> Sandbox:
    sandbox = find_sandbox(current_learner(request), sandbox_id)
    if sandbox is None:
        raise Http404
    return sandbox


def seen(request: HttpRequest, sandbox_id: str) -> Sandbox:
    """To look at, and no more: the learner's own, or one that this user may watch."""
    sandbox = find_sandbox(current_learner(request), sandbox_id) or find_watched(request.user, sandbox_id)
    if sandbox is None:
        raise Http404
    return sandbox


def act(request: HttpRequest, sandbox_id: str, do: Callable[[Sandbox], object]) -> HttpResponse:
    sandbox = mine(request, sandbox_id)
    rules.check_pause(sandbox.learner)
    lesson = library.find(sandbox.lesson)
    try:
        do(sandbox)
    except services.Refused as refused:
        return show_refusal(request, refused, lesson)
    sandbox.refresh_from_db()
    return answer(request, sandbox, lesson)


def answer(request: HttpRequest, sandbox: Sandbox, lesson: Lesson | None, engine: str = "") -> HttpResponse:
    """`engine` is what was asked for; the sandbox that runs already may have another."""
    if getattr(request, "htmx", False):
        return render(request, "_sandbox.html", describe(sandbox, lesson, engine))
    if lesson is None:
        return redirect("playground")
    page = reverse("lesson", args=[lesson.slug])
    return redirect(f"{page}?engine={engine}" if engine in ENGINES and engine != sandbox.engine else page)


def show_refusal(request: HttpRequest, refused: services.Refused, lesson: Lesson | None, engine: str = "") -> HttpResponse:
    htmx = getattr(request, "htmx", False)
    context = {
        "code": refused.code,
        "sentence": refused.sentence,
        "lesson": lesson,
        **offer(engine),
        "instead": refused.numbers["sandbox"] if refused.code == "other_scenario" else "",
        "back": reverse("lesson", args=[lesson.slug]) if lesson else reverse("home"),
    }
    status = 503 if refused.code in BUSY else 409
    return render(request, "_refused.html" if htmx else "refused.html", context, status=status)


def offer(asked: str = "") -> dict[str, Any]:
    """The versions of Docker Engine that can be chosen now, and the one that is unless somebody does."""
    engines = services.engines_here()
    return {"engines": engines, "chosen_engine": asked if asked in engines else usual_engine(engines)}


def choose_engine(learner: Learner, asked: str) -> str:
    """Of the next sandbox: a class has one version for all of it; alone everybody chooses."""
    seat = seat_of(learner)
    return seat.klass.engine if seat else asked or usual_engine(services.engines_here())


def usual_engine(engines: tuple[str, ...]) -> str:
    return DEFAULT_ENGINE if DEFAULT_ENGINE in engines or not engines else engines[0]


def describe(sandbox: Sandbox | None, lesson: Lesson | None, asked_engine: str = "") -> dict[str, Any]:
    """What the sandbox side of a page needs to draw itself."""
    needs = services.summary_of(lesson.scenario) if lesson else ""
    if sandbox is None:
        return {"sandbox": None, "lesson": lesson, "needs": needs, **offer(asked_engine), **describe_lack(lesson)}
    live = sandbox.state in Sandbox.LIVE and sandbox.state != Sandbox.State.CLOSING
    other = live and asked_engine in ENGINES and asked_engine != sandbox.engine
    return {
        "sandbox": sandbox,
        "lesson": lesson,
        **describe_lack(lesson),
        "live": live,
        "needs": needs,
        "runs": services.summary_of(sandbox.scenario),
        "misfit": live and lesson is not None and sandbox.scenario != lesson.scenario,
        "other_engine": asked_engine if other else "",
        **offer(asked_engine or sandbox.engine),
        "expires_at": sandbox.expires_at.timestamp() if sandbox.expires_at else "",
        "created_at": sandbox.created_at.timestamp(),
        "extensions_left": max(0, extensions_most(sandbox) - sandbox.extensions),
        "minutes": life(sandbox) // timedelta(minutes=1),
    }
