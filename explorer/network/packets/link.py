"""Ethernet (IEEE 802.3, with 802.1Q tags), LLC (IEEE 802.2), the spanning tree protocol (IEEE 802.1D) and ARP (RFC 826)."""

from __future__ import annotations

from explorer.network.packets.reader import ByteCursor, Malformed, hexadecimal, ipv4, mac, named
from explorer.network.packets.step import Next

ETHERTYPES = {0x0800: "IPv4", 0x0806: "ARP", 0x86DD: "IPv6", 0x8100: "VLAN", 0x88A8: "VLAN"}
OPERATIONS = {1: "request", 2: "reply"}
STP = 0x42
SAPS = {STP: "STP", 0xAA: "SNAP", 0xE0: "IPX", 0xF0: "NetBIOS", 0xFE: "ISO network layer"}
UNNUMBERED = 0x03
STP_VERSIONS = {0: "spanning tree", 2: "rapid spanning tree", 3: "multiple spanning tree"}
HELLOS = (0x00, 0x02)
STP_KINDS = {0x00: "hello", 0x02: "rapid hello", 0x80: "topology change"}
LEAST_ETHERTYPE = 0x0600  # a smaller number in the field is a length


def ethernet(read: ByteCursor) -> Next:
    read.take("destination", 6, mac)
    read.take("source", 6, mac)
    return _type_or_length(read)


def vlan(read: ByteCursor) -> Next:
    tag = int.from_bytes(read.peek(2))
    read.note("priority", str(tag >> 13), read.at, 1)
    read.note("VLAN", str(tag & 0x0FFF), read.at, 2)
    read.skip(2)
    return _type_or_length(read)


def _type_or_length(read: ByteCursor) -> Next:
    """Two bytes that say what follows: its type, or else its length, and then it is LLC."""
    if int.from_bytes(read.peek(2)) >= LEAST_ETHERTYPE:
        return Next(ETHERTYPES.get(read.number("type", 2, named(ETHERTYPES, 4)), ""))
    length = read.number("length", 2)
    return Next("LLC", read.at + length)


def llc(read: ByteCursor) -> Next:
    destination = read.number("destination SAP", 1, named(SAPS, 2))
    source = read.number("source SAP", 1, named(SAPS, 2))
    both = read.peek(1)[0] & 0x03 != UNNUMBERED  # numbered frames have two bytes of control
    read.number("control", 2 if both else 1, hexadecimal(4 if both else 2))
    return Next("STP" if destination == source == STP else "")


def stp(read: ByteCursor) -> Next:
    read.number("protocol", 2)
    read.number("version", 1, named(STP_VERSIONS))
    kind = read.number("kind", 1, named(STP_KINDS, 2))
    if kind in HELLOS:
        read.number("flags", 1, hexadecimal(2))
        read.take("root priority", 2, _priority)
        read.take("root MAC", 6, mac)
        read.number("cost to root", 4)
        read.take("bridge priority", 2, _priority)
        read.take("bridge MAC", 6, mac)
        read.number("port", 2, hexadecimal(4))
    return Next("", payload="Times and versions" if kind in HELLOS else "Payload")


def _priority(raw: bytes) -> str:
    """The upper four bits; the rest is the number of a VLAN."""
    return str(int.from_bytes(raw) & 0xF000)


def arp(read: ByteCursor) -> Next:
    hardware = read.number("hardware type", 2)
    protocol = read.number("protocol type", 2, named(ETHERTYPES, 4))
    sizes = read.number("hardware size", 1), read.number("protocol size", 1)
    read.number("operation", 2, named(OPERATIONS))
    if (hardware, protocol, *sizes) != (1, 0x0800, 6, 4):
        raise Malformed("it is not about Ethernet and IPv4")
    read.take("sender MAC", 6, mac)
    read.take("sender IP", 4, ipv4)
    read.take("target MAC", 6, mac)
    read.take("target IP", 4, ipv4)
    return Next("")
