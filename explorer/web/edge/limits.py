"""How often a page's forms may be sent from one place. Wide enough for a class behind one address."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse

from explorer.classroom.people.throttle import address, allow
from explorer.web.edge.errors import show_error

View = Callable[..., HttpResponse]


def at_most(times: int, seconds: int) -> Callable[[View], View]:
    """Counted per view and address, in Redis; beyond it the answer is 429 and nothing is done."""

    def limit(view: View) -> View:
        @wraps(view)
        def limited(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method == "POST" and not allow(view.__name__, address(request), times, seconds):
                return show_error(request, 429)
            return view(request, *args, **kwargs)

        return limited

    return limit
