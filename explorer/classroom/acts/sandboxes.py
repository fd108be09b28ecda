"""Gives more time to, resets or stops the sandbox of one seat, or of all seats."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from explorer.classroom.acts.act import Asked, Done
from explorer.classroom.acts.once import claim, hold_class
from explorer.classroom.acts.taken import find_seats, lines_of, tallied
from explorer.classroom.models import Seat
from explorer.sandboxes import changes, life
from explorer.sandboxes.limits import Refused
from explorer.sandboxes.models import Sandbox

NO_SANDBOX = "no running sandbox"


def extend(asked: Asked) -> Done:
    """A whole lifetime from now, or from the beginning of the pause. It uses none of the learner's own extensions."""
    since = asked.klass.paused_at or timezone.now()

    def do(sandbox: Sandbox) -> str:
        if sandbox.state != Sandbox.State.READY:
            return NO_SANDBOX
        minutes = changes.lifetime(sandbox) // timedelta(minutes=1)
        given = life.renew_sandbox(sandbox, since, f"the instructor gave more time: {minutes} minutes from now")
        return "extended" if given else "had their whole time already"

    return for_each(asked, do)


def reset(asked: Asked) -> Done:
    if done := claim(asked):
        return done

    def do(sandbox: Sandbox) -> str:
        if sandbox.state == Sandbox.State.RESETTING:
            return "being reset already"
        life.reset_sandbox(sandbox)
        return "being reset"

    return for_each(asked, do)


def stop(asked: Asked) -> Done:
    def do(sandbox: Sandbox) -> str:
        life.close_sandbox(sandbox)
        return "stopped"

    return for_each(asked, do)


def for_each(asked: Asked, do: Callable[[Sandbox], str]) -> Done:
    """Calls `do` for the sandbox of each seat, one by one, so that a refusal for one does not affect the others. `do` returns
    how it went.
    """
    with transaction.atomic():
        hold_class(asked.klass)
    told: dict[str, list[str]] = defaultdict(list)
    new = False
    for one in find_seats(asked.klass, asked.seat):
        went, did = _do_one(asked, one, do)
        told[went].append(one.name)
        new = new or did
    return Done(tallied(told), lines_of(told), new)


def _do_one(asked: Asked, seat: Seat, do: Callable[[Sandbox], str]) -> tuple[str, bool]:
    """Returns (how it went, whether anything was changed)."""
    sandbox = life.current_sandbox(seat.learner)
    if sandbox is None:
        return NO_SANDBOX, False
    try:
        with transaction.atomic():
            went = do(sandbox)
            did = not went.endswith(("already", NO_SANDBOX))
            if did:
                asked.note(seat=seat, sandbox=sandbox)
            return went, did
    except Refused as refused:
        return refused.sentence, False
