"""UDP (RFC 768), TCP (RFC 9293) and VXLAN (RFC 7348)."""

from __future__ import annotations

from explorer.network.packets.reader import ByteCursor, Malformed, flags, hexadecimal
from explorer.network.packets.step import Next

VXLAN_PORT = 4789  # IANA's, and Docker's unless `docker swarm init --data-path-port` says otherwise
DNS_PORT = 53
TCP_FLAGS = (
    (0x02, "SYN"),
    (0x10, "ACK"),
    (0x01, "FIN"),
    (0x04, "RST"),
    (0x08, "PSH"),
    (0x20, "URG"),
    (0x40, "ECE"),
    (0x80, "CWR"),
)
TCP_OPTIONS_READ = 20


def udp(read: ByteCursor) -> Next:
    start = read.at
    source, destination = read.number("source port", 2), read.number("destination port", 2)
    length = read.number("length", 2)
    read.number("checksum", 2, hexadecimal(4))
    if 0 < length < 8:
        raise Malformed(f"a length of {length} is less than its header")
    end = start + length if length else None
    if destination == VXLAN_PORT:
        return Next("VXLAN", end)
    return Next("DNS", end) if DNS_PORT in (source, destination) else Next("", end)


def tcp(read: ByteCursor) -> Next:
    start = read.at
    read.number("source port", 2)
    read.number("destination port", 2)
    read.number("sequence", 4)
    read.number("acknowledgement", 4)
    words, bits = read.peek(2)
    size = (words >> 4) * 4
    read.note("header length", f"{size} bytes", read.at, 1)
    read.note("flags", flags(bits, TCP_FLAGS), read.at + 1, 1)
    read.skip(2)
    if size < 20:
        raise Malformed(f"a header of {size} bytes is shorter than 20")
    read.number("window", 2)
    read.number("checksum", 2, hexadecimal(4))
    read.number("urgent pointer", 2)
    _options(read, start + size)
    return Next("")


def _options(read: ByteCursor, end: int) -> None:
    """The options that people ask about, by name; the others as bytes."""
    read.peek(end - read.at)
    for _ in range(TCP_OPTIONS_READ):
        if read.at >= end:
            return
        kind = read.peek(1)[0]
        if kind in (0, 1):  # end of options, and a padding byte
            read.skip(end - read.at if kind == 0 else 1)
            continue
        size = read.peek(2)[1] if end - read.at >= 2 else 0
        if size < 2 or read.at + size > end:
            raise Malformed(f"option {kind} does not fit into the header")
        at, value = read.at, read.peek(size)[2:]
        if (kind, size) == (2, 4):
            read.note("MSS", str(int.from_bytes(value)), at, size)
        elif (kind, size) == (3, 3):
            read.note("window scale", str(value[0]), at, size)
        elif kind == 4:
            read.note("SACK permitted", "yes", at, size)
        elif (kind, size) == (8, 10):
            read.note("timestamps", f"{int.from_bytes(value[:4])} {int.from_bytes(value[4:])}", at, size)
        else:
            read.note(f"option {kind}", value.hex() or "empty", at, size)
        read.skip(size)
    read.skip(max(0, end - read.at))


def vxlan(read: ByteCursor) -> Next:
    bits = read.number("flags", 1, hexadecimal(2))
    read.skip(3)
    read.number("VNI", 3)
    read.skip(1)
    if not bits & 0x08:
        raise Malformed("the flag that says the VNI is valid is not set")
    return Next("Ethernet", inner=True)
