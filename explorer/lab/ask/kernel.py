"""Asks the kernel of a namespace about one packet: its route for it, who listens, what it knows of the neighbours, the
connection that it tracks, its switches and counters. Every question is answered at once, by netlink or from `/proc`; nothing
is changed."""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
import struct
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from explorer.lab.ask.conntrack import tracked
from explorer.lab.inside.netlink import HEADER, NETLINK_ROUTE, attribute, attributes, messages
from explorer.lab.inside.netns import Namespace, inside
from explorer.network.journeys.kernel import Answers, Flow, Listener, Looked, Lookup, Neighbour, Refusal, Tracked
from explorer.network.read.counters import moved, read_counters
from explorer.network.read.sockets import read_listeners

FILES = {"snmp": 16 * 1024, "netstat": 64 * 1024, "snmp6": 16 * 1024}  # /proc/net/… → bytes that are read
SOCKETS = {"tcp": "tcp", "tcp6": "tcp", "udp": "udp", "udp6": "udp"}  # /proc/net/… → protocol
SOCKET_BYTES = 256 * 1024  # listening sockets come first in the list
SWITCHES = ("forwarding", "rp_filter")
WHOLE = (
    "net/ipv4/icmp_echo_ignore_all",
    "net/ipv6/icmp/echo_ignore_all",
    "net/ipv6/conf/all/forwarding",
    "net/netfilter/nf_conntrack_max",
    "net/netfilter/nf_conntrack_count",
)
LEGACY = {"legacy": "/proc/thread-self/net/ip_tables_names"}
BRIDGED = ("net/bridge/bridge-nf-call-iptables",)

NEW_ROUTE, GET_ROUTE, NEW_NEIGHBOUR, GET_NEIGHBOUR, NEW_RULE, GET_RULE, ERROR = 24, 26, 28, 30, 32, 34, 2  # RTM_*, NLMSG_ERROR
REQUEST, DUMP = 0x1, 0x300
BY_KERNEL = 2  # RTPROT_KERNEL
FIB_MATCH, LOOKUP_TABLE = 0x2000, 0x1000  # RTM_F_*
DST, SRC, IIF, OIF, GATEWAY, PREFERRED, TABLE, MARK = 1, 2, 3, 4, 5, 7, 15, 16  # RTA_*
KINDS = (
    "unspecified",
    "unicast",
    "local",
    "broadcast",
    "anycast",
    "multicast",
    "blackhole",
    "unreachable",
    "prohibit",
    "throw",
)
STATES = {0x01: "incomplete", 0x02: "reachable", 0x04: "stale", 0x08: "delay", 0x10: "probe", 0x20: "failed",
          0x40: "noarp", 0x80: "permanent"}  # fmt: skip
REFUSING = (6, 7, 8, 9)  # of KINDS
REFUSED = {6: errno.EINVAL, 7: errno.EHOSTUNREACH, 8: errno.EACCES, 9: errno.ENETUNREACH}  # what a sender gets of each
FAMILIES = (socket.AF_INET, socket.AF_INET6)
RULE_IIF, PRIORITY, RULE_MARK, RULE_MASK = 3, 6, 10, 16  # FRA_*, <linux/fib_rules.h>
NEIGHBOURS = 1024
DIAGNOSIS, BY_FAMILY = 4, 20  # NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY, <linux/sock_diag.h>
CONNECTED = 1  # TCP_ESTABLISHED
LISTENING, DATAGRAMS_OPEN = 1 << 10, 1 << 7 | 1 << 1  # TCP_LISTEN; TCP_CLOSE and TCP_ESTABLISHED, which UDP uses too
DIAGNOSED = tuple(
    (name, family, number, states)
    for name, number, states in (("tcp", socket.IPPROTO_TCP, LISTENING), ("udp", socket.IPPROTO_UDP, DATAGRAMS_OPEN))
    for family in FAMILIES
)
SOCKETS_TOLD = 500
DATAGRAMS = 64


def count(namespace: Namespace) -> dict[str, int]:
    """The network counters of the namespace now: IpInAddrErrors, TcpExtListenOverflows and so on. Empty when they cannot be
    read."""
    texts = _texts(namespace, {name: f"/proc/thread-self/net/{name}" for name in FILES}, max(FILES.values()))
    return read_counters(texts.values())


def ask(
    place: str,
    namespace: Namespace,
    lookups: Iterable[Lookup],
    devices: Iterable[str],
    before: dict[str, int],
    flows: Iterable[Flow] = (),
    *,
    whole: bool = True,
) -> Answers:
    """All answers; without `whole` only the routes. It does not raise because of what a namespace holds. It may be called in
    any thread."""
    try:
        looked = tuple(_routes(namespace, lookups))
        if not whole:
            return Answers(place=place, looked=looked)
        return Answers(
            place=place,
            looked=looked,
            listeners=tuple(_listeners(namespace)),
            neighbours=tuple(_neighbours(namespace)),
            switches=_switches(namespace, devices),
            counters=moved(before, count(namespace)),
            refusals=tuple(_refusals(namespace)),
            tracked=tuple(_tracked(namespace, flows)),
            legacy=tuple(_texts(namespace, LEGACY, 256).get("legacy", "").split()[:8]),
        )
    except OSError as error:
        return Answers(place=place, silent=f"{place} could not be asked: {os.strerror(error.errno or 0)}.")


def _tracked(namespace: Namespace, flows: Iterable[Flow]) -> Iterator[Tracked]:
    with suppress(OSError):  # a kernel without connection tracking
        yield from tracked(namespace, flows)


# --- files of the namespace ---


def _texts(namespace: Namespace, files: dict[str, str], limit: int) -> dict[str, str]:
    """Name → text. `/proc/thread-self/net` and `/proc/sys/net` are those of the namespace that the thread is in."""
    texts = {}
    with inside(namespace.fd):
        for name, path in files.items():
            with suppress(OSError), Path(path).open("rb") as file:
                texts[name] = file.read(limit).decode("ascii", "replace")
    return texts


def _listeners(namespace: Namespace) -> Iterator[Listener]:
    """By the kernel's socket diagnosis, which looks at listening sockets only. A kernel without it has them in `/proc`, where
    it looks at every socket of the machine."""
    try:
        with namespace.socket(socket.AF_NETLINK, socket.SOCK_RAW, DIAGNOSIS) as opened:
            found = [one for question in DIAGNOSED for one in _diagnosed(opened, *question)]
    except OSError:
        found = list(_listed(namespace))
    yield from found[:SOCKETS_TOLD]


def _diagnosed(opened: socket.socket, protocol: str, family: int, number: int, states: int) -> Iterator[Listener]:
    """Raises OSError where the kernel has no diagnosis of this protocol."""
    for kind, data in _asked(opened, BY_FAMILY, DUMP, struct.pack("=BBBBI48x", family, number, 0, 0, states)):
        if kind == ERROR:
            raise OSError(errno.EOPNOTSUPP, "no diagnosis of sockets")
        if kind == BY_FAMILY and len(data) >= 72:
            port = int.from_bytes(data[4:6])
            waiting = int(struct.unpack_from("=I", data, 56)[0])
            remote = _end(family, data[24:40]) if data[1] == CONNECTED else ""
            yield Listener(protocol, _end(family, data[8:24]), port, waiting, remote)


def _end(family: int, data: bytes) -> str:
    address = ipaddress.ip_address(data[:4] if family == socket.AF_INET else data)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def _listed(namespace: Namespace) -> Iterator[Listener]:
    texts = _texts(namespace, {name: f"/proc/thread-self/net/{name}" for name in SOCKETS}, SOCKET_BYTES)
    for name, text in texts.items():
        yield from read_listeners(SOCKETS[name], text)


def _switches(namespace: Namespace, devices: Iterable[str]) -> dict[str, str]:
    names = [f"net/ipv4/conf/{device}/{switch}" for device in ("all", *devices) if _plain(device) for switch in SWITCHES]
    texts = _texts(namespace, {name: f"/proc/sys/{name}" for name in (*names, *WHOLE, *BRIDGED)}, 64)
    return {name.replace("/", "."): text.strip()[:32] for name, text in texts.items()}


def _plain(device: str) -> bool:
    return bool(device) and "/" not in device and device not in (".", "..")


# --- netlink ---


def _asked(opened: socket.socket, kind: int, flags: int, payload: bytes) -> Iterator[tuple[int, bytes]]:
    opened.send(HEADER.pack(HEADER.size + len(payload), kind, REQUEST | flags, 1, 0) + payload)
    for _ in range(DATAGRAMS):
        try:
            data = opened.recv(64 * 1024)
        except BlockingIOError:
            return
        for told in messages(data):
            yield told
            if told[0] in (ERROR, 3):  # NLMSG_DONE
                return
        if not flags & DUMP:
            return


def _routes(namespace: Namespace, lookups: Iterable[Lookup]) -> Iterator[Looked]:
    with namespace.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_ROUTE) as opened:
        names = {name: number for number, name in _interfaces(namespace)}
        for lookup in lookups:
            taken = _lookup(opened, lookup, names, LOOKUP_TABLE)
            yield _route(opened, lookup, names, taken)
            if not lookup.source and not lookup.iif and not isinstance(taken, int):
                yield from _refused_from_its_source(opened, lookup, names, taken)


def _refused_from_its_source(opened: socket.socket, lookup: Lookup, names: dict[str, int], taken: Told) -> Iterator[Looked]:
    """A socket that connects is routed twice: the first route gives its source, and the second is looked up with it
    (`ip_route_connect`, net/route.h). A policy rule about the source can refuse the second. Nothing when it does not."""
    if source := _address(taken[1].get(PREFERRED, b"")):
        asked = replace(lookup, source=source)
        if isinstance(refused := _lookup(opened, asked, names, LOOKUP_TABLE), int):
            yield Looked(asked, errno=refused)


def _interfaces(namespace: Namespace) -> list[tuple[int, str]]:
    with inside(namespace.fd):
        return socket.if_nameindex()


def _route(opened: socket.socket, lookup: Lookup, names: dict[str, int], taken: Told | int) -> Looked:
    numbers = {number: name for name, number in names.items()}
    if isinstance(taken, int):
        return Looked(lookup, errno=taken)
    matched = _lookup(opened, lookup, names, FIB_MATCH | LOOKUP_TABLE)
    kind, told, _length = taken
    if kind in REFUSING:  # IPv6 names the route that refuses, where IPv4 gives the error
        return Looked(lookup, errno=REFUSED[kind])
    prefix, table = "", told.get(TABLE, b"")
    if not isinstance(matched, int):
        prefix = "default" if not matched[2] else f"{_address(matched[1].get(DST, b''))}/{matched[2]}"
        table = matched[1].get(TABLE, table)
    return Looked(
        lookup,
        kind=KINDS[kind] if kind < len(KINDS) else str(kind),
        device=numbers.get(_number(told.get(OIF, b"")), ""),
        via=_address(told.get(GATEWAY, b"")),
        matched=prefix,
        table=_number(table),
    )


Told = tuple[int, dict[int, bytes], int]  # type of the route, its attributes, prefix length


def _lookup(opened: socket.socket, lookup: Lookup, names: dict[str, int], flags: int) -> Told | int:
    """The kernel's route, or its error's number."""
    try:
        destination = ipaddress.ip_address(lookup.destination).packed
        source = ipaddress.ip_address(lookup.source).packed if lookup.source else b""
    except ValueError:
        return errno.EAFNOSUPPORT
    bits = len(destination) * 8
    family = socket.AF_INET if bits == 32 else socket.AF_INET6
    payload = struct.pack("=BBBBBBBBI", family, bits, len(source) * 8, 0, 0, 0, 0, 0, flags) + attribute(DST, destination)
    if source:
        payload += attribute(SRC, source)
    if lookup.iif:
        if lookup.iif not in names:
            return errno.ENODEV
        payload += attribute(IIF, struct.pack("=I", names[lookup.iif]))
    if lookup.mark:
        payload += attribute(MARK, struct.pack("=I", lookup.mark))
    for kind, data in _asked(opened, GET_ROUTE, 0, payload):
        if kind == ERROR and len(data) >= 4:
            return -int(struct.unpack_from("=i", data)[0])
        if kind == NEW_ROUTE and len(data) >= 12:
            return data[7], dict(attributes(data[12:])), data[1]
    return errno.EIO


def _neighbours(namespace: Namespace) -> Iterator[Neighbour]:
    names = dict(_interfaces(namespace))
    with namespace.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_ROUTE) as opened:
        payloads = (struct.pack("=BBHiHBB", family, 0, 0, 0, 0, 0, 0) for family in FAMILIES)
        told_of = (message for payload in payloads for message in _asked(opened, GET_NEIGHBOUR, DUMP, payload))
        for number, (kind, data) in enumerate(told_of):
            if number >= NEIGHBOURS:
                return
            if kind != NEW_NEIGHBOUR or len(data) < 12 or data[0] not in FAMILIES:
                continue
            index, state = struct.unpack_from("=iH", data, 4)
            told = dict(attributes(data[12:]))
            mac = ":".join(f"{byte:02x}" for byte in told.get(2, b"")[:6])
            yield Neighbour(_address(told.get(1, b"")), names.get(index, ""), STATES.get(state, str(state)), mac)


def _refusals(namespace: Namespace) -> Iterator[Refusal]:
    """The routes and policy rules that refuse, of all tables. The kernel's own routes of IPv6 are left out: it keeps one that
    refuses everything at the end of each table."""
    for family in FAMILIES:
        yield from _refusals_of(namespace, struct.pack("=BBBBBBBBI", family, 0, 0, 0, 0, 0, 0, 0, 0))


def _refusals_of(namespace: Namespace, routes: bytes) -> Iterator[Refusal]:
    with namespace.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_ROUTE) as opened:
        for kind, data in _asked(opened, GET_ROUTE, DUMP, routes):
            if kind == NEW_ROUTE and len(data) >= 12 and data[7] in REFUSING and data[5] != BY_KERNEL:
                told = dict(attributes(data[12:]))
                table = _number(told.get(TABLE, b"")) or data[4]
                prefix = _prefix(told.get(DST, b""), data[1]) or ("default" if data[0] == socket.AF_INET else "::/0")
                yield Refusal(KINDS[data[7]], prefix, table)
        for kind, data in _asked(opened, GET_RULE, DUMP, routes):
            if kind == NEW_RULE and len(data) >= 12 and data[7] in REFUSING:  # FR_ACT_* have the numbers of the types
                told = dict(attributes(data[12:]))
                ends = _prefix(told.get(DST, b""), data[1]), _prefix(told.get(SRC, b""), data[2])
                if data[0] == socket.AF_INET6 and not ends[0]:
                    ends = "::/0", ends[1]
                yield Refusal(
                    KINDS[data[7]],
                    ends[0],
                    rule=True,
                    priority=_number(told.get(PRIORITY, b"")),
                    source=ends[1],
                    device=told.get(RULE_IIF, b"").rstrip(b"\0").decode("ascii", "replace"),
                    mark=_number(told.get(RULE_MARK, b"")),
                    mask=_number(told.get(RULE_MASK, b"")),
                )


def _prefix(address: bytes, length: int) -> str:
    return f"{_address(address)}/{length}" if len(address) in (4, 16) else ""


def _address(data: bytes) -> str:
    return str(ipaddress.ip_address(data)) if len(data) in (4, 16) else ""


def _number(data: bytes) -> int:
    return int.from_bytes(data[:4], sys.byteorder) if len(data) >= 4 else 0
