"""Which kernels are asked after a packet has passed, and for which routes: every place that saw the packet, each for the
packet in every form that it had there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from explorer.network.journeys.gathered import Gathered
from explorer.network.journeys.identity import Ends, Mark, step_ends
from explorer.network.journeys.kernel import Lookup
from explorer.network.journeys.seen import SeenPacket, recognised, recognised_steps, thrown_away

MOST = 12  # questions for routes in one place


@dataclass(frozen=True, slots=True)
class Question:
    place: str
    lookups: tuple[Lookup, ...]
    devices: tuple[str, ...]


def questions(gathered: Gathered, marks: Iterable[Mark], source: str, address: str) -> list[Question]:
    """`source` is the place that sent to `address`; it is asked also when no packet left it."""
    lookups: dict[str, dict[Lookup, None]] = {source: {Lookup(source, address): None} if address else {}}
    devices: dict[str, dict[str, None]] = {source: {}}

    def add(place: str, device: str, lookup: Lookup | None) -> None:
        devices.setdefault(place, {})[device] = None
        asked = lookups.setdefault(place, {})
        if lookup and len(asked) < MOST:
            asked[lookup] = None

    for mark in marks:
        seen = recognised(mark, gathered.sightings)
        lost = thrown_away(mark, gathered.drops)
        marked = {one.drop.place: one.drop.mark for one in lost}
        came_by: dict[str, str] = {}  # place → the interface where the packet came in last
        for one in seen:
            at = one.sighting
            if at.way == "in":
                came_by[at.place] = at.device
            add(at.place, at.device, _arrived(one) if at.way == "in" else None)
        steps = recognised_steps(mark, seen, lost, gathered.steps)
        forms = [(place, step_ends(step)) for place, those in steps.items() for step in those if step.network]
        forms += [(one.drop.place, one.ends) for one in lost]
        for place, ends in forms:
            if ends:
                iif = came_by.get(place, "")
                add(place, iif, _lookup(place, iif, ends, marked.get(place, 0)))
        for one in seen:  # whether the place has a way back
            if one.sighting.way == "in" and one.ends and not mark.answer:
                add(one.sighting.place, one.sighting.device, Lookup(one.sighting.place, one.ends.source))
        for gone in lost:
            add(gone.drop.place, gone.drop.device, None)
    return [Question(place, tuple(lookups[place]), tuple(name for name in devices[place] if name)) for place in lookups]


def _arrived(one: SeenPacket) -> Lookup | None:
    return _lookup(one.sighting.place, one.sighting.device, one.ends, 0) if one.ends else None


def _lookup(place: str, iif: str, ends: Ends, mark: int) -> Lookup:
    """A packet on `lo` was routed when it was sent, so the kernel is asked as for one of its own."""
    own = iif in ("", "lo")
    return Lookup(place, ends.destination, "" if own else ends.source, "" if own else iif, mark)
