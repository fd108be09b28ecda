"""Recognises one packet wherever it is seen, by what address translation leaves unchanged.

A ping is known by its identifier and sequence number, TCP by the sequence number that the sender chose, DNS by the identifier
of its message. An answer is known by the numbers that it repeats from the request.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass, replace

from explorer.network.journeys.ends import Ends
from explorer.network.journeys.gathered import Drop, Gathered, Step
from explorer.network.journeys.headers import ECHOES, ICMP, ICMP6, TCP, UDP, internet, ports
from explorer.network.journeys.model import Asked
from explorer.network.packets import Layer, Packet, dissect

WORDED = ("type", "flags", "operation")  # fields whose value is several words; of the others the whole value has to be the same


@dataclass(frozen=True, slots=True)
class Mark:
    """What identifies a packet. `needle` has to be in its bytes; `fields` have to be in its innermost layer of `protocol`."""

    protocol: str  # ICMP, ICMPv6, TCP, ARP, UDP (a DNS message), datagram (any other UDP), IP (any other protocol)
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
        return all(
            wanted in value if name in WORDED else wanted == value
            for name, wanted in self.fields
            for value in (layer.get(name),)
        )

    def _carries(self, packet: Packet, data: bytes) -> bool:
        layer = innermost(packet)
        if layer is None or protocol_of(layer, data) != self.number:
            return False
        return ends_of(packet) in self.ends if self.ends else data[layer.offset + layer.length :].startswith(self.needle)


def ping_marks(identity: int, sequence: int = 1, protocol: str = "ICMP") -> tuple[Mark, Mark]:
    """The marks of an echo request and of its reply."""
    needle = struct.pack(">HH", identity, sequence)
    same = (("id", str(identity)), ("sequence", str(sequence)))
    return (
        Mark(protocol, needle, (("type", "echo request"), *same)),
        Mark(protocol, needle, (("type", "echo reply"), *same), answer=True),
    )


def ping_protocol(address: str) -> str:
    return "ICMPv6" if ":" in address else "ICMP"


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


ECHO = {"ICMP": ICMP, "ICMPv6": ICMP6}
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
        first = ends and _protocol(step) == TCP and len(step.transport) >= 14 and step.transport[13] & 0x12 == 0x02
        if first and ends and (ends.source_port, ends.destination_port) == (str(port), str(to)):
            return int.from_bytes(step.transport[4:8])
    frames = [one.data for one in gathered.sightings if one.place == source]
    frames += [framed(one) for one in gathered.drops if one.place == source]
    ours = struct.pack(">H", port)
    for data in (one for one in frames if ours in one):  # only what can be it is taken apart: a busy place has many frames
        tcp = dissect(data, len(data)).find("TCP")
        if tcp and tcp.get("flags") == "SYN" and tcp.get("source port") == str(port):
            return int(tcp.get("sequence"))
    return None


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
    ip = internet(step.network)
    return Ends(ip.source, ip.destination, *ports(ip.protocol, step.transport)) if ip else None


def _protocol(step: Step) -> int:
    ip = internet(step.network)
    return ip.protocol if ip else 0


def _number(step: Step) -> str:
    ip = internet(step.network)
    return ip.number if ip else ""


def step_fits(step: Step, mark: Mark, known: set[Ends]) -> bool:
    """Whether a step with headers is about the marked packet. A UDP step is recognised by its ends, because a UDP header has
    no number that identifies a packet."""
    ends = step_ends(step)
    if ends is None:
        return False
    protocol = _protocol(step)
    if mark.protocol == "TCP":
        at = 8 if mark.answer else 4
        return protocol == TCP and step.transport[at : at + 4] == mark.needle
    if mark.protocol in ECHO:
        kind = ECHOES[ECHO[mark.protocol]][mark.answer]
        same = step.transport[:1] == bytes([kind]) and step.transport[4:8] == mark.needle
        return protocol == ECHO[mark.protocol] and same
    if mark.once and mark.once != _number(step):
        return False
    wanted = mark.number if mark.protocol == "IP" else UDP
    return protocol == wanted and any(_one_end(ends, other) for other in known)


def _one_end(one: Ends, other: Ends) -> bool:
    """Whether one end is unchanged: a translation replaces one end of a packet at a time."""
    return (one.source, one.source_port) == (other.source, other.source_port) or (one.destination, one.destination_port) == (
        other.destination,
        other.destination_port,
    )


PING, PING6 = "icmp type { echo-request, echo-reply }", "icmpv6 type { echo-request, echo-reply }"
CONNECTION, LOOKUP = "tcp flags & (syn | rst) != 0", "meta l4proto udp"
OTHERS = "meta l4proto != { tcp, udp }"
TUNNEL = "udp dport 4789"  # VXLAN: the packet may travel inside


def wanted(asked: Asked) -> tuple[str, ...]:
    """The nftables matches for packets of this kind and their answers. The matches are narrow, so that other packets are not
    traced."""
    kinds = {"ping": (PING, PING6, TUNNEL), "dns": (LOOKUP,), "record": (CONNECTION, LOOKUP, OTHERS)}
    return kinds.get(asked.kind, (CONNECTION, TUNNEL))
