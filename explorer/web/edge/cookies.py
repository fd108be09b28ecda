"""Takes over the session cookie of an earlier name, once.

In production the cookies have the prefix `__Host-`, with which browsers take them only from this very host over HTTPS. A
learner whose browser still has the cookie of before would otherwise lose everything.
"""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

FORMER = "sessionid"


class TakeOverCookie(MiddlewareMixin):
    """A middleware. It must stand before the session's own middleware."""

    def process_request(self, request: HttpRequest) -> None:
        name = settings.SESSION_COOKIE_NAME
        if name != FORMER and FORMER in request.COOKIES and name not in request.COOKIES:
            request.COOKIES[name] = request.COOKIES[FORMER]
            request.takes_over = True  # type: ignore[attr-defined]

    def process_view(self, request: HttpRequest, *_: object) -> None:
        if getattr(request, "takes_over", False) and not request.session.is_empty():
            request.session.modified = True  # it is sent under its new name

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if settings.SESSION_COOKIE_NAME != FORMER and FORMER in request.COOKIES:
            response.delete_cookie(FORMER)
        return response
