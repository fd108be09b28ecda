"""IPv6 on a LAN: which subnet it has, which address each member has, and giving a new member its own.

The node's engine knows nothing of it: a LAN's bridge switches frames whatever they carry, and the engine's own namespace has
no IPv6. The kernel of each member gets its addresses from the node right after the start, so nobody on the LAN has to announce
anything: members listen to no router advertisements (`SWITCHES`).

Subnet and address have the numbers of IPv4, written with the same digits: 10.77.5.100 is fd00:10:77:5::100. The subnets are
unique local ones (RFC 4193), one /64 for each LAN; two LANs of a node differ in IPv4, so they differ here too.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from pathlib import Path

from explorer.lab.engine.kernel import LAN_NETWORK
from explorer.lab.errors import NodeError
from explorer.lab.inside.netlink import HEADER, NETLINK_ROUTE, attribute, attributes, messages
from explorer.lab.inside.netns import inside

PREFIX = 64
SECONDS = 2.0
SPOKEN = Path("/proc/net/if_inet6")  # is there when the kernel speaks IPv6
NEW_ADDRESS, GET_ADDRESS, NEW_ROUTE, ERROR, DONE = 20, 22, 24, 2, 3  # RTM_*, NLMSG_*
REQUEST, ACKNOWLEDGE, CREATE, DUMP = 0x1, 0x4, 0x400, 0x300
ADDRESS, LOCAL, NO_DAD = 1, 2, 0x02  # IFA_*; nobody else on the LAN has the address, so the kernel need not ask first
DESTINATION, GATEWAY = 1, 5  # RTA_*
MAIN_TABLE, BY_BOOT, UNICAST = 254, 3, 1  # RT_TABLE_MAIN, RTPROT_BOOT, RTN_UNICAST


def spoken() -> bool:
    """Whether this node's kernel speaks IPv6. Where it does not, LANs have IPv4 only."""
    return SPOKEN.exists()


def subnet_of(subnet: str) -> str:
    """The IPv6 subnet of the LAN with this IPv4 subnet, a /24 of LAN_NETWORK."""
    net = str(ip_network(subnet).network_address).split(".")[:3]
    return str(IPv6Network(f"{_spelled(net)}::/{PREFIX}"))


def address_of(address: str) -> str:
    """The IPv6 address of the member with this IPv4 address."""
    *net, number = address.split(".")
    return str(IPv6Address(f"{_spelled(net)}::{number}"))


def _spelled(numbers: list[str]) -> str:
    return ":".join(["fd00", *numbers])


def switches(lans: int, forwards: bool) -> dict[str, str]:
    """The sysctls of a member with so many LANs: IPv6 is on (Docker switches it off in a container without an address of it),
    and what a neighbour says about routers changes nothing. Root in a host may change them there."""
    told = {f"net.ipv6.conf.{name}.accept_ra": "0" for name in ("default", *(f"eth{number}" for number in range(lans)))}
    told |= {"net.ipv6.conf.all.disable_ipv6": "0", "net.ipv6.conf.default.disable_ipv6": "0"}
    return told | ({"net.ipv6.conf.all.forwarding": "1"} if forwards else {})


def give(pid: int, routes: list[tuple[str, str]]) -> None:
    """Gives the network namespace of this process an IPv6 address for each address on a LAN, and routes: (IPv4 destination or
    `default`, IPv4 address of the next hop). Raises NodeError."""
    try:
        fd = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            with inside(fd):
                asking = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETLINK_ROUTE)
        finally:
            os.close(fd)
        with asking:
            asking.settimeout(SECONDS)
            for index, address in list(_on_lans(asking)):
                body = struct.pack("=BBBBI", socket.AF_INET6, PREFIX, NO_DAD, 0, index)
                packed = IPv6Address(address_of(address)).packed
                _change(asking, NEW_ADDRESS, body + attribute(LOCAL, packed) + attribute(ADDRESS, packed))
            for to, via in routes:
                _change(asking, NEW_ROUTE, _route(to, via))
    except OSError as error:
        raise NodeError("A machine of the sandbox got no IPv6 address.", os.strerror(error.errno or 0)) from error


def _on_lans(asking: socket.socket) -> Iterator[tuple[int, str]]:
    """(index of the interface, IPv4 address) of each address on a LAN."""
    lans = IPv4Network(LAN_NETWORK)
    for kind, payload in _dump(asking, GET_ADDRESS, struct.pack("=BBBBI", socket.AF_INET, 0, 0, 0, 0)):
        local = dict(attributes(payload[8:])).get(LOCAL, b"") if kind == NEW_ADDRESS else b""
        if len(local) == 4 and (address := IPv4Address(local)) in lans:
            yield struct.unpack_from("=I", payload, 4)[0], str(address)


def _dump(asking: socket.socket, kind: int, payload: bytes) -> Iterator[tuple[int, bytes]]:
    asking.send(HEADER.pack(HEADER.size + len(payload), kind, REQUEST | DUMP, 1, 0) + payload)
    while True:
        for told in messages(asking.recv(64 * 1024)):
            if told[0] in (ERROR, DONE):
                return
            yield told


def _route(to: str, via: str) -> bytes:
    subnet = b"" if to == "default" else ip_network(subnet_of(to)).network_address.packed
    body = struct.pack("=BBBBBBBBI", socket.AF_INET6, PREFIX if subnet else 0, 0, 0, MAIN_TABLE, BY_BOOT, 0, UNICAST, 0)
    body += attribute(DESTINATION, subnet) if subnet else b""
    return body + attribute(GATEWAY, IPv6Address(address_of(via)).packed)


def _change(asking: socket.socket, kind: int, body: bytes) -> None:
    """Raises OSError when the kernel refuses."""
    asking.send(HEADER.pack(HEADER.size + len(body), kind, REQUEST | ACKNOWLEDGE | CREATE, 1, 0) + body)
    for answer, payload in messages(asking.recv(64 * 1024)):
        if answer == ERROR and (code := -int(struct.unpack_from("=i", payload)[0])):
            raise OSError(code, os.strerror(code))
