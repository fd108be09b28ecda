"""Recognises one packet wherever it is seen, by what address translation leaves unchanged.

A ping is known by its identifier and sequence number, TCP by the sequence number that the sender chose, DNS by the identifier
of its message. An answer is known by the numbers that it repeats from the request.
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterable
from dataclasses import dataclass

from explorer.network.journeys.evidence import Sighting, Step
from explorer.network.journeys.model import Asked
from explorer.network.packets import Packet, dissect


@dataclass(frozen=True, slots=True)
class Ends:
    """Addresses and ports of a packet at one moment; ports are "" where the protocol has none."""

    source: str
    destination: str
    source_port: str = ""
    destination_port: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """What identifies a packet. `needle` has to be in its bytes; `fields` have to be in its innermost layer of `protocol`."""

    protocol: str  # ICMP, TCP, UDP
    needle: bytes
    fields: tuple[tuple[str, str], ...] = ()
    answer: bool = False

    def fits(self, packet: Packet, data: bytes) -> bool:
        layer = next((one for one in reversed(packet.layers) if one.protocol == self.protocol), None)
        if layer is None:
            return False
        if self.protocol == "UDP":  # a name server may listen on any port, so only the message can be recognised
            message = data[layer.offset + 8 : layer.offset + 12]
            return len(message) == 4 and message[:2] == self.needle and bool(message[2] & 0x80) == self.answer
        return all(wanted in layer.get(name) for name, wanted in self.fields)


def ping_marks(identity: int, sequence: int = 1) -> tuple[Mark, Mark]:
    """The marks of an echo request and of its reply."""
    needle = struct.pack(">HH", identity, sequence)
    same = (("id", str(identity)), ("sequence", str(sequence)))
    return (
        Mark("ICMP", needle, (("type", "echo request"), *same)),
        Mark("ICMP", needle, (("type", "echo reply"), *same), answer=True),
    )


def tcp_marks(sequence: int) -> tuple[Mark, Mark]:
    """The marks of the first packet of a connection and of the first answer to it; the answer may be a refusal."""
    following = (sequence + 1) % 2**32
    return (
        Mark("TCP", struct.pack(">I", sequence), (("flags", "SYN"), ("sequence", str(sequence)))),
        Mark("TCP", struct.pack(">I", following), (("acknowledgement", str(following)),), answer=True),
    )


def dns_marks(identity: int) -> tuple[Mark, Mark]:
    """The marks of a DNS query with this identifier and of its answer."""
    needle = struct.pack(">H", identity)
    return Mark("UDP", needle), Mark("UDP", needle, answer=True)


def first_of_its_own(sightings: Iterable[Sighting], source: str) -> tuple[Ends, tuple[Mark, Mark]] | None:
    """The first ping or connection that `source` sent; if there is none, the first name lookup. Returns the packet's ends and
    its marks, or None."""
    lookup = None
    for seen in sightings:
        if seen.place != source or seen.way != "out":
            continue
        packet = dissect(seen.data, seen.length)
        ends = ends_of(packet)
        if not ends or packet.problem or (marks := _marks_of(packet, seen.data)) is None:
            continue
        if marks[0].protocol != "UDP":
            return ends, marks
        lookup = lookup or (ends, marks)
    return lookup


def _marks_of(packet: Packet, data: bytes) -> tuple[Mark, Mark] | None:
    icmp, tcp, udp = (packet.find(protocol) for protocol in ("ICMP", "TCP", "UDP"))
    if icmp and "echo request" in icmp.get("type"):
        return ping_marks(int(icmp.get("id")), int(icmp.get("sequence")))
    if tcp and tcp.get("flags") == "SYN":
        return tcp_marks(int(tcp.get("sequence")))
    if udp and packet.find("DNS") and len(data) >= udp.offset + 10:
        return dns_marks(int.from_bytes(data[udp.offset + 8 : udp.offset + 10]))
    return None


def find_sequence(sightings: tuple[Sighting, ...], source: str, address: str, port: int) -> int | None:
    """The sequence number of the first connection attempt from `source` to that address and port."""
    for seen in sightings:
        if seen.place != source:
            continue
        packet = dissect(seen.data, seen.length)
        ip, tcp = packet.find("IPv4"), packet.find("TCP")
        if (
            ip
            and tcp
            and tcp.get("flags") == "SYN"
            and (ip.get("destination"), tcp.get("destination port")) == (address, str(port))
        ):
            return int(tcp.get("sequence"))
    return None


def ends_of(packet: Packet) -> Ends | None:
    """The ends of the innermost packet: of the packet in a tunnel, not of the tunnel."""
    depth = max((layer.depth for layer in packet.layers), default=0)
    while depth >= 0:
        ip = packet.find("IPv4", "IPv6", depth=depth)
        if ip:
            ports = packet.find("TCP", "UDP", depth=depth)
            return Ends(
                ip.get("source"),
                ip.get("destination"),
                ports.get("source port") if ports else "",
                ports.get("destination port") if ports else "",
            )
        depth -= 1
    return None


def step_ends(step: Step) -> Ends | None:
    """The ends of a step that carries its headers."""
    if len(step.network) < 20 or step.network[0] >> 4 != 4:
        return None
    source, destination = (str(ipaddress.IPv4Address(step.network[at : at + 4])) for at in (12, 16))
    if step.network[9] in (6, 17) and len(step.transport) >= 4:
        first, second = struct.unpack_from(">HH", step.transport)
        return Ends(source, destination, str(first), str(second))
    return Ends(source, destination)


def step_fits(step: Step, mark: Mark, known: set[Ends]) -> bool:
    """Whether a step with headers is about the marked packet. A UDP step is recognised by its ends, because a UDP header has
    no number that identifies a packet."""
    ends = step_ends(step)
    if ends is None:
        return False
    protocol = step.network[9]
    if mark.protocol == "TCP":
        at = 8 if mark.answer else 4
        return protocol == 6 and step.transport[at : at + 4] == mark.needle
    if mark.protocol == "ICMP":
        kind = 0 if mark.answer else 8
        return protocol == 1 and step.transport[:1] == bytes([kind]) and step.transport[4:8] == mark.needle
    return protocol == 17 and any(_one_end(ends, other) for other in known)


def _one_end(one: Ends, other: Ends) -> bool:
    """Whether one end is unchanged: a translation replaces one end of a packet at a time."""
    return (one.source, one.source_port) == (other.source, other.source_port) or (one.destination, one.destination_port) == (
        other.destination,
        other.destination_port,
    )


PING, CONNECTION, LOOKUP = "icmp type { echo-request, echo-reply }", "tcp flags & (syn | rst) != 0", "meta l4proto udp"


def wanted(asked: Asked) -> tuple[str, ...]:
    """The nftables matches for packets of this kind and their answers. The matches are narrow, so that other packets are not
    traced."""
    kinds = {"ping": (PING,), "dns": (LOOKUP,), "record": (PING, CONNECTION, LOOKUP)}
    return kinds.get(asked.kind, (CONNECTION,))
