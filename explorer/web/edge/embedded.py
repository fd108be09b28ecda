"""Requests of a page that is embedded on another site. They carry a pass and no cookie, and reach only the views a lesson
needs.

Cookies are removed before the session is read. So such a request has no session and no user: the browser adds nothing by
itself that another site could misuse, and therefore Django's protection against forged forms is switched off for it. A request
without a valid pass is refused. A request without the header is not changed here and needs that protection as always.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

from explorer.classroom.people.embed_pass import HEADER, Embed, read_pass, renew_pass
from explorer.classroom.people.throttle import address, allow
from explorer.web.edge.errors import show_error
from explorer.web.edge.limits import View

PREFIX = "/embed/"
OPEN_TO_EMBEDS = {
    "embed", "hand-over", "lesson", "step", "predict", "look", "help", "measured", "summary", "recorded",
    "open", "sandbox", "extend", "reset", "close", "past", "capture", "captured-frame",
}  # fmt: skip
OVER = ("This frame was left for too long", "Reload the page to begin again. A sandbox opened here ends by itself.")
ENOUGH = (
    "Many sandboxes were opened here",
    "This page has used what it may open in an hour. The lesson stays to be read; “Open in full” opens one on our own site.",
)


class EmbeddedRequests(MiddlewareMixin):
    """A middleware. It must stand before the session's own middleware."""

    def process_request(self, request: HttpRequest) -> None:
        if HEADER in request.headers or request.path_info.startswith(PREFIX):
            request.COOKIES = {}

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        if HEADER not in request.headers:
            return None
        if embed_of(request) is None:
            return show_error(request, 401, OVER)
        if request.resolver_match is None or request.resolver_match.url_name not in OPEN_TO_EMBEDS:
            return show_error(request, 404)
        request._dont_enforce_csrf_checks = True  # type: ignore[attr-defined]
        return None

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        embed = embed_of(request)
        if HEADER in request.headers or request.path_info.startswith(PREFIX):
            response.cookies.clear()
        if embed and embed.due and (renewed := renew_pass(embed)):
            response[HEADER] = renewed
        return response


def embed_of(request: HttpRequest) -> Embed | None:
    """The embedded page from which this request comes, read from its pass. None without a valid pass."""
    return read_pass(request.headers.get(HEADER, ""))


def pace_embeds(view: View) -> View:
    """Limits how many sandboxes are opened in embedded pages, by address and by site. A new pass costs nothing, so the limit
    for each learner does not help here. The site is what the browser reported when the page was loaded; it is used for this
    limit only.
    """

    @wraps(view)
    def paced(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        embed = embed_of(request)
        if embed and not (
            allow("embed-opens", address(request), settings.EMBED_OPENS_PER_ADDRESS, 3600)
            and allow("embed-opens-site", embed.site, settings.EMBED_OPENS_PER_SITE, 3600)
        ):
            return show_error(request, 429, ENOUGH)
        return view(request, *args, **kwargs)

    return paced


def embeddable(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Lets the listed sites show this page in a frame. When none is listed, no site may."""

    @wraps(view)
    def shown(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            response = view(request, *args, **kwargs)
        except Http404:
            response = show_error(request, 404)  # handled here, because the usual error page may not be shown in a frame
        if settings.EMBED_SITES:
            response.xframe_options_exempt = True
            response._csp_replace = {"frame-ancestors": settings.EMBED_SITES}  # type: ignore[attr-defined]
            response["Cross-Origin-Resource-Policy"] = "cross-origin"
        response["Cache-Control"] = "no-store"
        return response

    return shown
