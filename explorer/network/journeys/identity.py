"""Recognises one packet wherever it is seen, by what address translation leaves unchanged.

A ping is known by its identifier and sequence number, TCP by the sequence number that the sender chose, DNS by the identifier
of its message. An answer is known by the numbers that it repeats from the request.
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterable
from dataclasses import dataclass, replace

from explorer.network.journeys.ends import Ends
from explorer.network.journeys.gathered import Drop, Gathered, Sighting, Step
from explorer.network.journeys.model import Asked
from explorer.network.packets import Layer, Packet, dissect


@dataclass(frozen=True, slots=True)
class Mark:
    """What identifies a packet. `needle` has to be in its bytes; `fields` have to be in its innermost layer of `protocol`."""

    protocol: str  # ICMP, TCP, ARP, UDP (a DNS message), datagram (any other UDP), IP (any other protocol)
    needle: bytes
    fields: tuple[tuple[str, str], ...] = ()
    answer: bool = False
    ends: frozenset[Ends] = frozenset()  # of an answer that repeats nothing of the request but its ends
    number: int = 0  # of IP: the number of the protocol
    once: str = ""  # the identification in the IPv4 header: tells it from another packet with the same content
    start: Ends | None = None  # the ends with which it left its sender, where no interface may have shown them

    @property
    def transport(self) -> str:
        """tcp or udp; "" for a protocol without ports."""
        return {"TCP": "tcp", "UDP": "udp", "datagram": "udp"}.get(self.protocol, "")

    def answering(self, known: Iterable[Ends]) -> Mark:
        """The same, for the answer to a packet that had these ends on its way: each translation is undone on the way back."""
        return replace(self, ends=self.ends | {ends.back() for ends in known}) if self.ends else self

    def fits(self, packet: Packet, data: bytes) -> bool:
        if self.once and ip_number(packet) != self.once:
            return False
        if self.protocol == "IP":
            return self._carries(packet, data)
        name = "UDP" if self.protocol == "datagram" else self.protocol
        layer = next((one for one in reversed(packet.layers) if one.protocol == name), None)
        if layer is None:
            return False
        if self.protocol == "datagram":
            fits = data[layer.offset + 8 :].startswith(self.needle)
            return ends_of(packet) in self.ends if self.ends else fits
        if self.protocol == "UDP":  # a name server may listen on any port, so only the message can be recognised
            message = data[layer.offset + 8 : layer.offset + 12]
            return len(message) == 4 and message[:2] == self.needle and bool(message[2] & 0x80) == self.answer
        return all(wanted in layer.get(name) for name, wanted in self.fields)

    def _carries(self, packet: Packet, data: bytes) -> bool:
        layer = innermost(packet)
        if layer is None or protocol_of(layer, data) != self.number:
            return False
        return ends_of(packet) in self.ends if self.ends else data[layer.offset + layer.length :].startswith(self.needle)


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


def datagram_marks(payload: bytes, ends: Ends) -> tuple[Mark, Mark]:
    """The marks of a UDP datagram, known by how it begins, and of an answer to it, known by its ends."""
    return Mark("datagram", payload[:BEGINNING]), Mark("datagram", b"", answer=True, ends=frozenset({ends.back()}))


BEGINNING = 32  # bytes of a datagram that identify it


def other_marks(number: int, payload: bytes, ends: Ends) -> tuple[Mark, Mark]:
    """The marks of a packet of another IP protocol, known by how what it carries begins, and of an answer to it, known by its
    ends. `number` is the protocol's."""
    answer = Mark("IP", b"", answer=True, ends=frozenset({ends.back()}), number=number)
    return Mark("IP", payload[:BEGINNING], number=number), answer


def arp_marks(data: bytes, arp: Layer) -> tuple[Mark, Mark]:
    """The marks of an ARP request and of its answer."""
    sender, target = data[arp.offset + 8 : arp.offset + 18], data[arp.offset + 24 : arp.offset + 28]
    asked, asks = ("target IP", arp.get("target IP")), ("sender IP", arp.get("sender IP"))
    answers = (("operation", "reply"), ("sender IP", asked[1]), ("target IP", asks[1]))
    return Mark("ARP", sender, (("operation", "request"), asks, asked)), Mark("ARP", target + sender, answers, answer=True)


def find_sequence(gathered: Gathered, source: str, port: int, to: int) -> int | None:
    """The sequence number of the connection attempt from our `port` at `source` to port `to`, before anything rewrote it. The
    rules of the place see it first, then its interfaces; a packet that a rule stopped was only dropped."""
    for step in gathered.steps:
        ends = step_ends(step) if step.place == source else None
        first = ends and step.network[9] == 6 and len(step.transport) >= 14 and step.transport[13] & 0x12 == 0x02
        if first and ends and (ends.source_port, ends.destination_port) == (str(port), str(to)):
            return int.from_bytes(step.transport[4:8])
    frames = [one.data for one in gathered.sightings if one.place == source]
    frames += [framed(one) for one in gathered.drops if one.place == source]
    for data in frames:
        tcp = dissect(data, len(data)).find("TCP")
        if tcp and tcp.get("flags") == "SYN" and tcp.get("source port") == str(port):
            return int(tcp.get("sequence"))
    return None


@dataclass(frozen=True, slots=True)
class IcmpError:
    """An ICMP error about the packet, as it was seen first. `mtu` is what fits, for “fragmentation needed”."""

    sighting: Sighting
    sender: str
    type: int
    code: int
    mtu: int = 0

    @property
    def words(self) -> str:
        return ERRORS.get((self.type, self.code), f"type {self.type}, code {self.code}")


ERRORS = {
    (3, 0): "network unreachable", (3, 1): "host unreachable", (3, 2): "protocol unreachable", (3, 3): "port unreachable",
    (3, 4): "fragmentation needed", (3, 9): "network prohibited", (3, 10): "host prohibited",
    (3, 13): "administratively prohibited", (11, 0): "time to live exceeded", (11, 1): "fragments timed out",
    (12, 0): "bad header",
}  # fmt: skip
QUOTING = (3, 11, 12)  # the types of ICMP messages that quote a packet because it ended


def errors_about(mark: Mark, known: set[Ends], sightings: Iterable[Sighting]) -> list[IcmpError]:
    """The ICMP errors that quote the packet, in order of time. `known` are the ends that the packet had anywhere: UDP is
    recognised by them, everything else by its numbers."""
    found = []
    for one in sorted(sightings, key=lambda sighting: sighting.at):
        ip = _ipv4_at(one.data)
        icmp = ip + (one.data[ip] & 15) * 4 if ip and one.data[ip + 9] == 1 else 0
        if not icmp or len(one.data) < icmp + 36 or one.data[icmp] not in QUOTING:
            continue
        if _quotes(mark, known, one.data[icmp + 8 :]):
            mtu = int.from_bytes(one.data[icmp + 6 : icmp + 8])
            sender = str(ipaddress.IPv4Address(one.data[ip + 12 : ip + 16]))
            found.append(IcmpError(one, sender, one.data[icmp], one.data[icmp + 1], mtu))
    return found


def _ipv4_at(data: bytes) -> int:
    """Where the innermost IPv4 header begins, looking into VXLAN; 0 when there is none."""
    at = 14 if data[12:14] == b"\x08\x00" and len(data) >= 34 else 0
    if at and data[at + 9] == 17 and data[at + 22 : at + 24] == b"\x12\xb5" and data[at + 48 : at + 50] == b"\x08\x00":
        return at + 50 if len(data) >= at + 70 else 0  # 20 bytes IPv4, 8 UDP, 8 VXLAN, 14 Ethernet
    return at


def echo_of(data: bytes) -> bytes:
    """Identifier and sequence number of the echo message in a frame, also of one inside VXLAN; b"" for other frames."""
    ip = _ipv4_at(data)
    icmp = ip + (data[ip] & 15) * 4 if ip and data[ip + 9] == 1 else 0
    return data[icmp + 4 : icmp + 8] if icmp and data[icmp : icmp + 1] in (b"\0", b"\x08") else b""


def _quotes(mark: Mark, known: set[Ends], quoted: bytes) -> bool:
    size = (quoted[0] & 15) * 4
    transport, protocol = quoted[size : size + 8], quoted[9]
    if len(transport) < 8 or quoted[0] >> 4 != 4:
        return False
    if mark.protocol == "TCP" and not mark.answer:
        return protocol == 6 and transport[4:8] == mark.needle
    if mark.protocol == "ICMP":
        return protocol == 1 and transport[4:8] == mark.needle
    source, destination = (str(ipaddress.IPv4Address(quoted[at : at + 4])) for at in (12, 16))
    first, second = struct.unpack_from(">HH", transport)
    ends = Ends(source, destination, str(first), str(second)) if protocol in (6, 17) else Ends(source, destination)
    return protocol == {"TCP": 6, "UDP": 17, "datagram": 17, "IP": mark.number}.get(mark.protocol) and ends in known


def framed(drop: Drop) -> bytes:
    """The packet of a drop as a frame: the kernel may have no Ethernet header at that moment."""
    return drop.data if drop.network >= 14 else bytes(12) + struct.pack(">H", drop.protocol) + drop.data[drop.network :]


def innermost(packet: Packet) -> Layer | None:
    """The header of the innermost IP packet: of the packet in a tunnel, not of the tunnel."""
    return next((one for one in reversed(packet.layers) if one.protocol in ("IPv4", "IPv6")), None)


def ip_number(packet: Packet) -> str:
    """The identification of the innermost IPv4 packet; address translation leaves it unchanged."""
    inner = innermost(packet)
    return inner.get("identification") if inner else ""


def protocol_of(ip: Layer, data: bytes) -> int:
    """The number of the protocol that an IP header names; for IPv6 it may be that of an extension header."""
    at = ip.offset + (9 if ip.protocol == "IPv4" else 6)
    return data[at] if at < len(data) else 0


def ends_of(packet: Packet) -> Ends | None:
    """The ends of the innermost packet."""
    ip = innermost(packet)
    if ip is None:
        return None
    ports = packet.find("TCP", "UDP", depth=ip.depth)
    return Ends(
        ip.get("source"),
        ip.get("destination"),
        ports.get("source port") if ports else "",
        ports.get("destination port") if ports else "",
    )


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
    if mark.once and mark.once != str(int.from_bytes(step.network[4:6])):
        return False
    wanted = mark.number if mark.protocol == "IP" else 17
    return protocol == wanted and any(_one_end(ends, other) for other in known)


def _one_end(one: Ends, other: Ends) -> bool:
    """Whether one end is unchanged: a translation replaces one end of a packet at a time."""
    return (one.source, one.source_port) == (other.source, other.source_port) or (one.destination, one.destination_port) == (
        other.destination,
        other.destination_port,
    )


PING, CONNECTION, LOOKUP = "icmp type { echo-request, echo-reply }", "tcp flags & (syn | rst) != 0", "meta l4proto udp"
OTHERS = "meta l4proto != { tcp, udp }"
TUNNEL = "udp dport 4789"  # VXLAN: the packet may travel inside


def wanted(asked: Asked) -> tuple[str, ...]:
    """The nftables matches for packets of this kind and their answers. The matches are narrow, so that other packets are not
    traced."""
    kinds = {"ping": (PING, TUNNEL), "dns": (LOOKUP,), "record": (CONNECTION, LOOKUP, OTHERS)}
    return kinds.get(asked.kind, (CONNECTION, TUNNEL))
