"""An instructor's changes of a seat: its name, its way back, removing it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from explorer.classroom.models import Seat
from explorer.classroom.seat import changes
from explorer.classroom.seat.names import BadName
from explorer.web.seat.qr import draw_qr
from explorer.web.teach.teaching import teaching_seat


@require_POST
@teaching_seat
def rename(request: HttpRequest, seat: Seat) -> HttpResponse:
    try:
        name = changes.rename_seat(request.user, seat, request.POST.get("name", ""))
    except BadName as bad:
        messages.error(request, f"{seat.name} keeps that name. {bad}")
    else:
        messages.info(request, f"{seat.name} is {name} now.")
    return redirect("class-setup", seat.klass_id)


@require_POST
@teaching_seat
def remove(request: HttpRequest, seat: Seat) -> HttpResponse:
    changes.remove_seat(request.user, seat)
    messages.info(request, f"{seat.name} is out of the class. What they did stays in its results.")
    return redirect("class-setup", seat.klass_id)


@never_cache
@require_POST
@teaching_seat
def renew_link(request: HttpRequest, seat: Seat) -> HttpResponse:
    """Makes a new way back. The link is in this answer and cannot be shown again."""
    if seat.removed_at or seat.learner is None:
        messages.error(request, "That seat was removed; nothing leads back to it.")
        return redirect("class-setup", seat.klass_id)
    token = changes.renew_way_back(request.user, seat)
    link = request.build_absolute_uri(reverse("class-back", args=[token]))
    return render(request, "teach/way_back.html", {"klass": seat.klass, "of": seat, "link": link, "qr": draw_qr(link)})
