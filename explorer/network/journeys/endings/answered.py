"""The packet was answered: the answer is the evidence that it arrived."""

from __future__ import annotations

from explorer.network.journeys.endings.case import Case, End
from explorer.network.journeys.evidence import Sentence, answer_said, answer_seen, frame_seen, looked_up, sender_told


def by_answer(case: Case) -> End | None:
    return _came_back(case) if case.mark.answer else _answered(case)


def _answered(case: Case) -> End | None:
    """A request: its answer was seen leaving the place that the request went into. A reset that a rule sent, or that the
    place sent in the name of another one, is no answer of that place."""
    if not case.reply or not case.seen or (case.reply[0].resets() and case.stopping_rule()):
        return None
    first = case.reply[0]
    place = first.sighting.place
    arrived = next((one for one in reversed(case.seen) if one.sighting.place == place and one.sighting.way == "in"), None)
    if first.sighting.way != "out" or arrived is None or (first.resets() and case.in_anothers_name(first)):
        return None
    seen = frame_seen(arrived.sighting, arrived.ends)
    return End("arrived", Sentence(f"delivered to {place}", answer_seen(first.sighting, first.ends), seen), place)


def _came_back(case: Case) -> End | None:
    """An answer: it came into the place that asked, and the sender got it. Only a sender of ours says what it got."""
    if not case.gathered.ours:
        return None
    back = next((one for one in reversed(case.seen) if one.sighting.way == "in" and one.sighting.place == case.target), None)
    if back is not None and (answer := answer_said(back.sighting, back.packet)):
        question, result, evidence = answer
        said = f"delivered to {case.target}: the name server answers “{result}” for {question}"
        return End("arrived", Sentence(said, frame_seen(back.sighting, back.ends), evidence), case.target)
    if back is None or back.resets() or not case.gathered.ok:
        return None
    looked = case.looked(case.target, back.ends)
    told = sender_told(case.target, case.gathered.outcome)
    seen = frame_seen(back.sighting, back.ends)
    return End(
        "arrived", Sentence(f"delivered to {case.target}", seen, told, looked_up(looked) if looked else None), case.target
    )
