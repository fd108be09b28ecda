"""The playground: a free sandbox whose layout is chosen here or comes in a link, and the link that keeps one."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from explorer.classroom.acts.preparing import terms_of
from explorer.classroom.acts.rules import check_pause
from explorer.classroom.people.access import current_learner, ensure_learner
from explorer.network.layout import BadLayout, Layout, from_query, from_snapshot, scenario_of, to_query
from explorer.network.scenario import ROUTER
from explorer.sandboxes import services
from explorer.sandboxes.models import Sandbox
from explorer.sandboxes.seen import read_snapshot
from explorer.web.edge.limits import at_most
from explorer.web.learn.held import unless_held
from explorer.web.learn.sandbox import BUSY, choose_engine, describe, offer


@require_safe
def show_playground(request: HttpRequest) -> HttpResponse:
    query = request.META.get("QUERY_STRING", "")
    sandbox = services.current_sandbox(current_learner(request))
    if sandbox and not sandbox.lesson and not query:
        more = {"layout": layout_of(sandbox), "replay": sandbox.replay}
        return render(request, "playground.html", describe(sandbox, None) | more)
    try:
        layout = from_query(query)
    except BadLayout as bad:
        return show_choice(request, Layout(), sandbox, error=str(bad), status=400)
    return show_choice(request, layout, sandbox)


@require_POST
@at_most(120, 60)
@unless_held
def open_playground(request: HttpRequest) -> HttpResponse:
    given = request.POST
    try:
        if "layout" in given:
            layout = from_query(given["layout"])
        else:
            machines = ",".join(given.getlist("machines"))
            layout = from_query(
                urlencode({"hosts": given.get("hosts", "1"), "machines": machines, "swarm": given.get("swarm", "0")})
            )
    except BadLayout as bad:
        return show_choice(request, Layout(), None, error=str(bad), status=400)
    learner = ensure_learner(request)
    check_pause(learner)
    engine = choose_engine(learner, given.get("engine", ""))
    try:
        services.open_layout(learner, layout, engine, given.get("instead", ""), terms_of(learner))
    except services.Refused as refused:
        status = 503 if refused.code in BUSY else 409
        running = services.current_sandbox(learner)
        return show_choice(request, layout, running, error=refused.sentence, status=status)
    return redirect("playground")


@require_safe
def show_link(request: HttpRequest) -> HttpResponse:
    """The link that begins where the running sandbox stands, and what it cannot carry over."""
    sandbox = services.current_sandbox(current_learner(request))
    snapshot = read_snapshot(sandbox)
    if sandbox is None or snapshot is None:
        return render(request, "_link.html", {"link": ""})
    layout, lost = from_snapshot(layout_of(sandbox), snapshot, str(sandbox.facts.get("subnet", "")))
    query = f"{to_query(layout)}&engine={sandbox.engine}"
    link = request.build_absolute_uri(f"{reverse('playground')}?{query}")
    return render(request, "_link.html", {"link": link, "lost": lost[:20], "more": max(0, len(lost) - 20)})


def show_choice(
    request: HttpRequest, layout: Layout, sandbox: Sandbox | None, error: str = "", status: int = 200
) -> HttpResponse:
    context: dict[str, Any] = {
        "layout": layout,
        "query": to_query(layout) if layout.networks or layout.containers else "",
        "words": layout.in_words(),
        "running": sandbox,
        "error": error,
        **offer(request.GET.get("engine", "")),
    }
    return render(request, "playground_choice.html", context, status=status)


def layout_of(sandbox: Sandbox) -> Layout:
    """What it began with: said by its row, since its facts come only when it is ready."""
    if sandbox.layout:
        return Layout.model_validate(sandbox.layout)
    plain = scenario_of(sandbox.scenario, {})
    return Layout(
        hosts=len(plain.hosts),
        outside="outside" in plain.machines,
        router=ROUTER in plain.machines,
        swarm=bool(plain.swarm),
    )
