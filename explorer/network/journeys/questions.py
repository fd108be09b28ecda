"""Which kernels are asked after a packet has passed, and for which routes: every place that saw the packet, each for the
packet in every form that it had there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from explorer.network.journeys.endings.case import Case
from explorer.network.journeys.identity import Ends, step_ends
from explorer.network.journeys.kernel import Lookup
from explorer.network.journeys.seen import SeenPacket

MOST = 12  # questions for routes in one place


@dataclass(frozen=True, slots=True)
class Question:
    place: str
    lookups: tuple[Lookup, ...]
    devices: tuple[str, ...]


def questions(cases: Iterable[Case], source: str, address: str) -> list[Question]:
    """`source` is the place that sent to `address`; it is asked also when no packet left it."""
    lookups: dict[str, dict[Lookup, None]] = {source: {Lookup(source, address): None} if address else {}}
    devices: dict[str, dict[str, None]] = {source: {}}

    def add(place: str, device: str, lookup: Lookup | None) -> None:
        devices.setdefault(place, {})[device] = None
        asked = lookups.setdefault(place, {})
        if lookup and len(asked) < MOST:
            asked[lookup] = None

    for case in cases:
        for place, device, lookup in _of(case):
            add(place, device, lookup)
    return [Question(place, tuple(lookups[place]), tuple(name for name in devices[place] if name)) for place in lookups]


def _of(case: Case) -> Iterator[tuple[str, str, Lookup | None]]:
    """(place, interface, question) for every form in which a place saw the packet."""
    marks = {one.drop.place: one.drop.mark for one in case.lost}
    came_by: dict[str, str] = {}  # place → the interface where the packet came in last
    for one in case.seen:
        at = one.sighting
        if at.way == "in":
            came_by[at.place] = at.device
        yield at.place, at.device, _arrived(one) if at.way == "in" else None
    forms = [(place, step_ends(step)) for place, those in case.steps.items() for step in those if step.network]
    forms += [(one.drop.place, one.ends) for one in case.lost]
    for place, ends in forms:
        if ends:
            iif = came_by.get(place, "")
            yield place, iif, _lookup(place, iif, ends, marks.get(place, 0))
    for one in case.seen:  # whether the place has a way back
        if one.sighting.way == "in" and one.ends and not case.mark.answer:
            yield one.sighting.place, one.sighting.device, Lookup(one.sighting.place, one.ends.source)
    for gone in case.lost:
        yield gone.drop.place, gone.drop.device, None


def _arrived(one: SeenPacket) -> Lookup | None:
    return _lookup(one.sighting.place, one.sighting.device, one.ends, 0) if one.ends else None


def _lookup(place: str, iif: str, ends: Ends, mark: int) -> Lookup:
    """A packet on `lo` was routed when it was sent, so the kernel is asked as for one of its own."""
    own = iif in ("", "lo")
    return Lookup(place, ends.destination, "" if own else ends.source, "" if own else iif, mark)


def merged(several: Iterable[Question]) -> list[Question]:
    """One question for each place, with the lookups and interfaces of all of them."""
    lookups: dict[str, dict[Lookup, None]] = {}
    devices: dict[str, dict[str, None]] = {}
    for one in several:
        lookups.setdefault(one.place, {}).update(dict.fromkeys(one.lookups))
        devices.setdefault(one.place, {}).update(dict.fromkeys(one.devices))
    return [Question(place, tuple(lookups[place]), tuple(devices[place])) for place in lookups]
