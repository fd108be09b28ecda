"""How a paused class or a locked step is answered: an error with one sentence, and the page stays as it was."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse

from explorer.sandboxes.limits import Refused
from explorer.web.edge.errors import show_error

View = Callable[..., HttpResponse]
TITLES = {"paused": "Your class is paused", "locked": "Not open yet"}


def unless_held(view: View) -> View:
    """Answers the `Refused` that an asker's `check_pause` and `check_step` raise. The view has to handle other refusals
    itself.
    """

    @wraps(view)
    def asked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except Refused as refused:
            if refused.code not in TITLES:
                raise
            return show_error(request, 409, (TITLES[refused.code], refused.sentence))

    return asked
