"""Where a packet ended and why: the rule that dropped it, or the missing route, neighbour or listener."""

from __future__ import annotations

import errno

from explorer.network.journeys.evidence import Evidence, Step
from explorer.network.journeys.identity import Mark
from explorer.network.journeys.model import Ending
from explorer.network.journeys.rules import OURS, words_of_step
from explorer.network.journeys.scene import Scene
from explorer.network.journeys.seen import SeenPacket
from explorer.network.packets import dissect

End = tuple[Ending, str, str]  # how it ended, one sentence, the place


def end_of(
    scene: Scene, evidence: Evidence, mark: Mark, seen: list[SeenPacket], steps: dict[str, list[Step]], source: str, target: str
) -> End:
    if dropped := _dropped(scene, evidence, steps):
        return dropped
    if not seen:
        return _never_left(scene, evidence, source)
    last = next((one for one in reversed(seen) if _is_there(scene, one, target)), seen[-1])
    place = last.sighting.place
    for_place = scene.owner(last.ends.destination) if last.ends else ""
    home = scene.places[place].shares or place if place in scene.places else place
    if last.sighting.way == "in" and (
        home in (for_place, target) or _local(scene, place, last.ends.destination if last.ends else "")
    ):
        return _delivered(mark, last, place)
    if evidence.ok:
        return "arrived", f"delivered to {place}" if last.sighting.way == "in" else f"{place} has sent it on", place
    if silent := _no_neighbour(evidence, place):
        return "unanswered", silent, place
    route = scene.route(place, last.ends.destination if last.ends else "")
    if last.sighting.way == "out" and route and route.via and not scene.owner(route.via):
        way_out = f"its way on, {route.via}, is no machine of this sandbox: the LAN leads nowhere else"
        return "lost", f"left {place} by {last.sighting.device}; {way_out}", place
    if last.sighting.way == "out":
        return "lost", f"left {place} by {last.sighting.device} and was seen nowhere else", place
    if route is None:
        return (
            "unreachable",
            f"{place} has no route to {last.ends.destination if last.ends else 'it'}: the packet ends here",
            place,
        )
    return "lost", f"arrived at {place} and did not go on: {place} does not forward it", place


def _is_there(scene: Scene, one: SeenPacket, target: str) -> bool:
    place = one.sighting.place
    return (
        one.sighting.way == "in" and bool(one.ends) and place in (target, scene.owner(one.ends.destination if one.ends else ""))
    )


def _dropped(scene: Scene, evidence: Evidence, steps: dict[str, list[Step]]) -> End | None:
    for place, those in steps.items():
        for step in those:
            if step.verdict == "drop" and step.table != OURS:
                told = words_of_step(scene, place, step, evidence.handles.get(place, {}), "")
                return "dropped", f"dropped: {told[0] if told else place}", place
    return None


def _never_left(scene: Scene, evidence: Evidence, source: str) -> End:
    """The sender's own kernel sent nothing; the error that it returned says why."""
    if evidence.errno == errno.ENETUNREACH:
        return "unreachable", f"never sent: {source} has no route for that address", source
    if evidence.errno == errno.EHOSTUNREACH or (silent := _no_neighbour(evidence, source)):
        silent = _no_neighbour(evidence, source)
        return "unanswered", silent or f"never sent: {source} found nobody who has that address", source
    return "lost", f"never seen to leave {source}: {evidence.outcome}".rstrip(": "), source


def _no_neighbour(evidence: Evidence, place: str) -> str:
    """This place asked for the next hop with ARP, and nobody answered."""
    asked: dict[str, str] = {}
    for one in evidence.sightings:
        if one.place != place or len(one.data) < 42 or one.data[12:14] != b"\x08\x06":
            continue
        arp = dissect(one.data, one.length).find("ARP")
        if arp is None:
            continue
        if "reply" in arp.get("operation"):
            asked.pop(arp.get("sender IP"), None)
        elif one.way == "out":
            asked.setdefault(arp.get("target IP"), one.device)
    if not asked:
        return ""
    address, device = next(iter(asked.items()))
    return f"{place} asked by ARP on {device} who has {address}; nobody answered"


def _local(scene: Scene, place: str, destination: str) -> bool:
    found = scene.places.get(place)
    interfaces = found.views.get("interfaces") if found else None
    held = {
        address.cidr.partition("/")[0]
        for item in (interfaces.items if interfaces else ())
        for address in getattr(item, "addresses", ())
    }
    return destination in held


def _delivered(mark: Mark, last: SeenPacket, place: str) -> End:
    tcp = last.packet.find("TCP")
    if mark.answer and tcp and "RST" in tcp.get("flags"):
        return "refused", f"delivered to {place}: the connection is refused, nobody listens on that port", place
    return "arrived", f"delivered to {place}", place
