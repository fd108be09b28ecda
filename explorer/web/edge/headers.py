"""Response headers for which Django has no setting: which functions of a browser our pages may not use, who may load them, and
that no cache keeps them. Every page shows something of the person who asks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

HEADERS = {
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
Answer = Callable[[HttpRequest], HttpResponseBase]
AnswerLater = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


@sync_and_async_middleware
def further_headers(get_response: Answer | AnswerLater) -> Answer | AnswerLater:
    if iscoroutinefunction(get_response):

        async def later(request: HttpRequest) -> HttpResponseBase:
            return _add(await get_response(request))

        return later

    def now(request: HttpRequest) -> HttpResponseBase:
        return _add(get_response(request))  # type: ignore[arg-type]

    return now


def _add(response: HttpResponseBase) -> HttpResponseBase:
    for name, value in HEADERS.items():
        response.setdefault(name, value)
    return response
