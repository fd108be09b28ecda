"""Joins a class by a typed code, or by the class's own link. The link is signed, so the limit on wrong codes does not apply to
it."""

from __future__ import annotations

import math
import secrets

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from explorer.classroom.models import Class, Seat
from explorer.classroom.people.access import sit_down
from explorer.classroom.people.asker import read_asker
from explorer.classroom.people.throttle import address
from explorer.classroom.seat import guessing, joining
from explorer.classroom.seat.joining import CannotJoin
from explorer.classroom.seat.names import BadName
from explorer.web.edge.limits import at_most

STATUS = {"over": 410, "full": 409, "removed": 403, "locked": 429, "wrong": 404}  # a name that cannot be is 400
GUESSER = "guesser"  # in the session: by what a browser's wrong codes are counted
WAY_BACK = "way_back"  # in the session until it is shown


@require_http_methods(["GET", "HEAD", "POST"])
@at_most(600, 60)
def join(request: HttpRequest, code: str = "", signature: str = "") -> HttpResponse:
    typed = code or request.POST.get("code", "")
    sitting = read_asker(request).seat
    klass = None
    try:
        klass = find_class(request, typed, signature) if typed or request.method == "POST" else None
        if klass and request.method == "POST":
            return sit(request, klass, sitting)
    except CannotJoin as refused:
        return show_join(request, klass, typed, sitting, refused.sentence, STATUS[refused.code])
    except BadName as bad:
        return show_join(request, klass, typed, sitting, str(bad), 400)
    return show_join(request, klass, typed, sitting)


def sit(request: HttpRequest, klass: Class, sitting: Seat | None) -> HttpResponse:
    taken = joining.take_seat(klass, sitting, request.POST.get("name", ""), request.POST.get("ticket", ""))
    if taken.token:
        request.session[WAY_BACK] = taken.token
    if taken.asked_name:
        messages.info(request, f"Somebody here is called {taken.asked_name} already, so you are {taken.seat.name}.")
    if sitting and sitting.klass_id != klass.pk and sitting.removed_at is None and sitting.klass.open:
        messages.info(request, f"You left “{sitting.klass.title}”. The way back is the link you were given there.")
    sit_down(request, taken.seat)
    return redirect("class")


def show_join(
    request: HttpRequest, klass: Class | None, typed: str, sitting: Seat | None, error: str = "", status: int = 200
) -> HttpResponse:
    context = {
        "klass": klass,
        "typed": typed[:64],
        "name": request.POST.get("name", "")[:200],
        "sitting": sitting if sitting and sitting.removed_at is None and sitting.klass.open else None,
        "ticket": joining.new_ticket(),
        "error": error,
    }
    return render(request, "class/join.html", context, status=status)


def find_class(request: HttpRequest, typed: str, signature: str) -> Class:
    """The class for a typed code or for the class's own link. Raises `CannotJoin`. A typed code is not looked up while this
    browser or address has to wait.
    """
    code = joining.read_code(typed)
    if not (code and signature and joining.is_signed(code, signature)):
        check_guessing(request)
    klass = joining.find_class_by_code(code)
    if klass is None:
        raise wrong_code(request, typed, possible=bool(code))
    joining.check_open(klass)
    return klass


def check_guessing(request: HttpRequest) -> None:
    wait = guessing.wait_for(request.session.get(GUESSER, ""), address(request))
    if wait:
        how_long = f"{math.ceil(wait / 60)} minutes" if wait > 90 else f"{wait} seconds"
        raise CannotJoin(
            "locked",
            f"There were many wrong codes from here. Codes can be typed again in {how_long}; until then none is looked at, "
            "not even a right one. The class's link and its QR code work all the time: the instructor can show them.",
        )


def wrong_code(request: HttpRequest, typed: str, possible: bool) -> CannotJoin:
    """The refusal for a code that no class has. Only a text that could be a code is counted as a guess."""
    if not typed.strip():
        return CannotJoin("wrong", "Type the code that the instructor shows.")
    if not possible:
        return CannotJoin(
            "wrong",
            "That cannot be a code: one has eight letters and digits. None is an I, L, O, 0 or 1; a hyphen in the middle and "
            "capitals do not matter.",
        )
    request.session.setdefault(GUESSER, secrets.token_urlsafe(9))
    guessing.note_wrong(request.session[GUESSER], address(request))
    return CannotJoin("wrong", "There is no class with that code. Look at it again: it may have been replaced by a new one.")
