"""Parts of a comparison's page that are fetched one by one, and the files as which it can be saved."""

from __future__ import annotations

import re
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from explorer.classroom.people.access import current_learner, find_comparison
from explorer.lessons.choices import Case, load_cases, weigh
from explorer.network.comparison import ROWS, ROWS_BY_KEY, Column, Comparison
from explorer.network.comparison.export import to_markdown
from explorer.network.comparison.rows import WAYS
from explorer.network.comparison.why import NOTHING, why
from explorer.network.model import Snapshot, View
from explorer.sandboxes import comparisons
from explorer.sandboxes.columns import read_result
from explorer.sandboxes.models import Comparison as Row
from explorer.web.comparisons.choose import mine, read_columns
from explorer.web.learn.recorded import explained

DRAWN: tuple[View, ...] = ("interfaces", "routes")  # what a map is drawn from, and what its cards tell


@require_safe
def show_evidence(request: HttpRequest, comparison_id: str, column: str, row: str) -> HttpResponse:
    """What an answer rests on: laid over the table, or a page of its own when there is no script."""
    comparison = mine(request, comparison_id)
    found = find_column(comparison, column)
    cell = found.cell(row) if row in ROWS_BY_KEY else None
    if cell is None:
        raise Http404
    context = {"comparison": comparison, "column": found, "cell": cell, "row": ROWS_BY_KEY[row]}
    return render(request, "_evidence.html" if "HX-Request" in request.headers else "evidence.html", context)


@require_safe
def show_picture(request: HttpRequest, comparison_id: str, column: str) -> HttpResponse:
    """The data for a column's map and for the journeys that are played on it."""
    found = find_column(mine(request, comparison_id), column)
    if found.snapshot is None:
        raise Http404
    journeys = {way: journey.model_dump(mode="json") for way, journey in found.journeys.items()}
    untold = {way: why_untold(found, way) for way in WAYS if way not in journeys}
    return JsonResponse({"snapshot": explained(drawn(found.snapshot)), "journeys": journeys, "untold": untold})


def why_untold(column: Column, way: str) -> str:
    asked = column.cell("by-address")
    if way == "between" and asked and asked.mark == "no" and asked.word == "no address":
        return "Nobody could be asked: server has no address."
    return "It could not be followed: the machine was too busy." if column.over else "Not followed yet."


def find_column(comparison: Row, key: str) -> Column:
    row = comparison.columns.filter(key=key[:64]).first()
    if row is None:
        raise Http404
    return read_result(row)


def drawn(snapshot: Snapshot) -> Snapshot:
    places = {
        name: place.model_copy(update={"views": {view: place.views[view] for view in DRAWN if view in place.views}})
        for name, place in snapshot.places.items()
    }
    return snapshot.model_copy(update={"places": places})


@require_safe
def show_case(request: HttpRequest, case_id: str) -> HttpResponse:
    """“Which one would you choose?”: first the learner answers, then come the reasons beside this comparison's measurements."""
    case = load_cases().get(case_id)
    if case is None:
        raise Http404
    comparison = find_comparison(current_learner(request), request.GET.get("comparison", ""))
    columns = read_columns(comparison) if comparison else []
    chosen = request.GET.get("choice", "")
    context = {"comparison": comparison, **describe_case(case, columns, chosen)}
    return render(request, "_case.html" if "HX-Request" in request.headers else "case.html", context)


def describe_case(case: Case, columns: list[Column], chosen: str = "") -> dict[str, Any]:
    known = chosen if any(choice.variant == chosen for choice in case.choices) else ""
    return {"case": case, "chosen": known, "weighed": weigh(case, columns) if known else []}


@require_safe
def download_json(request: HttpRequest, comparison_id: str) -> HttpResponse:
    made = comparisons.read_comparison(mine(request, comparison_id))
    return as_file(made.model_dump_json(indent=1), "application/json", made, "json")


@require_safe
def download_markdown(request: HttpRequest, comparison_id: str) -> HttpResponse:
    made = comparisons.read_comparison(mine(request, comparison_id))
    columns = list(made.columns)
    sentences = {row.key: told for row in ROWS if (told := why(row.key, columns)) != NOTHING}
    return as_file(to_markdown(made, sentences), "text/markdown; charset=utf-8", made, "md")


def as_file(text: str, kind: str, made: Comparison, ending: str) -> HttpResponse:
    response = HttpResponse(text, content_type=kind)
    columns = re.sub(r"[^a-z0-9]+", "-", " ".join(column.variant.id for column in made.columns))
    response["Content-Disposition"] = f'attachment; filename="compare-{columns}-{made.id}.{ending}"'
    response["Cache-Control"] = "no-store"
    return response
