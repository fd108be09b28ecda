"""A rule stopped the packet: dropped in silence, or rejected with an answer."""

from __future__ import annotations

from explorer.network.journeys.endings.case import Case, End
from explorer.network.journeys.endings.tracked import of_no_connection
from explorer.network.journeys.evidence import Sentence, answer_seen, icmp_error, kernel_dropped, rule_met


def by_rule(case: Case) -> End | None:
    found = case.stopping_rule()
    told = case.met(*found) if found else None
    if found is None or told is None:
        return None
    place = found[0]
    text, met = told
    drop = next((kernel_dropped(one.drop) for one in case.lost if one.drop.place == place), None)
    invalid, *tracked = of_no_connection(case, place, met.rule) or ("",)
    if not met.rejects:
        return End("dropped", Sentence(f"dropped: {text}{invalid}", rule_met(place, met), *tracked, drop), place)
    error = next(iter(case.errors), None)
    reset = next((answer_seen(one.sighting, one.ends) for one in case.reply), None)
    answer = f": {error.protocol} “{error.words}” goes back" if error else ": a TCP reset goes back" if reset else ""
    back = icmp_error(error) if error else reset
    sentence = Sentence(f"{text}{answer}{invalid}", rule_met(place, met), back, *tracked, drop)
    return End("rejected", sentence, place)
