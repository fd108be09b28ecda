"""Which packet is followed when nothing is sent for it: the first that a place sends by itself, of any protocol.

A ping, a connection, a datagram and a packet of another IP protocol count first, then a name lookup, which often comes before
them. What the kernel sends by itself (ARP, group membership, neighbour discovery) counts only when nothing else came.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from explorer.network.journeys.ends import Ends, with_port
from explorer.network.journeys.gathered import Sighting, Step
from explorer.network.journeys.identity import (
    BEGINNING,
    Mark,
    arp_marks,
    datagram_marks,
    dns_marks,
    ends_of,
    innermost,
    ip_number,
    other_marks,
    ping_marks,
    protocol_of,
    tcp_marks,
)
from explorer.network.journeys.rules import OURS, SENT
from explorer.network.packets import Packet, dissect

NOISE = ("4789", "7946", "5353", "67", "68")  # ports of what hosts send by themselves: VXLAN, Swarm's gossip, mDNS, DHCP
PROGRAMS, LOOKUPS, KERNELS = range(3)  # what counts first
HOP_BY_HOP, IGMP, ICMP6 = 0, 2, 58  # reports of group membership by IPv6 have a hop-by-hop header before ICMPv6 (RFC 3810)
ECHO6 = (128, 129)


@dataclass(frozen=True, slots=True)
class Own:
    """A packet that left by itself: `to` in words, the address that it is for ("" without one), its mark and its answer's."""

    rank: int
    to: str
    address: str
    marks: tuple[Mark, Mark]


def first_of_its_own(
    sightings: Iterable[Sighting], source: str, steps: Iterable[Step] = (), *, kernels: bool = False
) -> Own | None:
    """A frame that left `source`, or else a packet of which only the rules saw something. With `kernels`, what the kernel
    sends by itself counts too."""
    found = [*_left(sightings, source), *_ruled(steps, source)]
    return min((one for one in found if kernels or one.rank < KERNELS), key=lambda one: one.rank, default=None)


def _left(sightings: Iterable[Sighting], source: str) -> Iterator[Own]:
    for seen in sightings:
        if seen.place == source and seen.way == "out":
            packet = dissect(seen.data, seen.length)
            if not packet.problem and (own := _own(packet, seen.data)):
                yield own


def _ruled(steps: Iterable[Step], source: str) -> Iterator[Own]:
    """Packets of the place itself as its first rule met them: a later rule or a missing neighbour may have stopped them."""
    for step in steps:
        if (step.place, step.table, step.chain) == (source, OURS, SENT) and len(step.network) >= 20:
            six = step.network[0] >> 4 == 6
            data = bytes(12) + struct.pack(">H", 0x86DD if six else 0x0800) + step.network + step.transport
            total = 14 + (40 + int.from_bytes(step.network[4:6]) if six else int.from_bytes(step.network[2:4]))
            if own := _own(dissect(data, max(total, len(data))), data):
                yield own


def _own(packet: Packet, data: bytes) -> Own | None:
    arp, ends = packet.find("ARP"), ends_of(packet)
    if arp and "request" in arp.get("operation"):
        wanted = arp.get("target IP")
        return Own(KERNELS, f"who has {wanted}", "", arp_marks(data, arp))
    layer = innermost(packet)
    if ends is None or layer is None:
        return None
    to = f"to {with_port(ends.destination, ends.destination_port)}"
    if marks := _of_program(packet, data, ends):
        if marks[0].transport == "udp":
            marks = (replace(marks[0], once=ip_number(packet), start=ends), marks[1])
        rank = LOOKUPS if marks[0].protocol == "UDP" else PROGRAMS
        return Own(rank, to, ends.destination, marks)
    number, payload = protocol_of(layer, data), data[layer.offset + layer.length :]
    if number in (6, 17) or (number == 1 and packet.find("ICMP")):
        return None  # a later packet of a connection, an answer, an error, an empty datagram
    asks = number != ICMP6 or payload[:1] == bytes([ECHO6[0]])
    if packet.find("ICMPv6") and payload[:1] == bytes([ECHO6[1]]):
        return None
    kernels = number in (HOP_BY_HOP, IGMP) or not asks
    mark, answer = other_marks(number, payload, ends)
    return Own(
        KERNELS if kernels else PROGRAMS, to, ends.destination, (replace(mark, once=ip_number(packet), start=ends), answer)
    )


def _of_program(packet: Packet, data: bytes, ends: Ends) -> tuple[Mark, Mark] | None:
    icmp, tcp, udp = packet.find("ICMP", "ICMPv6"), packet.find("TCP"), packet.find("UDP")
    if icmp and "echo request" in icmp.get("type"):
        return ping_marks(int(icmp.get("id")), int(icmp.get("sequence")), icmp.protocol)
    if tcp and tcp.get("flags") == "SYN":
        return tcp_marks(int(tcp.get("sequence")))
    if udp and packet.find("DNS") and len(data) >= udp.offset + 10:
        return dns_marks(int.from_bytes(data[udp.offset + 8 : udp.offset + 10]))
    if udp and ends.destination_port not in NOISE and len(data) > udp.offset + 8:
        return datagram_marks(data[udp.offset + 8 :][:BEGINNING], ends)
    return None
