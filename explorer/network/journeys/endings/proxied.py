"""A connection that is taken on the host for a published port: the packet ends there, and a second connection begins."""

from __future__ import annotations

from dataclasses import replace

from explorer.network.journeys.endings.case import Case, End
from explorer.network.journeys.ends import Ends
from explorer.network.journeys.evidence import Sentence, frame_seen
from explorer.network.journeys.gathered import Sighting
from explorer.network.journeys.identity import ends_of
from explorer.network.packets import dissect
from explorer.network.writes.sockets import listener_at


def with_second(case: Case, end: End) -> End:
    """Says which connection the host itself opened after it had taken the packet, when it is to the published container."""
    state = case.scene.docker.get(end.place)
    ends = case.form(end.place)
    if end.ending != "arrived" or case.mark.answer or case.mark.protocol != "TCP" or state is None or ends is None:
        return end
    found = listener_at(state, "tcp", ends.destination, int(ends.destination_port or 0))
    if found is None:
        return end
    container, port = found
    addresses = {address for one in container.endpoints for address in (one.address, one.address6) if address}
    inside = {(address, str(port.container_port)) for address in addresses}
    second = _opened(case, end.place, inside)
    if second is None:
        return end
    sighting, other = second
    said = (
        f"; then {end.place} opened a second connection, {other.words()}, as docker-proxy does for port {port.host_port}, "
        f"which {container.name} publishes"
    )
    ground = frame_seen(sighting, other)
    return replace(end, sentence=Sentence(f"{end.sentence.text}{said}", *end.sentence.evidence, ground))


def _opened(case: Case, place: str, inside: set[tuple[str, str]]) -> tuple[Sighting, Ends] | None:
    """The first connection to one of these ends that left the place after the packet, from an address of its own."""
    after, ports = case.last.sighting.at, {int(port).to_bytes(2) for _, port in inside}
    for one in sorted(case.gathered.sightings, key=lambda sighting: sighting.at):
        if one.place != place or one.way != "out" or one.at <= after or not any(port in one.data for port in ports):
            continue
        packet = dissect(one.data, one.length)
        tcp, ends = packet.find("TCP"), ends_of(packet)
        if tcp is None or ends is None or tcp.get("flags") != "SYN":
            continue
        if (ends.destination, ends.destination_port) in inside and case.scene.holds(place, ends.source):
            return one, ends
    return None
