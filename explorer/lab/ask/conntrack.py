"""Asks connection tracking of a namespace which connection it has for one packet, by netlink. It needs no list of all
connections: the kernel looks the packet's ends up, as it does for the packet."""

from __future__ import annotations

import ipaddress
import socket
import struct
from collections.abc import Iterable, Iterator
from contextlib import suppress

from explorer.lab.inside.netlink import HEADER, NETLINK_NETFILTER, attribute, attributes, messages
from explorer.lab.inside.netns import Namespace
from explorer.network.journeys.ends import Ends
from explorer.network.journeys.kernel import Flow, Tracked

REQUEST, ERROR = 0x1, 2  # NLM_F_REQUEST, NLMSG_ERROR
NEW, GET = 1 << 8, 1 << 8 | 1  # NFNL_SUBSYS_CTNETLINK with IPCTNL_MSG_CT_NEW and IPCTNL_MSG_CT_GET
ORIGINAL, REPLY, STATUS = 1, 2, 3  # CTA_*, <linux/netfilter/nfnetlink_conntrack.h>
ADDRESSES, PROTOCOL = 1, 2  # CTA_TUPLE_*
SOURCE, DESTINATION = 1, 2  # CTA_IP_V4_*
NUMBER, FROM, TO, ECHO, ECHO_TYPE, ECHO_CODE = 1, 2, 3, 4, 5, 6  # CTA_PROTO_*
NESTED = 0x8000
REPLIED = 1 << 1  # IPS_SEEN_REPLY
PROTOCOLS = {"icmp": socket.IPPROTO_ICMP, "tcp": socket.IPPROTO_TCP, "udp": socket.IPPROTO_UDP}
MISSING = 2  # ENOENT


def tracked(namespace: Namespace, flows: Iterable[Flow]) -> Iterator[Tracked]:
    """An answer for each question that the kernel answers. Raises OSError when it cannot be asked at all."""
    with namespace.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER) as opened:
        for flow in flows:
            with suppress(ValueError, struct.error, BlockingIOError):
                if found := _one(opened, flow):
                    yield found


def _one(opened: socket.socket, flow: Flow) -> Tracked | None:
    payload = struct.pack(">BBH", socket.AF_INET, 0, 0) + attribute(ORIGINAL | NESTED, _tuple(flow))
    opened.send(HEADER.pack(HEADER.size + len(payload), GET, REQUEST, 1, 0) + payload)
    for kind, data in messages(opened.recv(16 * 1024)):
        if kind == ERROR:
            return Tracked(flow) if struct.unpack_from("=i", data)[0] == -MISSING else None
        if kind == NEW:
            told = dict(attributes(data[4:]))
            status = int.from_bytes(told.get(STATUS, b""))
            return Tracked(flow, _ends(told[ORIGINAL]), _ends(told[REPLY]), bool(status & REPLIED))
    return None


def _tuple(flow: Flow) -> bytes:
    ends = (ipaddress.IPv4Address(one).packed for one in (flow.ends.source, flow.ends.destination))
    addresses = b"".join(attribute(kind, data) for kind, data in zip((SOURCE, DESTINATION), ends, strict=True))
    protocol = attribute(NUMBER, bytes([PROTOCOLS[flow.protocol]]))
    if flow.protocol == "icmp":
        protocol += attribute(ECHO_TYPE, bytes([0 if flow.answer else 8])) + attribute(ECHO_CODE, b"\0")
        protocol += attribute(ECHO, struct.pack(">H", flow.number))
    else:
        for kind, port in ((FROM, flow.ends.source_port), (TO, flow.ends.destination_port)):
            protocol += attribute(kind, struct.pack(">H", int(port)))
    return attribute(ADDRESSES | NESTED, addresses) + attribute(PROTOCOL | NESTED, protocol)


def _ends(data: bytes) -> Ends:
    told = dict(attributes(data))
    addresses, protocol = dict(attributes(told.get(ADDRESSES, b""))), dict(attributes(told.get(PROTOCOL, b"")))
    source, destination = (str(ipaddress.IPv4Address(addresses.get(kind, bytes(4)))) for kind in (SOURCE, DESTINATION))
    ports = (str(int.from_bytes(protocol[kind])) if kind in protocol else "" for kind in (FROM, TO))
    return Ends(source, destination, *ports)
