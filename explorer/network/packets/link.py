"""Ethernet (IEEE 802.3, with 802.1Q tags) and ARP (RFC 826)."""

from __future__ import annotations

from explorer.network.packets.reader import ByteCursor, Malformed, ipv4, mac, named
from explorer.network.packets.step import Next

ETHERTYPES = {0x0800: "IPv4", 0x0806: "ARP", 0x86DD: "IPv6", 0x8100: "VLAN", 0x88A8: "VLAN"}
OPERATIONS = {1: "request", 2: "reply"}
LEAST_ETHERTYPE = 0x0600  # a smaller number in the field is a length


def ethernet(read: ByteCursor) -> Next:
    read.take("destination", 6, mac)
    read.take("source", 6, mac)
    return _after(read.number("type", 2, named(ETHERTYPES, 4)))


def vlan(read: ByteCursor) -> Next:
    tag = int.from_bytes(read.peek(2))
    read.note("priority", str(tag >> 13), read.at, 1)
    read.note("VLAN", str(tag & 0x0FFF), read.at, 2)
    read.skip(2)
    return _after(read.number("type", 2, named(ETHERTYPES, 4)))


def _after(ethertype: int) -> Next:
    if ethertype < LEAST_ETHERTYPE:
        return Next("")
    return Next(ETHERTYPES.get(ethertype, ""))


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
