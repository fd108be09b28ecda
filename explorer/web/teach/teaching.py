"""Who may come into an instructor's page: the first line of every view of theirs.

Anonymous people are sent to the login page. To a user without a role, and to an instructor whose class it is not, the page does
not exist.
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
    """The user has a role."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return ask_to_log_in(request)
        if role_of(request.user) is None:
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


def teaching_class(view: View) -> View:
    """The class named by `class_id` in the address is this user's; the view is given it as `klass`."""

    @wraps(view)
    @teaching
    def guarded(request: HttpRequest, class_id: str, **kwargs: Any) -> HttpResponse:
        klass = find_class(request.user, class_id)
        if klass is None:
            raise Http404
        return view(request, klass=klass, **kwargs)

    return guarded


def teaching_seat(view: View) -> View:
    """The seat named by `class_id` and `seat_id` is in a class of this user's; the view is given it as `seat`."""

    @wraps(view)
    @teaching
    def guarded(request: HttpRequest, class_id: str, seat_id: str, **kwargs: Any) -> HttpResponse:
        seat = find_seat(request.user, class_id, seat_id)
        if seat is None:
            raise Http404
        return view(request, seat=seat, **kwargs)

    return guarded


def teaching_lesson(view: View) -> View:
    """The lesson named by `authored` in the address is one this user brought; the view is given it as `row`."""

    @wraps(view)
    @teaching
    def guarded(request: HttpRequest, authored: str, **kwargs: Any) -> HttpResponse:
        row = find_authored(request.user, authored)
        if row is None:
            raise Http404
        return view(request, row=row, **kwargs)

    return guarded


def ask_to_log_in(request: HttpRequest) -> HttpResponse:
    """A page goes to the login and comes back; a fragment has its whole page do so."""
    if not getattr(request, "htmx", False):
        return redirect_to_login(request.get_full_path(), reverse("login"))
    response = HttpResponse(status=204)
    response["HX-Redirect"] = redirect_to_login(request.htmx.current_url_abs_path or "", reverse("login")).url  # type: ignore[attr-defined]
    return response
