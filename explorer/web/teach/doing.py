"""What an instructor does for all or for one, as forms that answer with a sentence; and the looks that go before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from explorer.classroom.acts import doing, preparing, states
from explorer.classroom.acts.doing import Done
from explorer.classroom.after.answers import read_answers
from explorer.classroom.models import Class, Seat
from explorer.classroom.people.access import current_learner, ensure_learner
from explorer.sandboxes.services import Refused, current_sandbox
from explorer.web.edge.limits import at_most
from explorer.web.learn.sandbox import BUSY
from explorer.web.teach.teaching import teaching_class, teaching_seat


@dataclass(frozen=True)
class Act:
    """A service and the names of the form's fields that it is given, the same names as its own."""

    do: Callable[..., Done]
    fields: tuple[str, ...] = ()
    one: bool = True  # also for one seat
    all: bool = True


ACTS = {
    "say": Act(doing.say_word, ("text",)),
    "command": Act(doing.offer_command, ("place", "command", "text")),
    "step": Act(doing.go_to_step, ("step", "take")),
    "lock": Act(doing.lock_ahead, ("step",), one=False),
    "unlock": Act(doing.unlock, one=False),
    "reveal": Act(doing.reveal, ("prediction",), one=False),
    "hide": Act(doing.hide, ("prediction",), one=False),
    "pause": Act(doing.pause_class, one=False),
    "resume": Act(doing.resume_class, one=False),
    "extend": Act(doing.extend),
    "reset": Act(doing.reset),
    "stop": Act(doing.stop),
    "hand-out": Act(states.hand_out, ("state",)),
    "prepare": Act(preparing.prepare_sandboxes, ("lesson", "anyway"), one=False),
    "unprepare": Act(preparing.cancel_preparing, one=False),
}


@dataclass(frozen=True)
class Answer:
    """What the page says: the sentence, whether it is a refusal, and what may be asked next."""

    done: Done
    refused: str = ""
    again: dict[str, str] = field(default_factory=dict)


@require_POST
@at_most(600, 60)
@teaching_class
def do_for_class(request: HttpRequest, klass: Class, what: str) -> HttpResponse:
    act = ACTS.get(what)
    if what == "keep":
        mine = current_sandbox(current_learner(request))
        return tell(request, klass, None, lambda: states.keep_state(request.user, klass, mine, title=told(request, "title")))
    if act is None or not act.all:
        raise Http404
    fields = {name: told(request, name) for name in act.fields}
    return tell(request, klass, None, lambda: act.do(request.user, klass, **fields), what)


@require_POST
@at_most(600, 60)
@teaching_seat
def do_for_seat(request: HttpRequest, seat: Seat, what: str) -> HttpResponse:
    act = ACTS.get(what)
    if what == "clone":
        return clone(request, seat)
    if what == "keep":
        return tell(request, seat.klass, seat, lambda: keep(request, seat))
    if act is None or not act.one:
        raise Http404
    fields = {name: told(request, name) for name in act.fields}
    return tell(request, seat.klass, seat, lambda: act.do(request.user, seat.klass, seat, **fields), what)


def keep(request: HttpRequest, seat: Seat) -> Done:
    sandbox = current_sandbox(seat.learner)
    return states.keep_state(request.user, seat.klass, sandbox, title=told(request, "title"), seat=seat)


def clone(request: HttpRequest, seat: Seat) -> HttpResponse:
    """The copy is the instructor's own sandbox, so its page is the playground."""
    try:
        states.clone_state(request.user, seat, ensure_learner(request))
    except Refused as refused:
        return show(request, seat.klass, seat, Answer(Done(refused.sentence, new=False), refused.code))
    if not getattr(request, "htmx", False):
        return redirect("playground")
    response = HttpResponse(status=204)
    response["HX-Redirect"] = reverse("playground")
    return response


def told(request: HttpRequest, name: str) -> str:
    return request.POST.get(name, "")[:2000]


def tell(request: HttpRequest, klass: Class, seat: Seat | None, do: Callable[[], Done], what: str = "") -> HttpResponse:
    try:
        answer = Answer(do())
    except Refused as refused:
        again = {"lesson": told(request, "lesson"), "anyway": "1"} if refused.code == "short" else {}
        answer = Answer(Done(refused.sentence, new=False), refused.code, again)
    return show(request, klass, seat, answer)


def show(request: HttpRequest, klass: Class, seat: Seat | None, answer: Answer) -> HttpResponse:
    klass.refresh_from_db()
    context: dict[str, Any] = {"klass": klass, "seat": seat, "answer": answer}
    status = 503 if answer.refused in BUSY else 409 if answer.refused else 200
    page = "teach/_done.html" if getattr(request, "htmx", False) else "teach/done.html"
    response = render(request, page, context, status=status)
    response["HX-Trigger"] = "class-acted"  # what the page shows of the class may be different now
    return response


@never_cache
@require_safe
@teaching_class
def show_prepared(request: HttpRequest, klass: Class) -> HttpResponse:
    """How far it is, and what preparing for a lesson would do."""
    context: dict[str, Any] = {"klass": klass, "prepared": preparing.look_at_prepared(klass)}
    try:
        context["forecast"] = preparing.forecast(klass, request.GET.get("lesson", ""))
    except Refused as refused:
        context["refused"] = refused.sentence
    return render(request, "teach/_prepared.html", context)


@never_cache
@require_safe
@teaching_class
def show_answers(request: HttpRequest, klass: Class) -> HttpResponse:
    """The class's answers to one prediction, for the instructor alone, before anybody else is shown them."""
    found = read_answers(klass, request.GET.get("prediction", "")[:130])
    return render(request, "teach/_answers.html", {"klass": klass, "answers": found})
