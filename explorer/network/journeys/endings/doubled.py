"""Two interfaces with one MAC address: the bridge knows one port for it, so a frame can come to the wrong one."""

from __future__ import annotations

from dataclasses import replace

from explorer.network.journeys.endings.case import Case, End
from explorer.network.journeys.evidence import Sentence, interface_is


def with_same_mac(case: Case, end: End) -> End:
    """Says who has the packet's address, when the frame came to another place that has the same MAC address."""
    if not case.seen or end.ending == "arrived" or case.last.sighting.way != "in":
        return end
    last = case.last
    place, device = last.sighting.place, last.sighting.device
    owner = case.scene.owner(last.ends.destination) if last.ends else ""
    layer = last.packet.find("Ethernet", depth=0)
    mac = layer.get("destination") if layer else ""
    held = {other: name for other, name in case.scene.with_mac(mac) if not case.scene.master(other, name)}
    if not owner or owner == place or not {owner, place} <= held.keys() or not last.ends:
        return end
    said = f"{last.ends.destination} is {owner}, which has the same MAC address as {device} of {place}: {mac}"
    grounds = [interface_is(one, f"{held[one]} has the MAC address {mac}") for one in (owner, place)]
    return replace(end, sentence=Sentence(f"{end.sentence.text}; {said}", *end.sentence.evidence, *grounds))
