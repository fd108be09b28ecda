"""From frame to layers: each header says what comes next, until nobody knows what comes next or the bytes end."""

from __future__ import annotations

from collections.abc import Callable

from explorer.network.packets import internet, link, names, transport
from explorer.network.packets.model import Field, Layer, Packet
from explorer.network.packets.reader import Malformed, Reader, Short
from explorer.network.packets.step import Next

HEADERS: dict[str, Callable[[Reader], Next]] = {
    "Ethernet": link.ethernet,
    "VLAN": link.vlan,
    "ARP": link.arp,
    "IPv4": internet.internet4,
    "IPv6": internet.internet6,
    "ICMP": internet.icmp,
    "ICMPv6": internet.icmp6,
    "UDP": transport.udp,
    "TCP": transport.tcp,
    "DNS": names.dns,
    "VXLAN": transport.vxlan,
}
LAYERS = 32
DEPTH = 3  # tunnels within one another
CAPTURED = 64 * 1024  # bytes of one frame that are looked at


def dissect(frame: bytes, length: int | None = None) -> Packet:
    """`length` is what the frame had on the wire, when less of it was captured."""
    frame = bytes(frame[:CAPTURED])
    whole = max(length or 0, len(frame))
    layers: list[Layer] = []
    protocol, at, end, depth = "Ethernet", 0, len(frame), 0
    cut = whole > len(frame)  # more was sent than is here
    while protocol and len(layers) < LAYERS:
        read = Reader(frame, at, end)
        try:
            following = HEADERS[protocol](read)
            problem = ""
        except Short as error:
            following = Next("")
            problem = f"truncated: {error}" if cut or end == len(frame) else f"malformed: {error}"
        except Malformed as error:
            following, problem = Next(""), f"malformed: {error}"
        told, end = _bounds(following, end, len(frame), cut)
        layers.append(Layer(protocol, at, read.at - at, tuple(read.fields), problem or told, depth))
        if problem:
            break
        at, protocol = read.at, following.protocol
        if following.inner:
            depth += 1
            if depth > DEPTH:
                layers.append(Layer("Payload", at, max(0, end - at), (), f"not read: more than {DEPTH} tunnels", depth))
                break
        if not protocol and at < end:
            layers.append(_rest(following.payload, at, end, depth))
    return Packet(tuple(layers), whole, len(frame))


def _bounds(following: Next, end: int, captured: int, cut: bool) -> tuple[str, int]:
    """Where the layer ends by its own word, and what is wrong with that word."""
    if following.end is None:
        return "", end
    if following.end <= end:
        return "", following.end
    missing = following.end - end
    if cut and end == captured:
        return "", end
    return f"truncated: it says it has {missing} bytes more than there are", end


def _rest(name: str, at: int, end: int, depth: int) -> Layer:
    return Layer(name, at, end - at, (Field("bytes", str(end - at), at, end - at),), "", depth)
