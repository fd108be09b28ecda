"""The sandbox on a page: opens, extends, resets and closes it, and shows its state."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from explorer.classroom.people.access import find_sandbox, find_watched, lesson_for
from explorer.classroom.people.asker import Asker, ensure_asker, read_asker
from explorer.lessons.model import Lesson
from explorer.network.engines import is_docker, is_engine, usual
from explorer.sandboxes import library, life, opening
from explorer.sandboxes.changes import extensions_most, lifetime
from explorer.sandboxes.limits import Refused
from explorer.sandboxes.models import Sandbox
from explorer.sandboxes.nodes import Nodes, read_nodes
from explorer.sandboxes.opening import Wish, summary_of
from explorer.web.edge.embedded import pace_embeds
from explorer.web.edge.limits import at_most
from explorer.web.learn.held import unless_held
from explorer.web.learn.recorded import describe_lack

BUSY = {"full", "no_node", "no_engine"}  # refusals that are our fault get status 503, all others 409


@require_POST
@at_most(300, 60)  # the largest class, behind one address, and some of it twice
@pace_embeds
@unless_held
def open_sandbox(request: HttpRequest) -> HttpResponse:
    lesson = lesson_for(request.user, request.POST.get("lesson", ""))
    if lesson is None:
        raise Http404
    asker, nodes = ensure_asker(request), read_nodes()
    asker.check_pause()
    asker.check_step(lesson, lesson.steps[0].id)
    engine = choose_engine(asker, nodes, request.POST.get("engine", ""))
    wish = Wish(
        scenario=lesson.scenario,
        lesson=lesson.slug,
        engine=engine,
        terms=asker.terms,
        instead=request.POST.get("instead", ""),
    )
    try:
        sandbox = opening.open_sandbox(asker.learner, wish, nodes)
    except Refused as refused:
        return show_refusal(request, refused, lesson, asker, nodes, engine)
    return answer(request, sandbox, lesson, asker, nodes, engine)


@require_POST
@at_most(240, 60)
@unless_held
def extend_sandbox(request: HttpRequest, sandbox_id: str) -> HttpResponse:
    return act(request, sandbox_id, life.extend_sandbox)


@require_POST
@at_most(240, 60)
@unless_held
def reset_sandbox(request: HttpRequest, sandbox_id: str) -> HttpResponse:
    return act(request, sandbox_id, life.reset_sandbox)


@require_POST
@at_most(240, 60)
@unless_held
def close_sandbox(request: HttpRequest, sandbox_id: str) -> HttpResponse:
    return act(request, sandbox_id, life.close_sandbox)


@require_safe
def show_sandbox(request: HttpRequest, sandbox_id: str) -> HttpResponse:
    asker = read_asker(request)
    sandbox = mine(asker, sandbox_id)
    lesson = library.find(sandbox.lesson)
    if not getattr(request, "htmx", False):
        return redirect("lesson", lesson.slug) if lesson else redirect("playground")
    return render(request, "_sandbox.html", describe(sandbox, lesson, read_nodes()) | {"my_seat": asker.seat})


def mine(asker: Asker, sandbox_id: str) -> Sandbox:
    sandbox = find_sandbox(asker.learner, sandbox_id)
    if sandbox is None:
        raise Http404
    return sandbox


def seen(request: HttpRequest, sandbox_id: str) -> Sandbox:
    """A sandbox that the asker may look at: the learner's own, or one that this user may watch. Raises 404."""
    asker = read_asker(request)
    sandbox = find_sandbox(asker.learner, sandbox_id) or find_watched(asker.user, sandbox_id)
    if sandbox is None:
        raise Http404
    return sandbox


def act(request: HttpRequest, sandbox_id: str, do: Callable[[Sandbox], object]) -> HttpResponse:
    """Calls `do` with the learner's own sandbox and draws the result. `do` must leave the object as its row is then."""
    asker = read_asker(request)
    sandbox = mine(asker, sandbox_id)
    asker.check_pause()
    lesson, nodes = library.find(sandbox.lesson), read_nodes()
    try:
        do(sandbox)
    except Refused as refused:
        return show_refusal(request, refused, lesson, asker, nodes)
    return answer(request, sandbox, lesson, asker, nodes)


def answer(
    request: HttpRequest, sandbox: Sandbox, lesson: Lesson | None, asker: Asker, nodes: Nodes, engine: str = ""
) -> HttpResponse:
    """Draws the sandbox. `engine` is the version that was asked for; the running sandbox may have another."""
    if getattr(request, "htmx", False):
        return render(request, "_sandbox.html", describe(sandbox, lesson, nodes, engine) | {"my_seat": asker.seat})
    if lesson is None:
        return redirect("playground")
    page = reverse("lesson", args=[lesson.slug])
    return redirect(f"{page}?engine={engine}" if is_engine(engine) and engine != sandbox.engine else page)


def show_refusal(
    request: HttpRequest, refused: Refused, lesson: Lesson | None, asker: Asker, nodes: Nodes, engine: str = ""
) -> HttpResponse:
    htmx = getattr(request, "htmx", False)
    context = {
        "code": refused.code,
        "sentence": refused.sentence,
        "lesson": lesson,
        "my_seat": asker.seat,
        **offer(nodes, engine, lesson is not None),
        "instead": refused.numbers["sandbox"] if refused.code == "other_scenario" else "",
        "back": reverse("lesson", args=[lesson.slug]) if lesson else reverse("home"),
    }
    status = 503 if refused.code in BUSY else 409
    return render(request, "_refused.html" if htmx else "refused.html", context, status=status)


def offer(nodes: Nodes, asked: str = "", lessons: bool = False) -> dict[str, Any]:
    """What hosts can have now, and what is preselected. Lessons are about Docker Engine alone."""
    engines = tuple(one for one in nodes.engines if not lessons or is_docker(one))
    return {"engines": engines, "chosen_engine": asked if asked in engines else usual(engines)}


def choose_engine(asker: Asker, nodes: Nodes, asked: str) -> str:
    """The version for the next sandbox: the class's if it has one, else the one that was asked for, else the usual one."""
    return asker.terms.engine or asked or usual(nodes.engines)


def describe(sandbox: Sandbox | None, lesson: Lesson | None, nodes: Nodes, asked_engine: str = "") -> dict[str, Any]:
    """What the sandbox's part of a page needs."""
    needs = summary_of(lesson.scenario) if lesson else ""
    lack = describe_lack(lesson, nodes)
    if sandbox is None:
        return {"sandbox": None, "lesson": lesson, "needs": needs, **offer(nodes, asked_engine, lesson is not None), **lack}
    live = sandbox.state in Sandbox.USABLE
    other = live and asked_engine in nodes.engines and asked_engine != sandbox.engine
    return {
        "sandbox": sandbox,
        "lesson": lesson,
        **lack,
        "live": live,
        "needs": needs,
        "runs": f"{summary_of(sandbox.scenario)}{opening.with_podman(sandbox)}",
        "misfit": live and lesson is not None and (sandbox.scenario != lesson.scenario or not is_docker(sandbox.engine)),
        "other_engine": asked_engine if other else "",
        **offer(nodes, asked_engine or sandbox.engine, lesson is not None),
        "weather": nodes.weather(sandbox.node_id),
        "expires_at": sandbox.expires_at.timestamp() if sandbox.expires_at else "",
        "created_at": sandbox.created_at.timestamp(),
        "extensions_left": max(0, extensions_most(sandbox) - sandbox.extensions),
        "minutes": lifetime(sandbox) // timedelta(minutes=1),
    }
