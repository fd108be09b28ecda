"""The results of a class: the instructor's page and files, a learner's summary to print, and forgetting the class."""

from __future__ import annotations

import re
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from explorer.classroom.after import forgetting, results
from explorer.classroom.classes import lessons_of
from explorer.classroom.models import Class, Seat
from explorer.classroom.people.access import find_own_seat, requested_learner
from explorer.classroom.people.audit import counted
from explorer.web.teach.teaching import teaching_class, teaching_seat

UNLIKE = "Nothing was deleted: what you typed is not the title of the class."


@require_safe
@teaching_class
def show_results(request: HttpRequest, klass: Class) -> HttpResponse:
    return render(request, "teach/results.html", describe(klass))


@require_safe
@teaching_class
def download_csv(request: HttpRequest, klass: Class) -> HttpResponse:
    lines = "".join(results.write_csv(results.read_results(klass)))
    headers = {"Content-Disposition": f'attachment; filename="{file_name(klass)}.csv"', "Cache-Control": "no-store"}
    return HttpResponse(lines, content_type="text/csv; charset=utf-8", headers=headers)


@require_safe
@teaching_class
def download_json(request: HttpRequest, klass: Class) -> HttpResponse:
    told = results.as_json(klass, results.read_results(klass))
    headers = {"Content-Disposition": f'attachment; filename="{file_name(klass)}.json"', "Cache-Control": "no-store"}
    return JsonResponse(told, json_dumps_params={"indent": 2, "ensure_ascii": False}, headers=headers)


@require_safe
@teaching_seat
def show_seat_summary(request: HttpRequest, seat: Seat) -> HttpResponse:
    return render(request, "class/summary.html", describe_seat(seat))


@require_safe
def show_own_summary(request: HttpRequest) -> HttpResponse:
    seat = find_own_seat(requested_learner(request))
    if seat is None:
        raise Http404
    return render(request, "class/summary.html", describe_seat(seat))


@require_POST
@teaching_class
def forget(request: HttpRequest, klass: Class) -> HttpResponse:
    if request.POST.get("title", "").strip() != klass.title.strip():
        return render(request, "teach/results.html", {**describe(klass), "unlike": UNLIKE}, status=400)
    forgetting.forget_class(request.user, klass)
    return redirect("results", klass.pk)


def describe(klass: Class) -> dict[str, Any]:
    if klass.forgotten_at:
        return {"klass": klass, "counts": counted(klass)}
    learners = results.read_results(klass)
    return {
        "klass": klass,
        "learners": learners,
        "lessons": lessons_of(klass),
        "beliefs": results.read_beliefs(learners),
        "finished": sum(bool(one.finished) for one in learners),
    }


def describe_seat(seat: Seat) -> dict[str, Any]:
    result = results.read_result(seat)
    worked = [one for one in result.lessons if one.begun]
    return {"seat": seat, "of": seat.klass, "result": result, "worked": worked}


def file_name(klass: Class) -> str:
    """A file name of letters, digits and hyphens, whatever the class is called."""
    return "results-" + (re.sub(r"[^A-Za-z0-9]+", "-", klass.title).strip("-").lower()[:60] or klass.pk)
