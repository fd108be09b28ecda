"""Which kernels are asked after a packet has passed, and for which routes and tracked connections: every place that saw
the packet, each for the packet in every form that it had there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from explorer.network.journeys.endings.case import Case
from explorer.network.journeys.ends import Ends
from explorer.network.journeys.identity import Mark, step_ends
from explorer.network.journeys.kernel import Flow, Lookup
from explorer.network.journeys.seen import SeenPacket

MOST = 12  # questions for routes, and as many for tracked connections, in one place


@dataclass(frozen=True, slots=True)
class Question:
    place: str
    lookups: tuple[Lookup, ...]
    devices: tuple[str, ...]
    flows: tuple[Flow, ...] = ()


def questions(cases: Iterable[Case], source: str, address: str) -> list[Question]:
    """`source` is the place that sent to `address`; it is asked also when no packet left it."""
    lookups: dict[str, dict[Lookup, None]] = {source: {Lookup(source, address): None} if address else {}}
    devices: dict[str, dict[str, None]] = {source: {}}
    flows: dict[str, dict[Flow, None]] = {}

    def add(place: str, device: str, lookup: Lookup | None) -> None:
        devices.setdefault(place, {})[device] = None
        asked = lookups.setdefault(place, {})
        if lookup and len(asked) < MOST:
            asked[lookup] = None

    cases = list(cases)
    request = next((case for case in cases if not case.mark.answer), None)
    for case in (replace(one, other=request) if one.mark.answer else one for one in cases):
        for place, device, lookup in _of(case):
            add(place, device, lookup)
        for place, flow in _flows(case):
            if len(known := flows.setdefault(place, {})) < MOST:
                known[flow] = None
    return [
        Question(place, tuple(lookups[place]), tuple(name for name in devices[place] if name), tuple(flows.get(place, ())))
        for place in lookups
    ]


def _flows(case: Case) -> Iterator[tuple[str, Flow]]:
    """(place, question) for every form in which a place saw the packet."""
    forms = [(one.sighting.place, one.ends) for one in case.seen] + [(one.drop.place, one.ends) for one in case.lost]
    forms += [(place, step_ends(step)) for place, those in case.steps.items() for step in those if step.network]
    for place, ends in forms:
        if ends and (flow := flow_of(case.mark, ends)):
            yield place, flow


def flow_of(mark: Mark, ends: Ends) -> Flow | None:
    """None for a protocol whose connections are not asked for."""
    if mark.protocol == "ICMP":
        return Flow("icmp", ends, int.from_bytes(mark.needle[:2]), mark.answer)
    return Flow(mark.transport, ends) if mark.transport else None


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
    forms += [(place, case.form(place)) for place in {*case.steps, *(one.sighting.place for one in case.seen)}]
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
    """One question for each place, with the lookups, flows and interfaces of all of them."""
    lookups: dict[str, dict[Lookup, None]] = {}
    flows: dict[str, dict[Flow, None]] = {}
    devices: dict[str, dict[str, None]] = {}
    for one in several:
        lookups.setdefault(one.place, {}).update(dict.fromkeys(one.lookups))
        devices.setdefault(one.place, {}).update(dict.fromkeys(one.devices))
        flows.setdefault(one.place, {}).update(dict.fromkeys(one.flows))
    return [Question(place, tuple(lookups[place]), tuple(devices[place]), tuple(flows[place])) for place in lookups]
