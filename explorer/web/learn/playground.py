"""The playground: a free sandbox with a layout that is chosen here or comes in a link, and the link that saves a layout."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from explorer.classroom.people.asker import Asker, ensure_asker, read_asker
from explorer.network.layout import BadLayout, Layout, from_query, from_snapshot, scenario_of, to_query
from explorer.network.scenario import ROUTER
from explorer.sandboxes.last_snapshot import read_snapshot
from explorer.sandboxes.life import current_sandbox
from explorer.sandboxes.limits import Refused
from explorer.sandboxes.models import Sandbox
from explorer.sandboxes.nodes import Nodes, read_nodes
from explorer.sandboxes.opening import Wish, open_sandbox
from explorer.web.edge.limits import at_most
from explorer.web.learn.held import unless_held
from explorer.web.learn.sandbox import BUSY, choose_engine, describe, offer


@require_safe
def show_playground(request: HttpRequest) -> HttpResponse:
    query = request.META.get("QUERY_STRING", "")
    asker, nodes = read_asker(request), read_nodes()
    sandbox = current_sandbox(asker.learner)
    if sandbox and not sandbox.lesson and not query:
        more = {"layout": layout_of(sandbox), "replay": sandbox.replay, "my_seat": asker.seat}
        return render(request, "playground.html", describe(sandbox, None, nodes) | more)
    try:
        layout = from_query(query)
    except BadLayout as bad:
        return show_choice(request, asker, nodes, Layout(), sandbox, error=str(bad), status=400)
    return show_choice(request, asker, nodes, layout, sandbox)


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
        return show_choice(request, read_asker(request), read_nodes(), Layout(), None, error=str(bad), status=400)
    asker, nodes = ensure_asker(request), read_nodes()
    asker.check_pause()
    engine = choose_engine(asker, nodes, given.get("engine", ""))
    wish = Wish.of_layout(layout, engine=engine, terms=asker.terms, instead=given.get("instead", ""))
    try:
        open_sandbox(asker.learner, wish, nodes)
    except Refused as refused:
        status = 503 if refused.code in BUSY else 409
        running = current_sandbox(asker.learner)
        return show_choice(request, asker, nodes, layout, running, error=refused.sentence, status=status)
    return redirect("playground")


@require_safe
def show_link(request: HttpRequest) -> HttpResponse:
    """The link to the present layout of the running sandbox, and what the link cannot carry."""
    sandbox = current_sandbox(read_asker(request).learner)
    snapshot = read_snapshot(sandbox)
    if sandbox is None or snapshot is None:
        return render(request, "_link.html", {"link": ""})
    layout, lost = from_snapshot(layout_of(sandbox), snapshot, str(sandbox.facts.get("subnet", "")))
    query = f"{to_query(layout)}&engine={sandbox.engine}"
    link = request.build_absolute_uri(f"{reverse('playground')}?{query}")
    return render(request, "_link.html", {"link": link, "lost": lost[:20], "more": max(0, len(lost) - 20)})


def show_choice(
    request: HttpRequest,
    asker: Asker,
    nodes: Nodes,
    layout: Layout,
    sandbox: Sandbox | None,
    error: str = "",
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = {
        "layout": layout,
        "query": to_query(layout) if layout.networks or layout.containers else "",
        "words": layout.in_words(),
        "running": sandbox,
        "error": error,
        "my_seat": asker.seat,
        **offer(nodes, request.GET.get("engine", "")),
    }
    return render(request, "playground_choice.html", context, status=status)


def layout_of(sandbox: Sandbox) -> Layout:
    """The layout with which the sandbox began. It is read from the row, because the facts come only when the
    sandbox is ready.
    """
    if sandbox.layout:
        return Layout.model_validate(sandbox.layout)
    plain = scenario_of(sandbox.scenario, {})
    return Layout(
        hosts=len(plain.hosts),
        outside="outside" in plain.machines,
        router=ROUTER in plain.machines,
        swarm=bool(plain.swarm),
    )
