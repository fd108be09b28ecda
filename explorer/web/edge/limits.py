"""Limits how often forms may be sent from one address. The limits are wide enough for a class behind one address."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse

from explorer.classroom.people.throttle import address, allow
from explorer.web.edge.errors import show_error

View = Callable[..., HttpResponse]


def at_most(times: int, seconds: int) -> Callable[[View], View]:
    """Counts POST requests by view and address, in Redis. Beyond the limit the answer is status 429, and the view is not
    called.
    """

    def limit(view: View) -> View:
        @wraps(view)
        def limited(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method == "POST" and not allow(view.__name__, address(request), times, seconds):
                return show_error(request, 429)
            return view(request, *args, **kwargs)

        return limited

    return limit
