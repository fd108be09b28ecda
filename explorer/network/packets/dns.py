"""DNS messages over UDP (RFC 1035), read from captured packets and from answers to our own questions.

Every byte may be hostile. A pointer in a name may only lead backwards, and the number of pointers, questions and records that
are read is bounded.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from explorer.network.packets.reader import ByteCursor, Malformed, Short, hexadecimal, ipv4, ipv6, named, printable
from explorer.network.packets.step import Next

ADDRESS, ADDRESS6, INTERNET = 1, 28, 1  # kinds and class of records that hold an address of IPv4 or IPv6
TYPES = {ADDRESS: "A", 2: "NS", 5: "CNAME", 6: "SOA", 12: "PTR", 15: "MX", 16: "TXT", 28: "AAAA", 33: "SRV", 41: "OPT"}
CODES = {0: "no error", 1: "format error", 2: "server failure", 3: "no such name", 4: "not implemented", 5: "refused"}
QUESTIONS_READ, RECORDS_READ = 4, 16
JUMPS, NAME_BYTES, LABELS = 16, 255, 64
HEADER = 12
EMBEDDED_SERVER = "127.0.0.11"


@dataclass(frozen=True, slots=True)
class Question:
    """A question. `at` is its offset in the bytes that it was read from, `length` its number of bytes."""

    name: str
    kind: int
    at: int
    length: int


@dataclass(frozen=True, slots=True)
class Record:
    """An answer. `seconds` is its time to live. The value begins at offset `value_at`."""

    name: str
    kind: int
    family: int
    seconds: int
    value: bytes
    value_at: int
    at: int
    length: int


def read_sections(data: bytes, start: int, end: int) -> Iterator[Question | Record]:
    """Yields the questions and answers of the message in `data[start:end]`, in their order.

    Raises Short or Malformed at the first one that cannot be read; the ones before it have been yielded.
    """
    read = ByteCursor(data, start, end)
    questions, answers = struct.unpack(">HH", read.peek(4, 4))
    read.skip(HEADER)
    for _ in range(min(questions, QUESTIONS_READ)):
        at, name = read.at, _name(read, start)
        kind, _family = struct.unpack(">HH", read.peek(4))
        read.skip(4)
        yield Question(name, kind, at, read.at - at)
    if questions > QUESTIONS_READ:
        return
    for _ in range(min(answers, RECORDS_READ)):
        at, name = read.at, _name(read, start)
        kind, family, seconds, length = struct.unpack(">HHIH", read.peek(10))
        read.skip(10)
        value_at, value = read.at, read.peek(length)
        read.skip(length)
        yield Record(name, kind, family, seconds, value, value_at, at, read.at - at)


def first_address(message: bytes, version: int = 4) -> str:
    """The first address of this version of IP among the answers; "" when there is none before the first answer that cannot be
    read."""
    kind, size, words = (ADDRESS6, 16, ipv6) if version == 6 else (ADDRESS, 4, ipv4)
    try:
        for one in read_sections(message, 0, len(message)):
            if isinstance(one, Record) and (one.kind, one.family, len(one.value)) == (kind, INTERNET, size):
                return words(one.value)
    except (Short, Malformed):
        pass
    return ""


def dns(read: ByteCursor) -> Next:
    start = read.at
    read.number("id", 2, hexadecimal(4))
    bits = int.from_bytes(read.peek(2))
    read.note("kind", "answer" if bits & 0x8000 else "query", read.at, 1)
    read.note("result", named(CODES)(bits & 0x000F), read.at + 1, 1)
    read.skip(2)
    read.number("questions", 2)
    read.number("answers", 2)
    read.number("authority records", 2)
    read.number("additional records", 2)
    for one in read_sections(read.data, start, read.end):
        kind = TYPES.get(one.kind, one.kind)
        if isinstance(one, Question):
            read.note("question", f"{kind} {one.name}", one.at, one.length)
        else:
            told = _value(read, one, start)
            read.note("answer", f"{one.name} {kind} {told}, for {one.seconds} s", one.at, one.length)
        read.skip(one.length)
    return Next("", payload="Further records")


def _value(read: ByteCursor, record: Record, start: int) -> str:
    value = record.value
    if record.kind == ADDRESS and len(value) == 4:
        return ipv4(value)
    if record.kind == 28 and len(value) == 16:
        return ipv6(value)
    if record.kind in (2, 5, 12):
        return read_name(read.data, record.value_at, start, read.end)[0]
    return f"({len(value)} bytes)"


def _name(read: ByteCursor, start: int) -> str:
    name, after = read_name(read.data, read.at, start, read.end)
    read.skip(after - read.at)
    return name


def read_name(data: bytes, at: int, start: int, end: int) -> tuple[str, int]:
    """(name, offset after it). Raises Malformed unless every pointer leads to an earlier place of the same message."""
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
