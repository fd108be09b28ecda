"""From what was gathered to hops in words: where the packet was seen, which rules it met between two sightings, what the rules
changed, and the end."""

from __future__ import annotations

from collections.abc import Iterator

from explorer.network.journeys.endings import Case, end_of
from explorer.network.journeys.gathered import Sighting, Step
from explorer.network.journeys.model import HOPS, Header, Hop, Journey
from explorer.network.journeys.rules import ARRIVED, OURS, hook_of, remembered, translated, words_of_step
from explorer.network.journeys.seen import SeenPacket
from explorer.network.packets import Packet

FRAME_SHOWN = 128  # bytes
SHOWN = {
    "Ethernet": ("destination", "source"),
    "ARP": ("operation", "sender MAC", "sender IP", "target IP"),
    "IPv4": ("source", "destination", "TTL", "identification", "protocol"),
    "IPv6": ("source", "destination", "hop limit"),
    "ICMP": ("type", "code", "id", "sequence"),
    "ICMPv6": ("type", "code", "id", "sequence", "MTU", "target"),
    "TCP": ("source port", "destination port", "flags", "sequence", "acknowledgement"),
    "UDP": ("source port", "destination port", "length"),
    "DNS": ("kind", "question", "answer", "result"),
    "VXLAN": ("VNI",),
}


def tell(case: Case) -> Journey:
    """The way of the packet, and where it ended."""
    teller = Teller(case)
    hops = list(teller.hops(case.seen, case.steps))
    end = end_of(case)
    ms = hops[-1].ms if hops else 0.0
    kind = "delivered" if end.ending == "arrived" else "ended"
    text = end.sentence.text
    hops.append(Hop(kind=kind, place=end.place, ms=ms, text=text, headers=hops[-1].headers if hops else ()))
    return Journey(
        way="answer" if case.mark.answer else "request",
        hops=tuple(hops[:HOPS]),
        ending=end.ending,
        end=text,
        evidence=end.sentence.evidence,
        truncated=len(hops) > HOPS,
    )


class Teller:
    def __init__(self, case: Case) -> None:
        self.case, self.scene, self.gathered = case, case.scene, case.gathered
        self.began = case.seen[0].sighting.at if case.seen else 0
        self.shown: dict[tuple[int, str, str], str] = {}  # header fields at the previous hop

    def hops(self, seen: list[SeenPacket], steps: dict[str, list[Step]]) -> Iterator[Hop]:
        """The hops in order. Rules of a place stand between the sighting of the packet on its way in and the sighting on its
        way out."""
        left = {place: list(those) for place, those in steps.items()}
        before: SeenPacket | None = None
        at = 0
        while at < len(seen):
            one = seen[at]
            place = one.sighting.place
            following = seen[at + 1] if at + 1 < len(seen) else None
            if (
                one.sighting.way == "out"
                and before is not None
                and before.sighting.way == "in"
                and before.sighting.place == place
            ):
                yield from self._passing(place, left.pop(place, []), before, one)
            elif one.sighting.way == "out" and left.get(place):
                sent, left[place] = _sent_first(left.pop(place))
                yield from self._rules(place, sent, one, None)
            pair = self._together(one, following)
            hop = self._hop(one, following if pair else None, before)
            yield hop
            at += 2 if pair else 1
            last = following if pair and following else one
            ends = at >= len(seen) or seen[at].sighting.place != place
            if last.sighting.way == "in" and ends and left.get(place):
                yield from self._rules(place, left.pop(place), None, last)
            before = last
        for place, those in left.items():  # rules that were met in a place where the packet was not seen
            yield from self._rules(place, those, None, before)

    def _together(self, one: SeenPacket, following: SeenPacket | None) -> bool:
        """The sightings at a bridge and at its port become one hop when one follows the other directly."""
        if following is None or following.sighting.place != one.sighting.place or following.sighting.way != one.sighting.way:
            return False
        first, second = one.sighting.device, following.sighting.device
        master = self.scene.master
        place = one.sighting.place
        return master(place, first) == second if one.sighting.way == "in" else master(place, second) == first

    def _bridged(self, before: SeenPacket | None, one: SeenPacket) -> bool:
        """Whether the packet came in by one port of a bridge and left by another, so that it was not routed."""
        if before is None or before.sighting.place != one.sighting.place or before.sighting.way != "in":
            return False
        master = self.scene.master(one.sighting.place, one.sighting.device)
        return bool(master) and master == self.scene.master(before.sighting.place, before.sighting.device)

    # --- a sight ---

    def _hop(self, one: SeenPacket, other: SeenPacket | None, before: SeenPacket | None) -> Hop:
        place, way = one.sighting.place, one.sighting.way
        last = other or one
        port = (one if way == "in" else last).sighting.device
        if self._bridged(before, last) and other is None:
            kind, text = "switched", self.scene.switched(place, port)
            if ports := self.case.floods.get((place, self.scene.master(place, port))):
                text = self.scene.flooded(place, port, ports)
        elif way == "out":
            kind, text = "leaves", self.scene.leaves(place, port, one.sighting.device if other else "")
        else:
            kind, text = "arrives", self.scene.arrives(place, port, last.sighting.device if other else "")
        if carried := self.scene.tunnel(last.packet):
            text = f"{text} {carried}"
        interface = self.scene.interface(place, port)
        return Hop(
            kind=kind,
            place=place,
            ms=self._ms(one.sighting),
            text=text,
            why=self.scene.why(place, "interfaces", interface.key) if interface else "",
            interface=port,
            key=interface.key if interface else "",
            headers=self._headers(last.packet),
            frame=last.sighting.data[:FRAME_SHOWN].hex(),
        )

    def _ms(self, sighting: Sighting) -> float:
        return round((sighting.at - self.began) / 1e6, 3)

    def _headers(self, packet: Packet) -> tuple[Header, ...]:
        told, now = [], {}
        for layer in packet.layers[:12]:
            for field in layer.fields:
                if field.name not in SHOWN.get(layer.protocol, ()):
                    continue
                name = (layer.depth, layer.protocol, field.name)
                now[name] = field.value
                before = self.shown.get(name)
                told.append(
                    Header(
                        layer=layer.protocol,
                        name=field.name,
                        value=field.value[:120],
                        offset=field.offset,
                        length=field.length,
                        depth=layer.depth,
                        changed=before is not None and before != field.value,
                    )
                )
        self.shown = now
        return tuple(told[:64])

    # --- between two sights ---

    def _passing(self, place: str, steps: list[Step], before: SeenPacket, after: SeenPacket) -> Iterator[Hop]:
        """The words between two interfaces: the packet was bridged or routed, and perhaps translated by a tracked
        connection."""
        bridged = self._bridged(before, after)
        told = list(self._rules(place, steps, after, before, routed=bridged))
        explained = " ".join(hop.text for hop in told)
        arriving, leaving = remembered(before.ends, after.ends)
        at = next((number for number, hop in enumerate(told) if hop.kind == "routed"), len(told))
        if not told and not bridged:
            told.append(self._routed(place, after, self._ms(before.sighting)))
        if arriving and arriving not in explained:
            told.insert(at, self._remembered(place, before, arriving))
        if leaving and leaving not in explained:
            told.append(self._remembered(place, before, leaving))
        yield from told

    def _remembered(self, place: str, before: SeenPacket, change: str) -> Hop:
        text = f"{place}: connection tracking: {change}, as for the whole connection"
        why = "Only a connection's first packet passes the nat table; conntrack remembers what was done and undoes it again."
        return Hop(kind="translated", place=place, ms=self._ms(before.sighting), text=text, why=why)

    def _rules(
        self, place: str, steps: list[Step], after: SeenPacket | None, before: SeenPacket | None, routed: bool = False
    ) -> Iterator[Hop]:
        at = before or after
        ms = self._ms(at.sighting) if at else 0.0
        was, now = (before.ends if before else None), (after.ends if after else None)
        local = after is None or after.sighting.device == "lo"
        handles = self.gathered.handles.get(place, {})
        for step in steps:
            forwards = hook_of(step, self.scene) in ("forward", "postrouting")
            if after and not routed and not local and forwards:
                routed = True
                yield self._routed(place, after, ms)
            if told := words_of_step(self.scene, place, step, handles, translated(step, self.scene, handles, was, now)):
                text, met = told
                yield Hop(kind="rule", place=place, ms=ms, text=text, why=met.why, met=met)

    def _routed(self, place: str, after: SeenPacket, ms: float) -> Hop:
        destination = after.ends.destination if after.ends else ""
        looked = self.case.looked(place, after.ends)
        text, why = self.scene.routed(place, destination, looked, after.sighting.device)
        return Hop(kind="routed", place=place, ms=ms, text=text, why=why)


def _sent_first(steps: list[Step]) -> tuple[list[Step], list[Step]]:
    """The rules that a packet of the place itself met on its way out, and those that it met when it came in again by lo."""
    comes_in = (at for at, step in enumerate(steps) if (step.table, step.chain) == (OURS, ARRIVED))
    at = next((at for at in comes_in if at), len(steps))
    return steps[:at], steps[at:]
