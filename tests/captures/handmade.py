"""Frames made by hand, for what no command at hand sends: sound ones that are rare, and hostile ones.

`send` puts them on a real interface: of a host by its python3, which gets the frames in hex on standard input.
"""

from __future__ import annotations

import socket
import struct

HERE, THERE = bytes.fromhex("0242ac110001"), bytes.fromhex("0242ac110002")
NEAR, FAR = socket.inet_aton("10.77.9.1"), socket.inet_aton("10.77.9.2")
NEAR6, FAR6 = (socket.inet_pton(socket.AF_INET6, word) for word in ("fd00:77::1", "fd00:77::2"))
SEND = """import socket, sys
out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
out.bind((sys.argv[1], 0))
for line in sys.stdin:
    out.send(bytes.fromhex(line))
"""


def send_text(*frames: bytes) -> bytes:
    """What the program SEND reads."""
    return "".join(f"{frame.hex()}\n" for frame in frames).encode()


def checksum(data: bytes) -> int:
    """RFC 1071."""
    total = sum(struct.unpack(f">{len(data) // 2 + len(data) % 2}H", data + bytes(len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ethernet(payload: bytes, kind: int = 0x0800, tags: tuple[tuple[int, int], ...] = ()) -> bytes:
    head = THERE + HERE + b"".join(struct.pack(">HH", *tag) for tag in tags)
    return head + struct.pack(">H", kind) + payload


def ip4(protocol: int, payload: bytes, options: bytes = b"", flags: int = 0x4000, total: int | None = None) -> bytes:
    size = 20 + len(options)
    total = size + len(payload) if total is None else total
    head = struct.pack(">BBHHHBBH4s4s", 0x40 | size // 4, 0, total, 7, flags, 64, protocol, 0, NEAR, FAR) + options
    return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + payload


def ip6(following: int, payload: bytes, length: int | None = None) -> bytes:
    return (
        struct.pack(">IHBB", 6 << 28 | 0xBEEF, len(payload) if length is None else length, following, 64)
        + NEAR6
        + FAR6
        + payload
    )


def pseudo(protocol: int, length: int, six: bool = False) -> bytes:
    if six:
        return NEAR6 + FAR6 + struct.pack(">II", length, protocol)
    return NEAR + FAR + struct.pack(">HH", protocol, length)


def udp(port: int, payload: bytes, source: int = 40000, six: bool = False, length: int | None = None) -> bytes:
    size = 8 + len(payload)
    whole = struct.pack(">HHHH", source, port, size if length is None else length, 0) + payload
    told = checksum(pseudo(17, size, six) + whole) or 0xFFFF
    return whole[:6] + struct.pack(">H", told) + payload


def tcp(bits: int, options: bytes = b"", payload: bytes = b"") -> bytes:
    size = 20 + len(options)
    whole = struct.pack(">HHIIBBHHH", 40000, 80, 1, 2, size // 4 << 4, bits, 512, 0, 0) + options + payload
    return whole[:16] + struct.pack(">H", checksum(pseudo(6, len(whole)) + whole)) + whole[18:]


def icmp(kind: int, code: int, rest: bytes) -> bytes:
    whole = struct.pack(">BBH", kind, code, 0) + rest
    return whole[:2] + struct.pack(">H", checksum(whole)) + rest


def icmp6(kind: int, code: int, rest: bytes) -> bytes:
    whole = struct.pack(">BBH", kind, code, 0) + rest
    return whole[:2] + struct.pack(">H", checksum(pseudo(58, len(whole), six=True) + whole)) + rest


def vxlan(inner: bytes, vni: int = 4097) -> bytes:
    return ethernet(ip4(17, udp(4789, b"\x08\0\0\0" + vni.to_bytes(3) + b"\0" + inner)))


def name(*labels: bytes) -> bytes:
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def record(kind: int, value: bytes, owner: bytes = b"\xc0\x0c") -> bytes:
    return owner + struct.pack(">HHIH", kind, 1, 300, len(value)) + value


def dns(question: bytes, *answers: bytes, code: int = 0, counts: tuple[int, int] | None = None) -> bytes:
    asked, told = counts or (1, len(answers))
    return (
        struct.pack(">HHHHHH", 0x1234, 0x8180 | code, asked, told, 0, 0)
        + question
        + struct.pack(">HH", 1, 1)
        + b"".join(answers)
    )


def from_name_server(message: bytes) -> bytes:
    return ethernet(ip4(17, udp(40000, message, source=53)))


def options6(kind: int, count: int) -> bytes:
    """A chain of so many extension headers of one kind, and the number of the last one's next header left to fill in."""
    return b"".join(bytes([kind, 0, 1, 4, 0, 0, 0, 0]) for _ in range(count - 1)) + bytes([17, 0, 1, 4, 0, 0, 0, 0])


PING = ip4(1, icmp(8, 0, struct.pack(">HH", 9, 1) + b"0123456789abcdef"))
QUESTION = name(b"web", b"example")
LINK = b"\x01\x01" + HERE

SOUND: dict[str, bytes] = {
    "tagged ping": ethernet(PING, tags=((0x8100, 0x6005),)),
    "tagged twice": ethernet(ip4(17, udp(9, b"twice")), tags=((0x88A8, 100), (0x8100, 42))),
    "router alert": ethernet(ip4(1, icmp(8, 0, bytes(12)), options=b"\x94\x04\0\0")),
    "redirect": ethernet(ip4(1, icmp(5, 1, FAR + PING[:28]))),
    "fragmentation needed": ethernet(ip4(1, icmp(3, 4, struct.pack(">HH", 0, 1400) + PING[:28]))),
    "prohibited": ethernet(ip4(1, icmp(3, 13, bytes(4) + PING[:28]))),
    "fragment of UDP": ethernet(ip4(17, udp(9, bytes(32))[:24], flags=0x2000)),
    "later fragment": ethernet(ip4(17, bytes(16), flags=0x0003)),
    "options 6": ethernet(ip6(0, options6(60, 3) + udp(9, b"six", six=True)), 0x86DD),
    "fragment 6": ethernet(ip6(44, b"\x11\0\0\1\0\0\0\7" + udp(9, bytes(8), six=True)), 0x86DD),
    "too big 6": ethernet(ip6(58, icmp6(2, 0, struct.pack(">I", 1280) + ip6(17, udp(9, b"", six=True)))), 0x86DD),
    "router advertisement": ethernet(ip6(58, icmp6(134, 0, bytes([64, 0, 7, 8]) + bytes(8) + LINK)), 0x86DD),
    "router solicitation": ethernet(ip6(58, icmp6(133, 0, bytes(4) + LINK)), 0x86DD),
    "neighbour advertisement": ethernet(ip6(58, icmp6(136, 0, b"\x60\0\0\0" + NEAR6 + b"\x02\x01" + HERE)), 0x86DD),
    "every TCP flag": ethernet(ip4(6, tcp(0xFF))),
    "TCP options": ethernet(ip4(6, tcp(0x12, b"\x02\x04\x05\xb4\x04\x02\x08\x0a\0\0\0\1\0\0\0\2\1\3\3\7"))),
    "SACK": ethernet(ip4(6, tcp(0x10, b"\1\1\x05\x0a\0\0\0\1\0\0\0\2"))),
    "no checksum": ethernet(ip4(17, struct.pack(">HHHH", 40000, 9, 12, 0) + b"none")),
    "checksum wrong": ethernet(ip4(17, struct.pack(">HHHH", 40000, 9, 12, 0x1234) + b"none")),
    "in VXLAN": vxlan(ethernet(PING), 4098),
    "VXLAN in VXLAN": vxlan(vxlan(ethernet(PING), 7), 8),
    "tagged in VXLAN": vxlan(ethernet(PING, tags=((0x8100, 5),)), 9),
    "addresses": from_name_server(dns(QUESTION, record(1, FAR), record(28, FAR6))),
    "alias": from_name_server(dns(QUESTION, record(5, b"\x03app\xc0\x10"), record(1, FAR, b"\xc0\x29"))),
    "many kinds": from_name_server(
        dns(
            QUESTION,
            record(16, b"\x05hello"),
            record(15, b"\0\x0a\xc0\x0c"),
            record(33, bytes(6) + b"\xc0\x0c"),
            record(2, b"\xc0\x0c"),
        )
    ),
    "no such name": from_name_server(dns(QUESTION, code=3)),
    "root": from_name_server(dns(name())),
    "gratuitous ARP": ethernet(struct.pack(">HHBBH6s4s6s4s", 1, 0x0800, 6, 4, 1, HERE, NEAR, bytes(6), NEAR), 0x0806),
    "padded": ethernet(ip4(17, udp(9, b"x"))) + bytes(17),
    "9,000 bytes": ethernet(ip4(17, udp(9, bytes(range(256)) * 35 + bytes(12)))),
}


def deep(tunnels: int) -> bytes:
    frame = ethernet(PING)
    for turn in range(tunnels):
        frame = vxlan(frame, turn)
    return frame


LOOP = b"\x03web\xc0\x0c"  # leads back to its own beginning
# name → (frame, the layer that is wrong, what is said of it)
HOSTILE: dict[str, tuple[bytes, str, str]] = {
    "cut in IPv4": (ethernet(PING[:11]), "IPv4", "truncated: "),
    "cut in TCP": (ethernet(ip4(6, tcp(2)[:12])), "TCP", "truncated: "),
    "cut in ICMP": (ethernet(ip4(1, icmp(8, 0, bytes(4))[:5])), "ICMP", "truncated: "),
    "cut in ARP": (ethernet(struct.pack(">HHBBH", 1, 0x0800, 6, 4, 1) + HERE, 0x0806), "ARP", "truncated: "),
    "ARP of another kind": (ethernet(struct.pack(">HHBBH", 9, 9, 200, 200, 1) + bytes(20), 0x0806), "ARP", "malformed: "),
    "IPv4 that says more": (ethernet(ip4(17, udp(9, b"x"), total=900)), "IPv4", "truncated: it says it has 871 bytes more"),
    "IPv4 that says less": (ethernet(ip4(17, udp(9, b"x"), total=10)), "IPv4", "malformed: a total length of 10"),
    "IPv4 with a short header": (ethernet(b"\x44" + PING[1:]), "IPv4", "malformed: a header of 16 bytes"),
    "IPv4 that is IPv6": (ethernet(b"\x65" + PING[1:]), "IPv4", "malformed: its version is 6"),
    "IPv4 with endless options": (ethernet(b"\x4f" + PING[1:24]), "IPv4", "truncated: "),
    "UDP that says more": (ethernet(ip4(17, udp(9, b"x", length=600))), "UDP", "truncated: it says it has 591 bytes more"),
    "UDP that says less": (ethernet(ip4(17, udp(9, b"x", length=3))), "UDP", "malformed: a length of 3"),
    "TCP with a short header": (ethernet(ip4(6, tcp(2)[:12] + b"\x10" + tcp(2)[13:])), "TCP", "malformed: a header of 4"),
    "TCP option of no length": (ethernet(ip4(6, tcp(2, b"\x08\0\0\0"))), "TCP", "malformed: option 8"),
    "TCP option that says more": (ethernet(ip4(6, tcp(2, b"\x02\xff\0\0"))), "TCP", "malformed: option 2"),
    "IPv6 that says more": (ethernet(ip6(17, udp(9, b"x", six=True), length=9_000), 0x86DD), "IPv6", "truncated: it says"),
    "extension headers without end": (ethernet(ip6(60, options6(60, 40)), 0x86DD), "IPv6", "malformed: more than 8 extension"),
    "an extension header that says more": (ethernet(ip6(0, b"\x11\xff" + bytes(6)), 0x86DD), "IPv6", "truncated: "),
    "a name that is a loop": (from_name_server(dns(LOOP, record(1, FAR))), "DNS", "malformed: a name"),
    "a name that points at itself": (
        from_name_server(dns(b"\xc0\x0c", record(1, FAR))),
        "DNS",
        "malformed: a name points forwards",
    ),
    "a name that points ahead": (
        from_name_server(dns(b"\xc0\xff", record(1, FAR))),
        "DNS",
        "malformed: a name points forwards",
    ),
    "a name without end": (from_name_server(dns(b"\x3f" + b"a" * 20)), "DNS", "malformed: a name runs out"),
    "a name that is too long": (from_name_server(dns(name(*[b"a" * 63] * 5))), "DNS", "malformed: a name is too long"),
    "65,535 answers": (
        from_name_server(dns(QUESTION, record(1, FAR), counts=(1, 65_535))),
        "DNS",
        "malformed: a name runs out",
    ),
    "an answer that says more": (
        from_name_server(dns(QUESTION, record(1, FAR)[:-6] + b"\xff\xff" + FAR)),
        "DNS",
        "truncated: ",
    ),
    "VXLAN without its flag": (ethernet(ip4(17, udp(4789, bytes(8) + ethernet(PING)))), "VXLAN", "malformed: the flag"),
    "VXLAN around nothing": (ethernet(ip4(17, udp(4789, b"\x08" + bytes(7)))), "Ethernet", "truncated: "),
    "a cut frame in VXLAN": (vxlan(ethernet(PING)[:20]), "IPv4", "truncated: "),
    "too many tunnels": (deep(12), "Payload", "not read: more than 3 tunnels"),
    "9,000 bytes that say more": (ethernet(ip4(17, udp(9, bytes(8_972)), total=40_000)), "IPv4", "truncated: it says"),
}
