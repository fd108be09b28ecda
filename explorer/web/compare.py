"""Comparisons: chosen here or in a link, started, watched while their columns fill, read again later.

The table is drawn here from what the columns' rows say; the page fetches it anew when the comparison's stream tells of news.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from explorer.classroom.access import current_learner, ensure_learner, find_comparison
from explorer.network.comparison import ROWS, SETS, VARIANTS, Cell, Column, Row
from explorer.network.comparison.noise import overall_noise
from explorer.network.comparison.rows import GROUPS
from explorer.network.comparison.spec import BadSpec, Spec, from_query, make_spec, to_query
from explorer.sandboxes import comparisons, drivers, services
from explorer.sandboxes.columns import describe, read_result
from explorer.sandboxes.events import ColumnMoved
from explorer.sandboxes.models import Comparison
from explorer.web.limits import at_most
from explorer.web.sandbox import BUSY, offer

SIGNS = {"yes": "✓", "no": "✗", "partly": "◐", "same": "=", "lacks": "∅", "failed": "!", "unknown": "?"}
STATES = {"waiting": "waiting", "running": "measuring", "done": "complete", "failed": "failed", "lacks": "not possible here"}


@dataclass(frozen=True)
class Head:
    """The head of one column: how far it is."""

    column: Column
    told: ColumnMoved

    @property
    def word(self) -> str:
        return STATES[self.column.state]


@dataclass(frozen=True)
class Shown:
    """One answer. Nothing is there yet while `cell` is None; `over`: and nothing will be."""

    key: str
    cell: Cell | None
    over: bool

    @property
    def sign(self) -> str:
        return SIGNS.get(self.cell.mark, "") if self.cell else ""


@require_safe
def show_choice(request: HttpRequest) -> HttpResponse:
    query = request.META.get("QUERY_STRING", "")
    if not query:
        return render_choice(request)
    try:
        return render_choice(request, spec=from_query(query))
    except BadSpec as bad:
        return render_choice(request, error=str(bad), status=400)


@require_POST
@at_most(60, 60)
def start(request: HttpRequest) -> HttpResponse:
    given = request.POST
    try:
        if "query" in given:
            spec = from_query(given["query"])
        else:
            throughput = "1" if given.get("throughput", "1") != "0" else "0"
            spec = make_spec(given.getlist("columns"), given.get("set", ""), given.get("engine", ""), throughput)
    except BadSpec as bad:
        return render_choice(request, error=str(bad), status=400)
    learner = ensure_learner(request)
    try:
        comparison = comparisons.start_comparison(learner, spec, given.get("instead", ""))
    except services.Refused as refused:
        running = refused.numbers.get("comparison", "")
        status = 503 if refused.code in BUSY else 409
        return render_choice(request, spec=spec, error=refused.sentence, running=running, status=status)
    return redirect("comparison", comparison.pk)


@require_safe
def show_comparison(request: HttpRequest, comparison_id: str) -> HttpResponse:
    comparison = mine(request, comparison_id)
    comparisons.note_look(comparison.pk)
    return render(request, "comparison.html", describe_comparison(comparison))


@require_safe
def show_table(request: HttpRequest, comparison_id: str) -> HttpResponse:
    """The part of the page that fills."""
    return render(request, "_comparison.html", describe_comparison(mine(request, comparison_id)))


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


def describe_comparison(comparison: Comparison) -> dict[str, Any]:
    spec = comparisons.spec_of(comparison)
    rows = list(comparison.columns.select_related("sandbox"))
    columns = [read_result(row) for row in rows]
    return {
        "comparison": comparison,
        "running": comparison.state == Comparison.State.RUNNING,
        "spec": spec,
        "query": to_query(spec),
        "heads": [Head(column, describe(row)) for row, column in zip(rows, columns, strict=True)],
        "groups": [(title, [row_of(row, columns) for row in ROWS if row.group == group]) for group, title in GROUPS.items()],
        "noise": overall_noise(columns),
    }


def row_of(row: Row, columns: list[Column]) -> tuple[Row, list[Shown]]:
    return row, [Shown(f"{row.key}:{column.variant.id}", column.cell(row.key), column.over) for column in columns]


def render_choice(
    request: HttpRequest, spec: Spec | None = None, error: str = "", running: str = "", status: int = 200
) -> HttpResponse:
    learner = current_learner(request)
    lacks = drivers.lacking()
    context = {
        "spec": spec,
        "query": to_query(spec) if spec else "",
        "error": error,
        "instead": running,
        "sets": [(ready, [VARIANTS[word.partition("@")[0]].title for word in ready.variants]) for ready in SETS.values()],
        "variants": [(variant, lacks.get(variant.driver)) for variant in VARIANTS.values()],
        "earlier": [(one, comparisons.spec_of(one)) for one in comparisons.earlier_comparisons(learner)],
        "back": reverse("home"),
        **offer(request.GET.get("engine", "")),
    }
    return render(request, "compare.html", context, status=status)
