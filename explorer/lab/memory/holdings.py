"""What one network namespace holds in kernel memory that nobody is charged for, in bytes.

Entries are counted and multiplied by what one of them takes, as measured on Linux 6.18 (docs/kernel-counts.md). A count stops
at a limit of bytes and of time, so it may be too low, never too high.
"""

from __future__ import annotations

import os
import socket
import struct
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress

from explorer.lab.inside.netlink import HEADER
from explorer.lab.inside.netns import inside

NEIGHBOUR, FDB_ENTRY, NEXTHOP, CONNECTION, ROUTE6, LINK = 400, 128, 390, 316, 480, 29_000  # bytes each
DUMP_BYTES = 128 * 2**20
DUMP_SECONDS = 3.0
RECEIVE_BYTES = 256 * 1024
FILE_BYTES = 4 * 2**20
REQUEST_DUMP = 0x1 | 0x300
DONE, ERROR = 3, 2
AF_BRIDGE = 7
GET_NEIGHBOUR, GET_NEXTHOP, SOCK_DIAG = 30, 106, 20
SHOW_RINGS = 0x4  # PACKET_SHOW_RING_CFG
_SOCK_DIAG_FAMILY = 4
_RINGS = (2, 3)  # PACKET_DIAG_RX_RING, PACKET_DIAG_TX_RING
# Which column of /proc/net has the bytes that wait in a socket: one number, or two hexadecimal ones with a colon.
QUEUES = {"netlink": (4, 5), "packet": (6,), "raw": (4,), "raw6": (4,), "udp": (4,), "udp6": (4,), "tcp": (4,), "tcp6": (4,)}


def of_namespace(fd: int) -> Counter[str]:
    """Kind → bytes. Raises OSError when the namespace cannot be entered."""
    with inside(fd):
        routes = _netlink(socket.NETLINK_ROUTE)
        diag = _netlink(_SOCK_DIAG_FAMILY)
        files = {
            name: _open(f"/proc/thread-self/net/{name}") for name in (*QUEUES, "sockstat", "sockstat6", "rt6_stats", "dev")
        }
        connections = _number("/proc/sys/net/netfilter/nf_conntrack_count")
    held: Counter[str] = Counter()
    with routes, diag:
        held["neighbours"] = NEIGHBOUR * count(routes, GET_NEIGHBOUR, bytes(12))
        held["bridge entries"] = FDB_ENTRY * count(routes, GET_NEIGHBOUR, bytes([AF_BRIDGE]) + bytes(11))
        held["next hops"] = NEXTHOP * count(routes, GET_NEXTHOP, bytes(8))
        held["packet rings"] = rings(diag)
    texts = {name: _text(file) for name, file in files.items()}
    held["connections"] = CONNECTION * connections
    held["unread packets"] = sum(queued(texts[name], columns) for name, columns in QUEUES.items())
    held["fragments"] = sum(fragments(texts[name]) for name in ("sockstat", "sockstat6"))
    held["IPv6 routes"] = ROUTE6 * routes6(texts["rt6_stats"])
    held["interfaces"] = LINK * max(0, texts["dev"].count("\n") - 3)
    return held


def _netlink(protocol: int) -> socket.socket:
    made = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol)
    made.settimeout(DUMP_SECONDS)
    return made


def count(asking: socket.socket, kind: int, body: bytes) -> int:
    """How many entries the kernel lists. All but the first are taken to be as long as the first of their datagram."""
    found = 0
    for data in dump(asking, kind, body):
        length, answer = HEADER.unpack_from(data)[:2]
        if answer not in (DONE, ERROR) and length > HEADER.size:
            found += max(1, len(data) // ((length + 3) & ~3))
    return found


def dump(asking: socket.socket, kind: int, body: bytes) -> Iterator[bytes]:
    """The datagrams of a list, at most DUMP_BYTES in DUMP_SECONDS."""
    until, left = time.monotonic() + DUMP_SECONDS, DUMP_BYTES
    with suppress(OSError):
        asking.send(HEADER.pack(HEADER.size + len(body), kind, REQUEST_DUMP, 1, 0) + body)
        while left > 0 and time.monotonic() < until:
            data = asking.recv(RECEIVE_BYTES)
            if len(data) < HEADER.size:
                return
            yield data
            if is_last(data):
                return
            left -= len(data)


def is_last(data: bytes) -> bool:
    """Whether the list ends with this datagram: its last message says so."""
    at = kind = 0
    while at + HEADER.size <= len(data):
        length, kind = HEADER.unpack_from(data, at)[:2]
        if length < HEADER.size or kind in (DONE, ERROR):
            return True
        at += (length + 3) & ~3
    return False


def rings(asking: socket.socket) -> int:
    """Bytes of the rings that packet sockets share with programs."""
    body = struct.pack("=BBHIIII", socket.AF_PACKET, 0, 0, 0, SHOW_RINGS, 0, 0)
    return sum(ring_bytes(data) for data in dump(asking, SOCK_DIAG, body))


def ring_bytes(data: bytes) -> int:
    total, at = 0, 0
    while at + HEADER.size <= len(data):
        length, kind = HEADER.unpack_from(data, at)[:2]
        if length < HEADER.size:
            break
        if kind == SOCK_DIAG:
            total += _rings_of(data[at + HEADER.size + 16 : at + length])  # behind struct packet_diag_msg
        at += (length + 3) & ~3
    return total


def _rings_of(data: bytes) -> int:
    total, at = 0, 0
    while at + 4 <= len(data):
        length, kind = struct.unpack_from("=HH", data, at)
        if length < 4:
            break
        if kind in _RINGS and length >= 12:
            size, number = struct.unpack_from("=II", data, at + 4)
            total += size * number
        at += (length + 3) & ~3
    return total


def queued(text: str, columns: tuple[int, ...]) -> int:
    """Bytes that wait in the sockets of a file of /proc/net; a line that makes no sense has none."""
    total = 0
    for line in text.splitlines()[1:]:
        words = line.split()
        with suppress(ValueError, IndexError):
            total += sum(
                sum(int(half, 16) for half in words[at].split(":")) if ":" in words[at] else int(words[at]) for at in columns
            )
    return total


def fragments(text: str) -> int:
    for line in text.splitlines():
        name, _, rest = line.partition(":")
        words = rest.split()
        if name in ("FRAG", "FRAG6") and len(words) == 4 and words[3].isdecimal():
            return int(words[3])
    return 0


def routes6(text: str) -> int:
    words = text.split()
    with suppress(ValueError, IndexError):
        return int(words[3], 16)
    return 0


def _open(path: str) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return -1


def _text(fd: int) -> str:
    pieces, left = [], FILE_BYTES
    if fd < 0:
        return ""
    with suppress(OSError):
        while left > 0 and (piece := os.read(fd, min(left, 65536))):
            pieces.append(piece)
            left -= len(piece)
    os.close(fd)
    return b"".join(pieces).decode("ascii", "replace")


def _number(path: str) -> int:
    fd = _open(path)
    text = _text(fd).strip()
    return int(text) if text.isdecimal() else 0
