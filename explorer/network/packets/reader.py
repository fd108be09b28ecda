"""Reads one header: fields are taken from front to back, never beyond the end of the bytes."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

from explorer.network.packets.model import Field

Show = Callable[[bytes], str]


class Short(Exception):
    """The bytes end before the header does."""


class Malformed(Exception):
    """The header contradicts itself."""


class ByteCursor:
    """A window `start`–`end` on the bytes of a frame. Every field that is taken is added to `fields`."""

    def __init__(self, data: bytes, start: int, end: int) -> None:
        self.data, self.start, self.at = data, start, start
        self.end = min(end, len(data))
        self.fields: list[Field] = []

    @property
    def left(self) -> int:
        return self.end - self.at

    def peek(self, length: int, ahead: int = 0) -> bytes:
        begin = self.at + ahead
        if begin + length > self.end:
            raise Short(f"{begin + length - self.start} bytes are needed and {self.end - self.start} are there")
        return self.data[begin : begin + length]

    def take(self, name: str, length: int, show: Show) -> bytes:
        raw = self.peek(length)
        self.fields.append(Field(name, show(raw), self.at, length))
        self.at += length
        return raw

    def number(self, name: str, length: int, show: Callable[[int], str] = str) -> int:
        return int.from_bytes(self.take(name, length, lambda raw: show(int.from_bytes(raw))))

    def note(self, name: str, value: str, offset: int, length: int) -> None:
        """Adds a field of a few bits, or a field that was read elsewhere."""
        self.fields.append(Field(name, value, offset, length))

    def skip(self, length: int) -> None:
        self.peek(length)
        self.at += length


def mac(raw: bytes) -> str:
    return raw.hex(":")


def ipv4(raw: bytes) -> str:
    return str(ipaddress.IPv4Address(raw))


def ipv6(raw: bytes) -> str:
    return str(ipaddress.IPv6Address(raw))


def hexadecimal(digits: int) -> Callable[[int], str]:
    return lambda value: f"0x{value:0{digits}x}"


def named(names: dict[int, str], digits: int = 0) -> Callable[[int], str]:
    """A number with its name: `2048` → `0x0800 (IPv4)`."""

    def show(value: int) -> str:
        word = f"0x{value:0{digits}x}" if digits else str(value)
        return f"{word} ({names[value]})" if value in names else word

    return show


def flags(value: int, names: tuple[tuple[int, str], ...]) -> str:
    return " ".join(name for bit, name in names if value & bit) or "none"


def printable(raw: bytes) -> str:
    r"""Text from a packet that is safe to show: every byte that is not printable ASCII is written as `\xNN`."""
    return "".join(chr(one) if 0x21 <= one <= 0x7E and one != 0x5C else f"\\x{one:02x}" for one in raw)
