"""The kernel's notifications from inside one network namespace: which views may be out of date.

Only the kind of a message is used; the present state is read again. So a lost or forged message can cost one reading too few
or too many, but it cannot put a wrong line into a view.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import struct
import time
from collections.abc import Callable, Iterable
from contextlib import suppress

from explorer.lab.inside.allowance import Account
from explorer.lab.inside.netns import Namespace
from explorer.network.model import View
from explorer.network.views import Notice, stale_after

NETLINK_ROUTE, NETLINK_NETFILTER = 0, 12
ROUTE_GROUPS = (1, 3, 4, 5, 7, 9, 11)  # link, neigh, tc, ipv4 address and route, ipv6 address and route
FILTER_GROUPS = (1, 2, 3, 7)  # connection new, update, destroy; nftables
AF_BRIDGE = 7
RECEIVE_BYTES = 64 * 1024
READS_AT_ONCE = 64
FLOOD, WINDOW = 500, 0.1  # after more messages than this in a window, listening pauses for the length of a window
FEW = 20  # messages in a window of a sandbox that has used up its allowance
HEADER = struct.Struct("=IHHII")

ROUTE_NOTICES: tuple[Notice, ...] = ("link", "address", "route", "neighbour", "fdb", "queue")
FILTER_NOTICES: tuple[Notice, ...] = ("rules", "connection")
Dirty = Callable[[Iterable[View]], None]
NoticesOf = Callable[[bytes], set[Notice]]


class Listener:
    """Calls `dirty` with the views that may be out of date, until `close`."""

    def __init__(self, namespace: Namespace, dirty: Dirty, account: Account | None = None) -> None:
        self._dirty = dirty
        self._account = account or Account()
        self._loop = asyncio.get_running_loop()
        self._sockets: list[socket.socket] = []
        self._since, self._count = 0.0, 0
        try:
            self._listen(namespace, NETLINK_ROUTE, ROUTE_GROUPS, route_notices, ROUTE_NOTICES)
            self._listen(namespace, NETLINK_NETFILTER, FILTER_GROUPS, filter_notices, FILTER_NOTICES)
        except OSError:
            self.close()
            raise

    def _listen(
        self,
        namespace: Namespace,
        protocol: int,
        groups: Iterable[int],
        notices_of: NoticesOf,
        everything: tuple[Notice, ...],
    ) -> None:
        listening = namespace.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol)
        self._sockets.append(listening)
        listening.bind((0, sum(1 << (group - 1) for group in groups)))
        self._attend(listening, notices_of, everything)

    def _attend(self, listening: socket.socket, notices_of: NoticesOf, everything: tuple[Notice, ...]) -> None:
        if listening.fileno() >= 0:
            self._loop.add_reader(listening.fileno(), self._readable, listening, notices_of, everything)

    def _readable(self, listening: socket.socket, notices_of: NoticesOf, everything: tuple[Notice, ...]) -> None:
        notices: set[Notice] = set()
        began = time.perf_counter()
        try:
            for _ in range(READS_AT_ONCE):
                notices |= notices_of(listening.recv(RECEIVE_BYTES))
                self._count += 1
        except BlockingIOError:
            pass
        except OSError as error:
            if error.errno != errno.ENOBUFS:  # the namespace is gone; the next look at the host notices it
                self._forget(listening)
            notices.update(everything)
        if notices:
            self._dirty(stale_after(notices))
        rest = self._account.charge(time.perf_counter() - began)
        if listening.fileno() >= 0 and self._flooded(FEW if rest else FLOOD):
            self._dirty(stale_after(everything))
            self._loop.remove_reader(listening.fileno())
            self._loop.call_later(max(WINDOW, rest), self._attend, listening, notices_of, everything)

    def _flooded(self, most: int) -> bool:
        """Whether there are too many messages to follow: then the views are read now and then."""
        now = self._loop.time()
        if now - self._since > WINDOW:
            self._since, self._count = now, 0
        return self._count > most

    def _forget(self, listening: socket.socket) -> None:
        with suppress(OSError, ValueError):
            self._loop.remove_reader(listening.fileno())
        listening.close()

    def close(self) -> None:
        for listening in self._sockets:
            if listening.fileno() >= 0:
                self._forget(listening)
        self._sockets.clear()


def messages(data: bytes) -> Iterable[tuple[int, bytes]]:
    """(type, payload) of each netlink message in one datagram."""
    at = 0
    while at + HEADER.size <= len(data):
        length, kind, _flags, _sequence, _port = HEADER.unpack_from(data, at)
        if length < HEADER.size:
            return
        yield kind, data[at + HEADER.size : at + length]
        at += (length + 3) & ~3


def attributes(data: bytes) -> Iterable[tuple[int, bytes]]:
    """(type, value) of each attribute: struct nlattr, <linux/netlink.h>. The two upper bits of a type are flags."""
    at = 0
    while at + 4 <= len(data):
        length, kind = struct.unpack_from("=HH", data, at)
        if length < 4:
            return
        yield kind & 0x3FFF, data[at + 4 : at + length]
        at += (length + 3) & ~3


def attribute(kind: int, data: bytes) -> bytes:
    """One attribute as the kernel reads it."""
    return struct.pack("=HH", 4 + len(data), kind) + data + bytes(-len(data) % 4)


def route_notices(data: bytes) -> set[Notice]:
    notices: set[Notice] = set()
    for kind, payload in messages(data):
        if kind in (16, 17):
            notices.add("link")
        elif kind in (20, 21):
            notices.add("address")
        elif kind in (24, 25):
            notices.add("route")
        elif kind in (36, 37):
            notices.add("queue")
        elif kind in (28, 29):
            notices.add("fdb" if payload[:1] == bytes([AF_BRIDGE]) else "neighbour")
    return notices


def filter_notices(data: bytes) -> set[Notice]:
    notices: set[Notice] = set()
    for kind, _payload in messages(data):
        if kind >> 8 == 10:
            notices.add("rules")
        elif kind >> 8 == 1:
            notices.add("connection")
    return notices
