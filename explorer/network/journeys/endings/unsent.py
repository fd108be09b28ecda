"""No packet left the sender: its own kernel says why."""

from __future__ import annotations

import errno
import os

from explorer.network.journeys.endings.case import Case, End
from explorer.network.journeys.endings.onward import silent_neighbour
from explorer.network.journeys.evidence import Sentence, looked_up, sender_told


def never_sent(case: Case) -> End | None:
    if case.seen or case.mark.answer:
        return None
    place, gathered = case.source, case.gathered
    told = sender_told(place, gathered.outcome, gathered.errno)
    looked = next((one for one in case.answers(place).looked if one.errno and not one.asked.iif), None)
    if looked:
        route = case.refusing_route(place, looked)
        none = looked.errno == errno.ENETUNREACH
        why = "has no route for that address" if none else f"refuses it ({os.strerror(looked.errno)})"
        why = f"refuses it: its {route.words} says so" if route else why
        said = f"never sent: {place} {why}"
        return End("unreachable", Sentence(said, looked_up(looked), told), place)
    if silent := silent_neighbour(case, place):
        text, *grounds = silent
        return End("unanswered", Sentence(f"never sent: {text}", *grounds, told), place)
    if gathered.errno == errno.ENETUNREACH:
        return End("unreachable", Sentence(f"never sent: {place} has no route for that address", told), place)
    return End("unknown", Sentence(f"never seen to leave {place}: {gathered.outcome}".rstrip(": "), told), place)
