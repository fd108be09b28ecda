"""DNS over UDP (RFC 1035): the questions, and the answers that fit. Names are followed backwards only, and not for ever."""

from __future__ import annotations

import struct

from explorer.network.packets.reader import Malformed, Reader, hexadecimal, ipv4, ipv6, named, printable
from explorer.network.packets.step import Next

TYPES = {1: "A", 2: "NS", 5: "CNAME", 6: "SOA", 12: "PTR", 15: "MX", 16: "TXT", 28: "AAAA", 33: "SRV", 41: "OPT"}
CODES = {0: "no error", 1: "format error", 2: "server failure", 3: "no such name", 4: "not implemented", 5: "refused"}
QUESTIONS_READ, RECORDS_READ = 4, 16
JUMPS, NAME_BYTES, LABELS = 16, 255, 64
HEADER = 12
EMBEDDED_SERVER = "127.0.0.11"


def dns(read: Reader) -> Next:
    start = read.at
    read.number("id", 2, hexadecimal(4))
    bits = int.from_bytes(read.peek(2))
    read.note("kind", "answer" if bits & 0x8000 else "query", read.at, 1)
    read.note("result", named(CODES)(bits & 0x000F), read.at + 1, 1)
    read.skip(2)
    questions, answers = read.number("questions", 2), read.number("answers", 2)
    read.number("authority records", 2)
    read.number("additional records", 2)
    for _ in range(min(questions, QUESTIONS_READ)):
        _question(read, start)
    if questions <= QUESTIONS_READ:
        for _ in range(min(answers, RECORDS_READ)):
            _record(read, start)
    return Next("", payload="Further records")


def _question(read: Reader, start: int) -> None:
    at, (name, after) = read.at, read_name(read.data, read.at, start, read.end)
    read.skip(after - at)
    kind = int.from_bytes(read.peek(4)[:2])
    read.note("question", f"{TYPES.get(kind, kind)} {name}", at, after + 4 - at)
    read.skip(4)


def _record(read: Reader, start: int) -> None:
    at, (name, after) = read.at, read_name(read.data, read.at, start, read.end)
    read.skip(after - at)
    kind, _family, seconds, length = struct.unpack(">HHIH", read.peek(10))
    read.skip(10)
    value = read.peek(length)
    told = _value(read, kind, value, start)
    read.note("answer", f"{name} {TYPES.get(kind, kind)} {told}, for {seconds} s", at, read.at + length - at)
    read.skip(length)


def _value(read: Reader, kind: int, value: bytes, start: int) -> str:
    if kind == 1 and len(value) == 4:
        return ipv4(value)
    if kind == 28 and len(value) == 16:
        return ipv6(value)
    if kind in (2, 5, 12):
        return read_name(read.data, read.at, start, read.end)[0]
    return f"({len(value)} bytes)"


def read_name(data: bytes, at: int, start: int, end: int) -> tuple[str, int]:
    """(name, where reading goes on). A pointer leads to an earlier place of the same message, or the name is malformed."""
    labels: list[str] = []
    after, size = 0, 0
    for _ in range(LABELS + JUMPS):
        if at >= end:
            raise Malformed("a name runs out of the message")
        length = data[at]
        if length >= 0xC0:
            if at + 1 >= end:
                raise Malformed("a name runs out of the message")
            target = start + ((length & 0x3F) << 8 | data[at + 1])
            if target >= at:
                raise Malformed("a name points forwards")
            after, at = after or at + 2, target
            continue
        if length > 63 or at + 1 + length > end:
            raise Malformed("a name runs out of the message")
        if not length:
            return ".".join(labels) or ".", after or at + 1
        size += length + 1
        if size > NAME_BYTES:
            break
        labels.append(printable(data[at + 1 : at + 1 + length]))
        at += length + 1
    raise Malformed("a name is too long")
