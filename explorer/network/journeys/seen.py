"""One packet out of everything that was seen: its sightings in the order in which they happened, and the rules that it met."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from explorer.network.journeys.evidence import Sighting, Step
from explorer.network.journeys.identity import Ends, Mark, ends_of, step_fits
from explorer.network.journeys.scene import Scene
from explorer.network.packets import Packet, dissect


@dataclass(frozen=True, slots=True)
class SeenPacket:
    """A sighting of the packet, dissected."""

    sighting: Sighting
    packet: Packet
    ends: Ends | None


def recognised(mark: Mark, sightings: Iterable[Sighting]) -> list[SeenPacket]:
    """The sightings of the packet, in order of time. Only frames that hold the needle are dissected."""
    found = []
    for sighting in sorted(sightings, key=lambda one: one.at):
        if mark.needle not in sighting.data:
            continue
        packet = dissect(sighting.data, sighting.length)
        if mark.fits(packet, sighting.data):
            found.append(SeenPacket(sighting, packet, ends_of(packet)))
    return found


def in_order(scene: Scene, seen: list[SeenPacket]) -> list[SeenPacket]:
    """The sightings in the order in which the packet passed. The kernel may keep the time of a frame's first arrival when it
    forwards the frame, so a frame that leaves a veth pair can seem older than the frame that entered it. This function puts
    the leaving frame directly after the entering frame."""
    went_in = {(one.sighting.place, one.sighting.device): one.sighting.at for one in seen if one.sighting.way == "out"}
    found = []
    for one in seen:
        interface = scene.interface(one.sighting.place, one.sighting.device)
        before = went_in.get((interface.peer_place, interface.peer_name)) if interface and one.sighting.way == "in" else None
        late = before is not None and one.sighting.at <= before
        found.append(replace(one, sighting=replace(one.sighting, at=(before or 0) + 1)) if late else one)
    return sorted(found, key=lambda one: one.sighting.at)


def recognised_steps(mark: Mark, seen: list[SeenPacket], steps: Iterable[Step]) -> dict[str, list[Step]]:
    """Place → the steps that are about this packet, in order. A step without headers belongs to the last step with headers
    that has the same number."""
    known = {one.ends for one in seen if one.ends}
    ours: dict[str, list[Step]] = {}
    following: dict[tuple[str, int], bool] = {}
    for step in steps:
        if step.network:
            following[step.place, step.packet] = step_fits(step, mark, known)
        if following.get((step.place, step.packet)):
            ours.setdefault(step.place, []).append(step)
    return ours
