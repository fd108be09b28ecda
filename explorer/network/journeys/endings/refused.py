"""Somebody answered that the packet cannot go on or that nobody wants it: a TCP reset, or an ICMP error about it."""

from __future__ import annotations

from explorer.network.journeys.endings.case import Case, End
from explorer.network.journeys.endings.local import who_listens
from explorer.network.journeys.evidence import Sentence, frame_seen, icmp_error, kernel_dropped, looked_up, rule_met
from explorer.network.journeys.identity import IcmpError
from explorer.network.journeys.model import Ending


def by_reset(case: Case) -> End | None:
    """The answer is a TCP reset: who sent it, and why."""
    back = next((one for one in reversed(case.seen) if one.resets()), None)
    if not case.mark.answer or back is None:
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
    why, *grounds = who_listens(case, sender, "tcp", ends.source if ends else "", ends.source_port if ends else "")
    sentence = Sentence(f"delivered to {place}: the connection is refused, {why}", seen, *grounds)
    return End("refused", sentence, place)


WORDS: dict[int, str] = {
    0: "it has no route to that network",
    1: "it found nobody who has that address",
    2: "nobody there takes this protocol",
    9: "that network is prohibited there",
    10: "that address is prohibited there",
    13: "it is prohibited there",
}


def by_icmp(case: Case) -> End | None:
    error = next(iter(case.errors), None)
    if error is None:
        return None
    sender = case.scene.owner(error.sender) or error.sender
    place = error.sighting.place if error.sighting.way == "out" else sender
    ending, why = _meaning(case, error, place)
    looked = case.looked(place, case.form(place))
    grounds = [looked_up(looked) if looked else None]
    grounds += [kernel_dropped(one.drop) for one in case.lost if one.drop.place == place]
    return End(ending, Sentence(f"{place} sent back “{error.words}”: {why}", icmp_error(error), *grounds), place)


def _meaning(case: Case, error: IcmpError, place: str) -> tuple[Ending, str]:
    if error.type == 11:
        return "dropped", "the packet's time to live ended there"
    if (error.type, error.code) == (3, 3):
        ends = case.form(place)
        return "refused", who_listens(
            case, place, "udp", ends.destination if ends else "", ends.destination_port if ends else ""
        )[0]
    if (error.type, error.code) == (3, 4):
        return "dropped", f"the packet is too big for the next link and may not be fragmented; {error.mtu} bytes fit"
    looked = case.looked(place, case.form(place))
    if looked and looked.errno and (route := case.refusing_route(place, looked)):
        return "unreachable", f"its {route.words} says so"
    ending: Ending = "unanswered" if error.code == 1 else "rejected" if error.code in (9, 10, 13) else "unreachable"
    return ending, WORDS.get(error.code, "it cannot go on there")
