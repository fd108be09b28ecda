"""Raw IP headers of both versions: where they begin in a frame, and what a trace or an ICMP error shows of a packet."""

from __future__ import annotations

import ipaddress
import struct
from dataclasses import dataclass

ICMP, TCP, UDP, ICMP6 = 1, 6, 17, 58
ETHERNET, IPV4, IPV6 = 14, 20, 40  # bytes of these headers
TYPES = {b"\x08\x00": 4, b"\x86\xdd": 6}  # of Ethernet → version of IP
VXLAN_PORT, VXLAN = b"\x12\xb5", 8 + 8 + ETHERNET  # bytes of UDP, VXLAN and the inner Ethernet header
ECHOES = {ICMP: (8, 0), ICMP6: (128, 129)}  # the types of an echo request and of its reply


@dataclass(frozen=True, slots=True)
class Internet:
    """An IP header in `data`, from `at` on. What follows it begins at `after`; extension headers of IPv6 are not looked
    through."""

    data: bytes
    at: int
    version: int

    @property
    def after(self) -> int:
        return self.at + (IPV6 if self.version == 6 else (self.data[self.at] & 15) * 4)

    @property
    def protocol(self) -> int:
        return self.data[self.at + (6 if self.version == 6 else 9)]

    @property
    def source(self) -> str:
        return self._address(8 if self.version == 6 else 12)

    @property
    def destination(self) -> str:
        return self._address(24 if self.version == 6 else 16)

    @property
    def number(self) -> str:
        """The identification of an IPv4 packet; "" for IPv6, which has none."""
        return "" if self.version == 6 else str(int.from_bytes(self.data[self.at + 4 : self.at + 6]))

    def _address(self, start: int) -> str:
        size = 16 if self.version == 6 else 4
        return str(ipaddress.ip_address(self.data[self.at + start : self.at + start + size]))


def internet(data: bytes, at: int = 0) -> Internet | None:
    """The IP header that begins there; None when there is none, or only a part of it."""
    if len(data) <= at or data[at] >> 4 not in (4, 6):
        return None
    version = data[at] >> 4
    return Internet(data, at, version) if len(data) >= at + (IPV6 if version == 6 else IPV4) else None


def in_frame(data: bytes) -> Internet | None:
    """The innermost IP header of a frame, looking into VXLAN over IPv4."""
    outer = internet(data, ETHERNET) if data[12:14] in TYPES else None
    if outer is None or outer.version != TYPES[data[12:14]]:
        return None
    within = outer.at + IPV4 + VXLAN
    if outer.version == 4 and outer.protocol == UDP and data[outer.at + 22 : outer.at + 24] == VXLAN_PORT:
        kind = data[within - 2 : within]
        if kind in TYPES:
            inner = internet(data, within)
            return inner if inner and inner.version == TYPES[kind] else None
    return outer


def ports(protocol: int, transport: bytes) -> tuple[str, str]:
    """Source and destination port; "" where the protocol has none."""
    if protocol not in (TCP, UDP) or len(transport) < 4:
        return "", ""
    first, second = struct.unpack_from(">HH", transport)
    return str(first), str(second)


def is_echo(protocol: int, transport: bytes) -> bool:
    return protocol in ECHOES and bool(transport) and transport[0] in ECHOES[protocol]
