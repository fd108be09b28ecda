"""The packet that an ICMP error is about: its IP header and at least eight bytes of what followed (RFC 792, RFC 4443).

The layers are called `quoted IPv4`, `quoted UDP` and so on, so that nobody takes them for headers of the frame itself.
"""

from __future__ import annotations

from collections.abc import Callable

from explorer.network.packets.internet import ICMP_TYPES, ICMPV6_TYPES, internet4, internet6
from explorer.network.packets.reader import ByteCursor, hexadecimal, named
from explorer.network.packets.step import Next

DATA = "Data"


def quoted4(read: ByteCursor) -> Next:
    return _of(internet4(read))


def quoted6(read: ByteCursor) -> Next:
    return _of(internet6(read))


def _of(packet: Next) -> Next:
    """The quotation may end before the packet did, so the packet's own length is no bound."""
    known = f"quoted {packet.protocol}"
    return Next(known if known in QUOTED else "", payload=DATA)


def udp(read: ByteCursor) -> Next:
    read.number("source port", 2)
    read.number("destination port", 2)
    read.number("length", 2)
    read.number("checksum", 2, hexadecimal(4))
    return Next("", payload=DATA)


def tcp(read: ByteCursor) -> Next:
    read.number("source port", 2)
    read.number("destination port", 2)
    read.number("sequence", 4)
    return Next("", payload=DATA)


def icmp(read: ByteCursor) -> Next:
    return _echo(read, ICMP_TYPES, (0, 8))


def icmp6(read: ByteCursor) -> Next:
    return _echo(read, ICMPV6_TYPES, (128, 129))


def _echo(read: ByteCursor, types: dict[int, str], echoes: tuple[int, int]) -> Next:
    kind = read.number("type", 1, named(types))
    read.number("code", 1)
    read.number("checksum", 2, hexadecimal(4))
    if kind in echoes:
        read.number("id", 2)
        read.number("sequence", 2)
    return Next("", payload=DATA)


QUOTED: dict[str, Callable[[ByteCursor], Next]] = {
    "quoted IPv4": quoted4,
    "quoted IPv6": quoted6,
    "quoted UDP": udp,
    "quoted TCP": tcp,
    "quoted ICMP": icmp,
    "quoted ICMPv6": icmp6,
}
