"""The views of an instructor's actions: each takes a form and answers with a sentence. Also the previews of some actions.

`explorer.classroom.acts.table` says which actions there are and which fields each has.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from explorer.classroom.acts import preparing
from explorer.classroom.acts.act import Act, Done, Insist
from explorer.classroom.acts.table import ACTS
from explorer.classroom.after.answers import read_answers
from explorer.classroom.models import Class, Seat
from explorer.sandboxes.limits import Refused
from explorer.sandboxes.nodes import read_nodes
from explorer.web.edge.limits import at_most
from explorer.web.learn.sandbox import BUSY
from explorer.web.teach.forms import Form
from explorer.web.teach.teaching import teaching_class, teaching_seat


@dataclass(frozen=True)
class Answer:
    """The sentence for the page, the code of a refusal, and what to send to do it anyway."""

    done: Done
    refused: str = ""
    insist: Insist | None = None
    fields: dict[str, str] = field(default_factory=dict)


@require_POST
@at_most(600, 60)
@teaching_class
def do_for_class(request: HttpRequest, klass: Class, what: str) -> HttpResponse:
    return do(request, find_act(what, None), klass, None)


@require_POST
@at_most(600, 60)
@teaching_seat
def do_for_seat(request: HttpRequest, seat: Seat, what: str) -> HttpResponse:
    return do(request, find_act(what, seat), seat.klass, seat)


def find_act(name: str, seat: Seat | None) -> Act:
    act = ACTS.get(name)
    if act is None or not act.whom.covers(seat):
        raise Http404
    return act


def do(request: HttpRequest, act: Act, klass: Class, seat: Seat | None) -> HttpResponse:
    fields = {one.name: request.POST.get(one.name, "") for one in act.fields}
    if act.insist and act.insist.field in request.POST:
        fields[act.insist.field] = "1"
    mine = act.mine(request) if act.mine else None
    try:
        answer = Answer(act.perform(request.user, klass, seat, mine=mine, **fields))
    except Refused as refused:
        insist = act.insist if act.insist and act.insist.code == refused.code else None
        answer = Answer(Done(refused.sentence, new=False), refused.code, insist, fields)
    if answer.done.leads_to:
        return lead(request, answer.done.leads_to)
    return show(request, act, klass, seat, answer)


def lead(request: HttpRequest, page: str) -> HttpResponse:
    if not getattr(request, "htmx", False):
        return redirect(page)
    response = HttpResponse(status=204)
    response["HX-Redirect"] = reverse(page)
    return response


def show(request: HttpRequest, act: Act, klass: Class, seat: Seat | None, answer: Answer) -> HttpResponse:
    klass.refresh_from_db()
    context: dict[str, Any] = {"act": act, "klass": klass, "seat": seat, "answer": answer}
    status = 503 if answer.refused in BUSY else 409 if answer.refused else 200
    page = "teach/_done.html" if getattr(request, "htmx", False) else "teach/done.html"
    response = render(request, page, context, status=status)
    response["HX-Trigger"] = "class-acted"  # what the page shows of the class may be different now
    return response


@never_cache
@require_safe
@teaching_class
def show_prepared(request: HttpRequest, klass: Class) -> HttpResponse:
    """How far preparing is, and what preparing for a lesson would do."""
    form = Form(ACTS["prepare"], klass)
    context: dict[str, Any] = {"klass": klass, "form": form, "prepared": preparing.look_at_prepared(klass)}
    try:
        context["forecast"] = preparing.forecast(klass, request.GET.get("lesson", ""), read_nodes())
    except Refused as refused:
        context["refused"] = refused.sentence
    return render(request, "teach/_prepared.html", context)


@never_cache
@require_safe
@teaching_class
def show_answers(request: HttpRequest, klass: Class) -> HttpResponse:
    """The class's answers to one prediction, for the instructor, before the class is shown them."""
    found = read_answers(klass, request.GET.get("prediction", "")[:130])
    return render(request, "teach/_answers.html", {"klass": klass, "answers": found})
