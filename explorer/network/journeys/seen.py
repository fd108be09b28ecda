"""One packet out of everything that was seen: its sightings in the order in which they happened, and the rules that it met."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from explorer.network.journeys.ends import Ends
from explorer.network.journeys.gathered import Drop, Sighting, Step
from explorer.network.journeys.headers import UDP, internet
from explorer.network.journeys.identity import Mark, ends_of, framed, ip_number, step_ends, step_fits
from explorer.network.journeys.scene import Scene
from explorer.network.packets import Packet, dissect


@dataclass(frozen=True, slots=True)
class SeenPacket:
    """A sighting of the packet, dissected."""

    sighting: Sighting
    packet: Packet
    ends: Ends | None

    def resets(self) -> bool:
        tcp = self.packet.find("TCP")
        return bool(tcp and "RST" in tcp.get("flags"))


def recognised(mark: Mark, sightings: Iterable[Sighting]) -> list[SeenPacket]:
    """The sightings of the packet, in order of time. Only frames that hold the needle are dissected."""
    found = []
    for sighting in sorted(sightings, key=lambda one: one.at):
        if mark.needle not in sighting.data:
            continue
        packet = dissect(sighting.data, sighting.length)
        if mark.fits(packet, sighting.data):
            found.append(SeenPacket(sighting, packet, ends_of(packet)))
    return [one for one in found if _numbers(one.packet) == _numbers(found[0].packet)]


def _numbers(packet: Packet) -> tuple[str, str]:
    """What tells two packets with the same mark apart: a program that speaks first sends a second packet with the same
    acknowledgement; a name server that asks another one may keep the message's identifier."""
    tcp = packet.find("TCP")
    if tcp:
        return tcp.get("sequence"), tcp.get("flags")
    return ("" if packet.find("ICMP") else ip_number(packet), "")


def _tunnel(packet: Packet) -> tuple[str, str, str] | None:
    """Source, destination and identification of the VXLAN packet around it."""
    outer = packet.find("IPv4", depth=0) if packet.find("VXLAN") else None
    return (outer.get("source"), outer.get("destination"), outer.get("identification")) if outer else None


def _carries(step: Step, tunnels: set[tuple[str, str, str]]) -> bool:
    """Whether the step is about the VXLAN packet that carries the packet."""
    ends = step_ends(step)
    ip = internet(step.network)
    return bool(ip and ends and ends.destination_port == "4789" and (ends.source, ends.destination, ip.number) in tunnels)


@dataclass(frozen=True, slots=True)
class Lost:
    """A drop of the packet, dissected: `ends` as the packet stood when the kernel threw it away."""

    drop: Drop
    packet: Packet
    ends: Ends | None


ELSEWHERE = (
    "packet_rcv",
    "tpacket_rcv",
    "packet_rcv_spkt",
)  # full sockets of people who listen: a copy is lost, not the packet


def thrown_away(mark: Mark, drops: Iterable[Drop]) -> list[Lost]:
    """The drops of the packet, in order of time."""
    found = []
    for drop in sorted(drops, key=lambda one: one.at):
        if mark.needle not in drop.data or drop.function in ELSEWHERE:
            continue
        data = framed(drop)
        packet = dissect(data, max(len(data), drop.length))
        if mark.fits(packet, data):
            found.append(Lost(drop, packet, ends_of(packet)))
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


def is_copy(scene: Scene, one: SeenPacket) -> bool:
    """Whether the frame came to an interface that it is not for: a bridge that does not know the way gives everybody a copy.
    The interface below a macvlan takes in what is for the macvlan."""
    interface = scene.interface(one.sighting.place, one.sighting.device)
    mac = _destination(one)
    if one.sighting.way == "out" or not interface or interface.master or interface.kind in ("bridge", "loopback"):
        return False
    if not mac or not interface.mac or mac == interface.mac or int(mac[:2], 16) & 1:
        return False
    return not any(scene.is_child(place, name) for place, name in scene.with_mac(mac))


Bridge = tuple[str, str]  # a place and its bridge


def without_floods(scene: Scene, seen: list[SeenPacket]) -> tuple[list[SeenPacket], dict[Bridge, tuple[str, ...]]]:
    """The sightings without the copies that a bridge made when it did not know the way, and the ports that it used then: of
    the ports one is kept, that of the machine which has the frame's MAC address, or else the first. A sender that hears
    nothing sends its packet again: one port that sent it twice is no flood."""
    out: dict[Bridge, list[SeenPacket]] = {}
    for one in seen:
        if one.sighting.way == "out" and (master := scene.master(one.sighting.place, one.sighting.device)):
            out.setdefault((one.sighting.place, master), []).append(one)
    floods: dict[Bridge, tuple[str, ...]] = {}
    gone: list[SeenPacket] = []
    for (place, bridge), those in out.items():
        ports = tuple(dict.fromkeys(one.sighting.device for one in those))
        if len(ports) == 1 or _for_many(those[0]):
            continue
        floods[place, bridge] = ports
        mac = _destination(those[0])
        held = set(scene.with_mac(mac))
        kept = next((one for one in those if _other_end(scene, one) in held), those[0]).sighting.device
        gone += [one for one in those if one.sighting.device != kept]
        own = scene.interface(place, bridge)
        if own and own.mac != mac:  # the bridge's own interface got a copy too
            at = (place, bridge, "in")
            gone += [one for one in seen if (one.sighting.place, one.sighting.device, one.sighting.way) == at]
    left_out = {id(one) for one in gone}
    return [one for one in seen if id(one) not in left_out], floods


def _other_end(scene: Scene, one: SeenPacket) -> tuple[str, str]:
    """The interface at the other end of the cable."""
    port = scene.interface(one.sighting.place, one.sighting.device)
    return (port.peer_place, port.peer_name) if port else ("", "")


def _for_many(one: SeenPacket) -> bool:
    mac = _destination(one)
    return bool(mac) and bool(int(mac[:2], 16) & 1)


def _destination(one: SeenPacket) -> str:
    layer = one.packet.find("Ethernet", depth=0)
    return layer.get("destination") if layer else ""


def recognised_steps(mark: Mark, seen: list[SeenPacket], lost: list[Lost], steps: Iterable[Step]) -> dict[str, list[Step]]:
    """Place → the steps that are about this packet, in order. A step without headers belongs to the last step with headers
    that has the same number."""
    known = {one.ends for one in seen if one.ends} | {one.ends for one in lost if one.ends}
    known |= {mark.start} if mark.start else set()
    tunnels = {outer for one in seen if (outer := _tunnel(one.packet))}
    tunnels |= {outer for one in lost if (outer := _tunnel(one.packet))}
    numbers = {ip_number(one.packet) for one in seen} | {ip_number(one.packet) for one in lost}
    ours: dict[str, list[Step]] = {}
    following: dict[tuple[str, int], bool] = {}
    for step in steps:
        if step.network:
            ip = internet(step.network)
            same = ip is None or ip.protocol != UDP or not numbers or ip.number in numbers
            following[step.place, step.packet] = (same and step_fits(step, mark, known)) or _carries(step, tunnels)
        if following.get((step.place, step.packet)):
            ours.setdefault(step.place, []).append(step)
    return ours
