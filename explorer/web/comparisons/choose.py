"""Chooses a comparison (here or by a link), starts it, shows it while its columns fill, and shows it again later.

The server draws the table from the columns' rows. The page fetches it again when the comparison's stream has news.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from explorer.classroom.people.access import current_learner, find_comparison
from explorer.classroom.people.asker import Asker, ensure_asker, read_asker
from explorer.lessons.choices import load_cases
from explorer.network.comparison import Column, Variant, all_variants, find_variant, ready_sets
from explorer.network.comparison.aligned import SIDES, aligned
from explorer.network.comparison.noise import overall_noise
from explorer.network.comparison.rows import WAYS
from explorer.network.comparison.spec import BadSpec, Spec, from_query, make_spec, to_query
from explorer.sandboxes import comparisons
from explorer.sandboxes.columns import describe, read_result
from explorer.sandboxes.limits import Refused
from explorer.sandboxes.models import Comparison
from explorer.sandboxes.nodes import Lack, Nodes, read_nodes
from explorer.web.comparisons.compared import describe as describe_columns
from explorer.web.comparisons.compared import read_sight
from explorer.web.edge.limits import at_most
from explorer.web.learn.sandbox import BUSY, offer


@dataclass(frozen=True)
class Card:
    """A variant that can be chosen, with the reason if it cannot be measured here."""

    variant: Variant
    lack: Lack | None


@require_safe
def show_choice(request: HttpRequest) -> HttpResponse:
    query = request.META.get("QUERY_STRING", "")
    asker, nodes = read_asker(request), read_nodes()
    try:
        return render_choice(request, asker, nodes, spec=from_query(query, nodes.engines) if query else None)
    except BadSpec as bad:
        return render_choice(request, asker, nodes, error=str(bad), status=400)


@require_POST
@at_most(60, 60)
def start(request: HttpRequest) -> HttpResponse:
    given, nodes = request.POST, read_nodes()
    try:
        if "query" in given:
            spec = from_query(given["query"], nodes.engines)
        else:
            throughput = "1" if given.get("throughput", "1") != "0" else "0"
            ready = given.get("set", "")  # its button stands beside the cards, which may have been ticked before
            spec = make_spec(
                [] if ready else given.getlist("columns"), ready, given.get("engine", ""), throughput, nodes.engines
            )
    except BadSpec as bad:
        return render_choice(request, read_asker(request), nodes, error=str(bad), status=400)
    asker = ensure_asker(request)
    try:
        comparison = comparisons.start_comparison(asker.learner, spec, nodes, given.get("instead", ""))
    except Refused as refused:
        running = refused.numbers.get("comparison", "")
        status = 503 if refused.code in BUSY else 409
        return render_choice(request, asker, nodes, spec, error=refused.sentence, running=running, status=status)
    address = reverse("comparison", args=[comparison.pk])
    return redirect(f"{address}?predict=1" if given.get("predict") == "1" else address)


@require_safe
def show_comparison(request: HttpRequest, comparison_id: str) -> HttpResponse:
    comparison = mine(request, comparison_id)
    comparisons.note_look(comparison.pk)
    return render(request, "comparison.html", describe_comparison(request, comparison))


@require_safe
def show_table(request: HttpRequest, comparison_id: str) -> HttpResponse:
    """The part of the page that is fetched again while the columns fill."""
    return render(request, "_comparison.html", describe_comparison(request, mine(request, comparison_id)))


@require_POST
@at_most(120, 60)
def end(request: HttpRequest, comparison_id: str) -> HttpResponse:
    comparison = mine(request, comparison_id)
    comparisons.end_comparison(comparison)
    return redirect("comparison", comparison.pk)


def mine(request: HttpRequest, comparison_id: str) -> Comparison:
    comparison = find_comparison(current_learner(request), comparison_id)
    if comparison is None:
        raise Http404
    return comparison


def read_columns(comparison: Comparison) -> list[Column]:
    return [read_result(row) for row in comparison.columns.all()]


def describe_comparison(request: HttpRequest, comparison: Comparison) -> dict[str, Any]:
    spec = comparisons.spec_of(comparison)
    rows = list(comparison.columns.select_related("sandbox"))
    columns = [read_result(row) for row in rows]
    sight = read_sight(request.GET, [column.variant.id for column in columns])
    context = describe_columns(columns, [describe(row) for row in rows], sight)
    shown = context["columns_shown"]
    return context | {
        "comparison": comparison,
        "running": comparison.state == Comparison.State.RUNNING,
        "spec": spec,
        "query": to_query(spec),
        "engines_seen": sorted({column.engine_words for column in columns if column.engine}),
        "noise": overall_noise(columns),
        "kernel": comparison.node.health.get("kernel", "") if comparison.node else "",
        "sides": [] if sight.predict else [aligned(shown, side) for side in SIDES],
        "cases": load_cases().values(),
        "ways": WAYS.items(),
    }


def render_choice(
    request: HttpRequest,
    asker: Asker,
    nodes: Nodes,
    spec: Spec | None = None,
    error: str = "",
    running: str = "",
    status: int = 200,
) -> HttpResponse:
    lacks = nodes.lacking()
    context = {
        "spec": spec,
        "query": to_query(spec) if spec else "",
        "error": error,
        "instead": running,
        "sets": [
            (ready, [find_variant(word).title for word in ready.variants]) for ready in ready_sets(nodes.engines).values()
        ],
        "cards": [Card(variant, lacks.get(variant.driver)) for variant in all_variants().values()],
        "cases": load_cases().values(),
        "earlier": [(one, comparisons.spec_of(one)) for one in comparisons.earlier_comparisons(asker.learner)],
        "back": reverse("home"),
        "my_seat": asker.seat,
        **offer(nodes, request.GET.get("engine", "")),
    }
    return render(request, "compare.html", context, status=status)
