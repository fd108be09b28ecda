"""Error pages: what happened, whose fault it is, what to do. A fragment when htmx asked, a whole page otherwise."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

WORDS = {
    400: ("That request made no sense", "Something in it is malformed. Going back and trying again usually helps."),
    403: ("Not allowed", "This page, or this action, is not yours to use."),
    404: (
        "There is nothing here",
        "The address is wrong, or it belongs to somebody else: both look the same from here, on purpose.",
    ),
    429: ("Too much at once", "Wait a moment, then try again. Nothing of yours is lost."),
    500: ("That was our mistake", "It has been written to the log. Your sandbox and your progress are not touched by it."),
}
STALE = (
    "This form is too old",
    "Your browser sent no valid proof that the form came from this page. Reload it and try again; cookies must be allowed.",
)


def show_error(request: HttpRequest, status: int, words: tuple[str, str] | None = None) -> HttpResponse:
    title, sentence = words or WORDS[status]
    context = {"status": status, "title": title, "sentence": sentence}
    if not getattr(request, "htmx", False):
        return render(request, "error.html", context, status=status)
    response = render(request, "_error.html", context, status=status)
    response["HX-Reswap"] = "none"  # the page shows the message in its corner and does not change otherwise
    return response


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return show_error(request, 400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return show_error(request, 403)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return show_error(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    return show_error(request, 500)


def csrf_failure(request: HttpRequest, reason: str = "", **_: Any) -> HttpResponse:
    return show_error(request, 403, STALE)
