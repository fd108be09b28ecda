"""From a frame to its layers. Each header names the next one, until no next header is known or the bytes end."""

from __future__ import annotations

from collections.abc import Callable

from explorer.network.packets import checksums, dns, internet, link, quoted, transport
from explorer.network.packets.model import Field, Layer, Packet
from explorer.network.packets.reader import ByteCursor, Malformed, Short
from explorer.network.packets.step import Next

HEADERS: dict[str, Callable[[ByteCursor], Next]] = {
    "Ethernet": link.ethernet,
    "VLAN": link.vlan,
    "LLC": link.llc,
    "STP": link.stp,
    "ARP": link.arp,
    "IPv4": internet.internet4,
    "IPv6": internet.internet6,
    "ICMP": internet.icmp,
    "ICMPv6": internet.icmp6,
    "UDP": transport.udp,
    "TCP": transport.tcp,
    "DNS": dns.dns,
    "VXLAN": transport.vxlan,
    **quoted.QUOTED,
}
LAYERS = 32
DEPTH = 3  # tunnels inside one another
CAPTURED = 64 * 1024  # bytes of one frame that are read


def dissect(frame: bytes, length: int | None = None) -> Packet:
    """The packet. `length` is the frame's bytes on the wire, when fewer were captured. Never raises."""
    frame = bytes(frame[:CAPTURED])
    whole = max(length or 0, len(frame))
    cut = whole > len(frame)  # more bytes were sent than were captured
    layers: list[Layer] = []
    protocol, at, end, depth = "Ethernet", 0, len(frame), 0
    piece = False  # a fragment: its payload may be longer than this piece
    carrier: Layer | None = None  # the last IP header
    complete = False  # all bytes that the IP header carries are here
    while protocol and len(layers) < LAYERS:
        read = ByteCursor(frame, at, end)
        try:
            following, problem = HEADERS[protocol](read), ""
        except Short as error:
            here = cut or piece or end == len(frame)
            following, problem = Next(""), f"{'truncated' if here else 'malformed'}: {error}"
        except Malformed as error:
            following, problem = Next(""), f"malformed: {error}"
        piece = piece or following.piece
        told, end = _bounds(following, end, piece or (cut and end == len(frame)))
        layer = Layer(protocol, at, read.at - at, tuple(read.fields), problem or told, depth)
        if protocol in checksums.IPS:
            carrier, complete = layer, not (piece or cut or layer.problem)
        layers.append(layer if problem else checksums.judge(frame, layer, end, carrier if complete else None))
        if problem:
            break
        at, protocol = read.at, following.protocol or _by_address(protocol, carrier)
        if following.inner:
            depth, carrier, complete = depth + 1, None, False
            if depth > DEPTH:
                layers.append(Layer("Payload", at, max(0, end - at), (), f"not read: more than {DEPTH} tunnels", depth))
                break
        if not protocol and at < end:
            layers.append(_rest(following.payload, at, end, depth))
    checksums.settle(frame, layers)
    return Packet(tuple(layers), whole, len(frame))


def _by_address(protocol: str, carrier: Layer | None) -> str:
    """ "DNS" for UDP to or from Docker's embedded DNS server, which listens on a random port: a query to its port 53 is
    translated at once."""
    ends = (carrier.get("source"), carrier.get("destination")) if carrier else ()
    return "DNS" if protocol == "UDP" and dns.EMBEDDED_SERVER in ends else ""


def _bounds(following: Next, end: int, goes_on: bool) -> tuple[str, int]:
    """(what is wrong with the end that a layer claims for itself, the end to use)."""
    if following.end is None or following.end > end:
        missing = 0 if following.end is None or goes_on else following.end - end
        return f"truncated: it says it has {missing} bytes more than there are" if missing else "", end
    return "", following.end


def _rest(name: str, at: int, end: int, depth: int) -> Layer:
    return Layer(name, at, end - at, (Field("bytes", str(end - at), at, end - at),), "", depth)
