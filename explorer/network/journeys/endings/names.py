"""A name lookup: which name was asked for, and what became of the question that Docker's name server asked others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from explorer.network.embedded_dns import SERVER
from explorer.network.journeys.endings.case import Case, End
from explorer.network.journeys.endings.onward import asked_in_vain
from explorer.network.journeys.ends import Ends
from explorer.network.journeys.evidence import Sentence, arp_asked, frame_seen, names_asked
from explorer.network.journeys.gathered import Sighting
from explorer.network.journeys.identity import ends_of
from explorer.network.journeys.model import Evidence
from explorer.network.packets import dissect


def with_names(case: Case, end: End) -> End:
    """Says the name that was asked for when it is not the one that was looked up, and whom Docker's name server asked."""
    names = case.gathered.names
    if names is None:
        return end
    text, grounds = end.sentence.text, list(end.sentence.evidence)
    last = names.asked[-1].name if names.asked else names.wanted
    if last != names.wanted.rstrip(".") and names.asked:
        text += (
            f"; {last} was asked for, because “search {' '.join(names.search)}” in its resolv.conf makes it of {names.wanted}"
        )
    elif len(names.asked) > 1:
        before = " and ".join(f"{one.name} ({one.said})" for one in names.asked[:-1])
        text += f"; before it {before}, because its resolv.conf says “search {' '.join(names.search)}”"
    if names.server == SERVER and end.ending != "dropped" and (told := _sent_on(case, last)):
        text += f"; {told[0]}"
        grounds += told[1:]
    asker = case.target if case.mark.answer else case.source
    return replace(end, sentence=Sentence(text, *grounds, names_asked(asker, names)))


DNS_PORT = (53).to_bytes(2)


@dataclass(frozen=True, slots=True)
class SentOn:
    """A question that Docker's name server sent to another one, or that one's answer. `said` is "" for a question."""

    sighting: Sighting
    ends: Ends
    said: str = ""


def _sent_on(case: Case, name: str) -> tuple[str, *tuple[Evidence, ...]] | None:
    """None when no question to another name server was seen."""
    asker = case.target if case.mark.answer else case.source
    seen = list(_about(case, name, {asker, asker.partition("/")[0]}))
    asked = [one for one in seen if not one.said]
    if not asked:
        return None
    answers = {one.ends.source: one for one in seen if one.said}
    told, grounds = [], []
    for one in {each.ends.destination: each for each in reversed(asked)}.values():
        server, place = one.ends.destination, one.sighting.place
        grounds.append(frame_seen(one.sighting, one.ends))
        if answer := answers.get(server):
            told.append(f"{server}, which says “{answer.said}”")
            grounds.append(frame_seen(answer.sighting, answer.ends))
        elif silent := _nobody(case, place, server):
            told.append(f"{server}, and {silent.place} found nobody who has that address")
            grounds.append(silent)
        else:
            told.append(f"{server}, of which no answer was seen")
    return f"Docker's name server asked {' and '.join(told)}", *grounds


def _nobody(case: Case, place: str, server: str) -> Evidence | None:
    """That the place, or the host that it is on, asked by ARP for the server and was not answered."""
    for asker in (place, place.partition("/")[0]):
        if device := asked_in_vain(case.gathered.sightings, asker, server):
            return arp_asked(asker, server, device, False)
    return None


def _about(case: Case, name: str, places: set[str]) -> Iterator[SentOn]:
    """DNS messages about the name between one of the places and another name server than Docker's own."""
    for one in case.gathered.sightings:
        if one.place not in places or DNS_PORT not in one.data:
            continue
        packet = dissect(one.data, one.length)
        message, ends = packet.find("DNS"), ends_of(packet)
        if message is None or ends is None or message.get("question").rpartition(" ")[2].lower() != name.lower():
            continue
        answer = message.get("kind").startswith("answer")
        server = ends.source if answer else ends.destination
        port = ends.source_port if answer else ends.destination_port
        if server.startswith("127.") or port != "53" or one.way != ("in" if answer else "out"):
            continue
        yield SentOn(one, ends, message.get("result").partition("(")[2].rstrip(")") or "an answer" if answer else "")
