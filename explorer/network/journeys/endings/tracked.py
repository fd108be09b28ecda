"""What connection tracking did to a packet: a connection from before that leads it elsewhere, and the state INVALID."""

from __future__ import annotations

import re
from dataclasses import replace

from explorer.network.journeys.endings.case import Case, End
from explorer.network.journeys.ends import Ends, with_port
from explorer.network.journeys.evidence import Sentence, neighbour_is, tracked_as
from explorer.network.journeys.identity import step_ends
from explorer.network.journeys.model import Evidence

ONLY_INVALID = re.compile(r"--ctstate INVALID(?![\w,])|ct state invalid(?![\w,])")


def with_tracking(case: Case, end: End) -> End:
    """Says which tracked connection gave a request another destination than the rules of now would: only the first packet of
    a connection passes the nat table. An answer is always led back so."""
    if end.ending == "arrived" or case.mark.answer:
        return end
    for place in case.gathered.ruled:
        if told := _led(case, place):
            to, text, ground = told
            more = end.sentence.evidence
            if end.ending in ("unknown", "unreachable") and end.place == place:
                end = _silent(case, place, to) or end
            grounds = dict.fromkeys((*end.sentence.evidence, *more))
            return replace(end, sentence=Sentence(f"{end.sentence.text}; {text}", ground, *grounds))
    return end


def _silent(case: Case, place: str, address: str) -> End | None:
    """Nobody answered the place that has the address to which the connection leads."""
    entry = case.neighbour(place, address)
    if entry is None or entry.state not in ("failed", "incomplete"):
        return None
    return End(
        "unanswered", Sentence(f"{place} found nobody who has {address} on {entry.device}", neighbour_is(place, entry)), place
    )


def _led(case: Case, place: str) -> tuple[str, str, Evidence] | None:
    """The address to which a connection from before leads the packet, the words and the evidence."""
    was, steps = _as_it_came(case, place), case.steps.get(place, [])
    if was is None or not steps or any(case.in_nat(step) for step in steps):
        return None
    entry = next((one for one in case.answers(place).tracked if one.asked.ends == was and one.original == was), None)
    if entry is None or entry.reply is None or entry.reply.source == was.destination:
        return None
    other = with_port(entry.reply.source, entry.reply.source_port)
    return (
        entry.reply.source,
        f"a connection that {place} has tracked since before leads it to {other}, and no rule of the nat table was asked",
        tracked_as(place, entry),
    )


def _as_it_came(case: Case, place: str) -> Ends | None:
    """The packet's ends before the place changed anything."""
    came = (one.ends for one in case.seen if one.sighting.place == place and one.sighting.way == "in")
    met = (step_ends(step) for step in case.steps.get(place, ()))
    return next((ends for ends in (*came, *met) if ends), None)


def of_no_connection(case: Case, place: str, rule: str) -> tuple[str, Evidence] | None:
    """Words for a packet that met a rule for the state INVALID, and what the kernel tracks of it."""
    if not ONLY_INVALID.search(rule):
        return None
    ends = case.form(place)
    entry = next((one for one in case.answers(place).tracked if one.asked.ends == ends), None)
    if entry is None:
        return None
    why = "it is the first packet of none, and none is tracked that it belongs to"
    if entry.original is not None:
        why = "it does not fit the connection that is tracked"
    return f": connection tracking calls it INVALID: {why}", tracked_as(place, entry)
