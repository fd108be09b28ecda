"""IPv4 (RFC 791), IPv6 with its extension headers (RFC 8200), ICMP (RFC 792) and ICMPv6 (RFC 4443, 4861)."""

from __future__ import annotations

from explorer.network.packets.reader import ByteCursor, Malformed, flags, hexadecimal, ipv4, ipv6, mac, named
from explorer.network.packets.step import Next

PROTOCOLS = {1: "ICMP", 6: "TCP", 17: "UDP", 58: "ICMPv6"}
PROTOCOL_NAMES = PROTOCOLS | {2: "IGMP", 4: "IPv4 in IP", 41: "IPv6 in IP", 47: "GRE", 50: "ESP", 51: "AH", 132: "SCTP"}
EXTENSIONS = {0: "hop-by-hop options", 43: "routing", 44: "fragment", 60: "destination options"}
EXTENSIONS_READ = 8
MORE = 0x1
IP_FLAGS = ((0x4, "reserved"), (0x2, "don't fragment"), (MORE, "more fragments"))

ICMP_TYPES = {
    0: "echo reply",
    3: "destination unreachable",
    4: "source quench",
    5: "redirect",
    8: "echo request",
    11: "time exceeded",
    12: "parameter problem",
    13: "timestamp",
    14: "timestamp reply",
}
UNREACHABLE = {
    0: "network unreachable",
    1: "host unreachable",
    2: "protocol unreachable",
    3: "port unreachable",
    4: "fragmentation needed",
    9: "network prohibited",
    10: "host prohibited",
    13: "prohibited by a filter",
}
ICMPV6_TYPES = {
    1: "destination unreachable",
    2: "packet too big",
    3: "time exceeded",
    4: "parameter problem",
    128: "echo request",
    129: "echo reply",
    130: "multicast listener query",
    131: "multicast listener report",
    133: "router solicitation",
    134: "router advertisement",
    135: "neighbour solicitation",
    136: "neighbour advertisement",
    143: "multicast listener report v2",
}
LINK_OPTIONS = {1: "source MAC", 2: "target MAC"}


def internet4(read: ByteCursor) -> Next:
    start, first = read.at, read.peek(1)[0]
    read.note("version", str(first >> 4), start, 1)
    words = first & 0x0F
    read.note("header length", f"{words * 4} bytes", start, 1)
    read.skip(1)
    if first >> 4 != 4:
        raise Malformed(f"its version is {first >> 4}, not 4")
    if words < 5:
        raise Malformed(f"a header of {words * 4} bytes is shorter than 20")
    read.number("type of service", 1, hexadecimal(2))
    total = read.number("total length", 2)
    read.number("identification", 2)
    offset, more = _fragment(read)
    read.number("TTL", 1)
    protocol = read.number("protocol", 1, named(PROTOCOL_NAMES))
    read.number("checksum", 2, hexadecimal(4))
    read.take("source", 4, ipv4)
    read.take("destination", 4, ipv4)
    if words > 5:
        read.take("options", words * 4 - 20, bytes.hex)
    if total and total < words * 4:  # 0: the network card will fill it in (segmentation offload)
        raise Malformed(f"a total length of {total} is less than its header")
    end = start + total if total else None
    if offset:
        return Next("", end, payload="Fragment")
    return Next(PROTOCOLS.get(protocol, ""), end, piece=more)


def _fragment(read: ByteCursor) -> tuple[int, bool]:
    """The offset of the fragment in units of eight bytes, and whether more fragments follow."""
    both = int.from_bytes(read.peek(2))
    read.note("flags", flags(both >> 13, IP_FLAGS), read.at, 1)
    read.note("fragment offset", str((both & 0x1FFF) * 8), read.at, 2)
    read.skip(2)
    return both & 0x1FFF, bool(both >> 13 & MORE)


def internet6(read: ByteCursor) -> Next:
    start, first = read.at, int.from_bytes(read.peek(4))
    read.note("version", str(first >> 28), start, 1)
    read.note("traffic class", f"0x{first >> 20 & 0xFF:02x}", start, 2)
    read.note("flow label", f"0x{first & 0xFFFFF:05x}", start + 1, 3)
    read.skip(4)
    if first >> 28 != 6:
        raise Malformed(f"its version is {first >> 28}, not 6")
    length = read.number("payload length", 2)
    following = read.number("next header", 1, named(PROTOCOL_NAMES | EXTENSIONS))
    read.number("hop limit", 1)
    read.take("source", 16, ipv6)
    read.take("destination", 16, ipv6)
    end = start + 40 + length if length else None
    return _extensions(read, following, end)


def _extensions(read: ByteCursor, following: int, end: int | None) -> Next:
    """Skips the extension headers. A fragment other than the first has no further header."""
    later = piece = False
    for _ in range(EXTENSIONS_READ):
        if following not in EXTENSIONS:
            return Next("", end, payload="Fragment") if later else Next(PROTOCOLS.get(following, ""), end, piece=piece)
        kind = EXTENSIONS[following]
        head = read.peek(4)
        size = 8 if following == 44 else (head[1] + 1) * 8
        if following == 44:
            where = int.from_bytes(head[2:4])
            later, piece = later or where >> 3 > 0, piece or bool(where & 1)
        following = head[0]
        read.take(kind, size, lambda raw: f"{len(raw)} bytes")
    raise Malformed(f"more than {EXTENSIONS_READ} extension headers")


def icmp(read: ByteCursor) -> Next:
    kind = read.number("type", 1, named(ICMP_TYPES))
    read.number("code", 1, named(UNREACHABLE) if kind == 3 else str)
    read.number("checksum", 2, hexadecimal(4))
    if kind in (0, 8):
        read.number("id", 2)
        read.number("sequence", 2)
    elif kind == 3:
        read.skip(2)
        read.number("next-hop MTU", 2)
        return Next("quoted IPv4")
    elif kind == 5:
        read.take("gateway", 4, ipv4)
        return Next("quoted IPv4")
    elif kind in (11, 12):
        read.skip(4)
        return Next("quoted IPv4")
    return Next("", payload="Data")


def icmp6(read: ByteCursor) -> Next:
    kind = read.number("type", 1, named(ICMPV6_TYPES))
    read.number("code", 1)
    read.number("checksum", 2, hexadecimal(4))
    if kind in (128, 129):
        read.number("id", 2)
        read.number("sequence", 2)
    elif kind == 2:
        read.number("MTU", 4)
        return Next("quoted IPv6")
    elif kind in (1, 3, 4):
        read.skip(4)
        return Next("quoted IPv6")
    elif kind in (135, 136):
        read.number("flags", 4, hexadecimal(8))
        read.take("target", 16, ipv6)
        _link_option(read)
    return Next("", payload="Data")


def _link_option(read: ByteCursor) -> None:
    if read.left >= 8 and (option := read.peek(2))[0] in LINK_OPTIONS and option[1] == 1:
        read.skip(2)
        read.take(LINK_OPTIONS[option[0]], 6, mac)
