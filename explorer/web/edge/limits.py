"""Limits how often forms may be sent: by one session, and by all at one address who have no session yet.

So one pupil does not use up what a school behind one address may do. The limits for an address are wide enough for a class."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse

from explorer.classroom.people.access import requested_learner
from explorer.classroom.people.embed_pass import HEADER
from explorer.classroom.people.throttle import address, allow
from explorer.web.edge.errors import show_error

View = Callable[..., HttpResponse]


SHARE = 5  # of what an address may send, one session may send this part


def sender(request: HttpRequest) -> str:
    """Whose session it is; empty for a stranger. Sessions and passes are signed, so nobody makes up a new one for each form.
    An embedded page gets a pass without doing anything, so it counts by its address.
    """
    if HEADER in request.headers:
        return ""
    if request.user.is_authenticated:
        return f"user {request.user.pk}"
    learner = requested_learner(request)
    return f"learner {learner}" if learner else ""


def at_most(times: int, seconds: int) -> Callable[[View], View]:
    """Counts POST requests in Redis, by view and by who sends them. `times` is for an address; a session may send a fifth of
    it. Beyond the limit the answer is status 429, and the view is not called.
    """

    def limit(view: View) -> View:
        @wraps(view)
        def limited(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method == "POST":
                known = sender(request)
                if not allow(view.__name__, known or address(request), max(times // SHARE, 1) if known else times, seconds):
                    return show_error(request, 429)
            return view(request, *args, **kwargs)

        return limited

    return limit
