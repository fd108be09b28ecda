"""Somebody answered that the packet cannot go on or that nobody wants it: a TCP reset, or an ICMP error about it."""

from __future__ import annotations

import errno

from explorer.network.journeys.endings.case import Case, End
from explorer.network.journeys.endings.local import who_listens
from explorer.network.journeys.endings.onward import silent_neighbour
from explorer.network.journeys.evidence import Sentence, frame_seen, icmp_error, looked_up, rule_met
from explorer.network.journeys.icmp import IcmpError
from explorer.network.journeys.model import Ending, Evidence


def by_reset(case: Case) -> End | None:
    """The answer is a TCP reset, and it came back to the place that asked: who sent it, and why."""
    back = next((one for one in reversed(case.seen) if one.resets()), None)
    if not case.mark.answer or back is None or (back.sighting.place, back.sighting.way) != (case.target, "in"):
        return None
    seen = frame_seen(back.sighting, back.ends)
    first = case.seen[0]
    place, sender = back.sighting.place, first.sighting.place
    stopped = case.other.stopping_rule() if case.other else None
    told = case.met(*stopped) if stopped else None
    if stopped and told:
        said = f"delivered to {place}: the connection is refused, by a rule of {stopped[0]}"
        return End("refused", Sentence(said, seen, rule_met(stopped[0], told[1])), place)
    ends = first.ends
    if owner := case.in_anothers_name(first):
        said = f"the connection is refused: {sender} sent the reset, with the address of {owner}; why is not known"
        return End("refused", Sentence(f"delivered to {place}: {said}", seen, frame_seen(first.sighting, first.ends)), place)
    why, *grounds = who_listens(case, sender, "tcp", ends.source if ends else "", ends.source_port if ends else "")
    why = why if grounds else f"and {why}"
    sentence = Sentence(f"delivered to {place}: the connection is refused, {why}", seen, *grounds)
    return End("refused", sentence, place)


WORDS = {
    0: "it says that it cannot reach that network",
    1: "it says that it cannot reach that address",
    2: "it says that nobody there takes this protocol",
    3: "it says that nobody takes it, and it is for another machine; why is not known",
    9: "it says that this network is prohibited",
    10: "it says that this address is prohibited",
    13: "it says that this is prohibited",
}


def by_icmp(case: Case) -> End | None:
    error = next(iter(case.errors), None)
    if error is None:
        return None
    sender = case.scene.owner(error.sender) or error.sender
    place = error.sighting.place if error.sighting.way == "out" else sender
    ending, why, *grounds = _meaning(case, error, place)
    looked = case.looked(place, case.form(place))
    route = looked_up(looked) if looked else None
    said = f"{place} sent back “{error.words}”: {why}"
    return End(ending, Sentence(said, icmp_error(error), *grounds, route), place)


def _meaning(case: Case, error: IcmpError, place: str) -> tuple[Ending, str, *tuple[Evidence, ...]]:
    """How the packet ended, in words, and what supports this beside the error."""
    ends = case.form(place)
    looked = case.looked(place, ends)
    if error.type == 11 and error.code:
        return "dropped", "parts of the packet did not come in time, so it could not be put together"
    if error.type == 11:
        return "dropped", "the packet's time to live ended there"
    if error.type == 12:
        return "dropped", "it says that the packet's header is at fault"
    local = bool(ends and (looked.kind == "local" if looked else case.scene.holds(place, ends.destination)))
    if error.code == 3 and local and case.mark.transport != "udp":  # a closed port answers TCP with a reset
        return "rejected", "the packet is for this machine, and something there rejects it; what is not known"
    if error.code == 3 and ends and local:
        why, *grounds = who_listens(case, place, "udp", ends.destination, ends.destination_port)
        return "refused", why, *grounds
    if error.code == 3 and looked is None:  # nothing is known of the kernel that sent it
        own = error.sender in {one.destination for one in case.known}
        return "refused" if own else "rejected", "it says that nobody there takes it; why is not known"
    if error.code == 4:
        fit = f"; {error.mtu} bytes fit" if error.mtu else ""
        return "dropped", f"the packet is too big for the next link and may not be fragmented{fit}"
    if error.code == 1 and (silent := silent_neighbour(case, place)):
        return "unanswered", silent[0], *silent[1:]
    if looked and looked.errno and (route := case.refusing_route(place, looked)):
        return "unreachable", f"its {route.words} says so"
    if looked and looked.errno == errno.ENETUNREACH:
        return "unreachable", f"it has no route to {looked.asked.destination}"
    ending: Ending = "rejected" if error.code in (3, 9, 10, 13) else "unreachable"
    return ending, WORDS.get(error.code, "it says that it cannot go on there")
