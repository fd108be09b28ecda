"""The bridges of the LANs, in the engine's network namespace: how many addresses each of them may learn, and which of their
ports leads to whom.

A member of a LAN can send frames from any number of source addresses. A bridge keeps an entry for each of them in the node's
memory, which is charged to nobody. Linux 6.7 and newer has a limit (`fdb_max_learned`); iproute2 knows it since 6.8, so this
module asks the kernel itself.
"""

from __future__ import annotations

import os
import socket
import struct
import sys
from pathlib import Path

from explorer.lab.config import LabConfig
from explorer.lab.inside.netlink import HEADER, attribute, attributes, messages
from explorer.lab.inside.netns import inside

MOST_LEARNED = 1_024
SECONDS = 2.0
RECEIVE_BYTES = 64 * 1024
NEW_LINK, GET_LINK = 16, 18
REQUEST, ACKNOWLEDGE = 0x1, 0x4
NAME, LINK_INFO, KIND, DATA, MAX_LEARNED = 3, 18, 1, 2, 49  # <linux/if_link.h>
LINK = struct.Struct("=BxHiII")
PEER, MASTER, PEER_NAMESPACE = 5, 10, 37  # IFLA_LINK, IFLA_MASTER, IFLA_LINK_NETNSID
NEW_NAMESPACE, GET_NAMESPACE, NAMESPACE_ID, NAMESPACE_FD = 88, 90, 1, 3  # RTM_*NSID, NETNSA_*
DUMP, ERROR, DONE = 0x300, 2, 3


def name_of(network: str) -> str:
    """The bridge of a network of the engine, by the network's id."""
    return f"br-{network[:12]}"


def limit_learned(config: LabConfig, bridge: str, most: int = MOST_LEARNED) -> bool:
    """Whether the bridge has the limit now. False where the kernel does not know it."""
    try:
        with _socket(config) as asking:
            data = attribute(LINK_INFO, attribute(KIND, b"bridge\0") + attribute(DATA, _number(MAX_LEARNED, most)))
            _ask(asking, NEW_LINK, REQUEST | ACKNOWLEDGE, bridge, data)
            return learned_limit(_ask(asking, GET_LINK, REQUEST, bridge)) == most
    except OSError:
        return False


def read_limit(config: LabConfig, bridge: str) -> int | None:
    """The limit that the bridge has; 0 means none, None that the kernel knows no such limit. Raises OSError."""
    with _socket(config) as asking:
        return learned_limit(_ask(asking, GET_LINK, REQUEST, bridge))


def port_of(config: LabConfig, member: int, index: int) -> str:
    """The port of a bridge at the other end of a cable: of the one that ends at interface `index` of the network namespace
    `member` (a descriptor). "" when there is none. The engine's kernel says both, so nothing that is said inside a member
    counts. Raises OSError."""
    with _socket(config) as asking:
        links = [payload for kind, payload in _told(asking, GET_LINK, REQUEST | DUMP, LINK.pack(0, 0, 0, 0, 0))]
        # asked afterwards: the kernel gives a namespace its number here when it lists a link that leads there
        body = bytes(4) + _number(NAMESPACE_FD, member)
        answers = [payload for kind, payload in _told(asking, GET_NAMESPACE, REQUEST, body) if kind == NEW_NAMESPACE]
    numbers = dict(attributes(answers[0][4:])) if answers else {}
    return port_to(links, numbers.get(NAMESPACE_ID, b""), index)


def port_to(links: list[bytes], number: bytes, index: int) -> str:
    """The name of the port among these links whose other end is interface `index` in the namespace with this number."""
    if len(number) != 4 or number == b"\xff\xff\xff\xff":  # -1: no link leads there
        return ""
    for link in links:
        told = dict(attributes(link[LINK.size :]))
        if MASTER in told and told.get(PEER_NAMESPACE) == number and told.get(PEER) == struct.pack("=I", index):
            return told.get(NAME, b"").rstrip(b"\0").decode(errors="replace")
    return ""


def _told(asking: socket.socket, kind: int, flags: int, body: bytes) -> list[tuple[int, bytes]]:
    """Every message of the kernel's answer. Raises OSError when the kernel refuses."""
    asking.send(HEADER.pack(HEADER.size + len(body), kind, flags, 1, 0) + body)
    found: list[tuple[int, bytes]] = []
    while True:
        for answer, payload in messages(asking.recv(RECEIVE_BYTES)):
            if answer == ERROR and (code := -struct.unpack_from("=i", payload)[0]):
                raise OSError(code, os.strerror(code))
            if answer in (ERROR, DONE):
                return found
            found.append((answer, payload))
        if found and not flags & DUMP & ~REQUEST:
            return found


def _socket(config: LabConfig) -> socket.socket:
    fd = os.open(Path("/run/netns", config.netns), os.O_RDONLY | os.O_CLOEXEC)
    try:
        with inside(fd):
            asking = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE)
    finally:
        os.close(fd)
    asking.settimeout(SECONDS)
    return asking


def _ask(asking: socket.socket, kind: int, flags: int, bridge: str, data: bytes = b"") -> bytes:
    """The payload of the kernel's answer. Raises OSError when the kernel refuses."""
    body = LINK.pack(0, 0, 0, 0, 0) + attribute(NAME, bridge.encode() + b"\0") + data
    asking.send(HEADER.pack(HEADER.size + len(body), kind, flags, 1, 0) + body)
    for answer, payload in messages(asking.recv(RECEIVE_BYTES)):
        if answer == 2 and (code := -struct.unpack_from("=i", payload)[0]):  # NLMSG_ERROR
            raise OSError(code, os.strerror(code))
        return payload
    raise OSError(0, "no answer")


def learned_limit(link: bytes) -> int | None:
    about = dict(attributes(dict(attributes(link[LINK.size :])).get(LINK_INFO, b"")))
    data = dict(attributes(about.get(DATA, b"")))
    return int.from_bytes(data[MAX_LEARNED], sys.byteorder) if MAX_LEARNED in data else None


def _number(kind: int, value: int) -> bytes:
    return attribute(kind, struct.pack("=I", value))
