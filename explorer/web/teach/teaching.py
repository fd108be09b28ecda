"""Decorators that say who may see an instructor's page. Every view of such a page has one.

Somebody who is not logged in is sent to the login page. For a user without a role, or an instructor whose class it is not, the
page does not exist (404).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from explorer.classroom.people.access import find_authored, find_class, find_seat, role_of

View = Callable[..., HttpResponse]


def teaching(view: View) -> View:
    """Requires a user with a role."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return ask_to_log_in(request)
        if role_of(request.user) is None:
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


def teaching_class(view: View) -> View:
    """Requires that `class_id` in the address is a class of this user. The view gets it as `klass`."""

    @wraps(view)
    @teaching
    def guarded(request: HttpRequest, class_id: str, **kwargs: Any) -> HttpResponse:
        klass = find_class(request.user, class_id)
        if klass is None:
            raise Http404
        return view(request, klass=klass, **kwargs)

    return guarded


def teaching_seat(view: View) -> View:
    """Requires that `class_id` and `seat_id` in the address are a seat in a class of this user. The view gets it as `seat`."""

    @wraps(view)
    @teaching
    def guarded(request: HttpRequest, class_id: str, seat_id: str, **kwargs: Any) -> HttpResponse:
        seat = find_seat(request.user, class_id, seat_id)
        if seat is None:
            raise Http404
        return view(request, seat=seat, **kwargs)

    return guarded


def teaching_lesson(view: View) -> View:
    """Requires that `authored` in the address is a lesson that this user may change. The view gets it as `row`."""

    @wraps(view)
    @teaching
    def guarded(request: HttpRequest, authored: str, **kwargs: Any) -> HttpResponse:
        row = find_authored(request.user, authored)
        if row is None:
            raise Http404
        return view(request, row=row, **kwargs)

    return guarded


def ask_to_log_in(request: HttpRequest) -> HttpResponse:
    """Sends a page to the login and back. A fragment makes its whole page go there."""
    if not getattr(request, "htmx", False):
        return redirect_to_login(request.get_full_path(), reverse("login"))
    response = HttpResponse(status=204)
    response["HX-Redirect"] = redirect_to_login(request.htmx.current_url_abs_path or "", reverse("login")).url  # type: ignore[attr-defined]
    return response
