"""Which views a kernel notification makes out of date."""

import asyncio
import socket
import struct
from typing import cast

import pytest

from explorer.lab.inside import netlink
from explorer.lab.inside.netlink import Listener, filter_notices, route_notices
from explorer.lab.inside.netns import Namespace
from explorer.network.views import stale_after


def message(kind, payload=b"\0" * 16):
    return struct.pack("=IHHII", 16 + len(payload), kind, 0, 0, 0) + payload


def test_a_link_dirties_what_goes_down_with_it():
    assert stale_after(route_notices(message(16))) == {"interfaces", "qdiscs", "routes", "routes6", "neighbours", "fdb"}


def test_a_queueing_discipline_shows_among_the_interfaces_too():
    assert stale_after(route_notices(message(36))) == stale_after(route_notices(message(37))) == {"interfaces", "qdiscs"}


def test_an_address_dirties_interfaces_and_routes():
    assert stale_after(route_notices(message(20))) == {"interfaces", "routes", "routes6"}


def test_a_bridge_neighbour_is_an_fdb_entry():
    assert stale_after(route_notices(message(28, b"\x07" + b"\0" * 15))) == {"fdb"}
    assert stale_after(route_notices(message(28, b"\x02" + b"\0" * 15))) == {"neighbours"}


def test_several_messages_come_in_one_datagram():
    assert stale_after(route_notices(message(24) + message(28, b"\x02" + b"\0" * 15))) == {"routes", "routes6", "neighbours"}


def test_rules_and_connections_are_told_apart():
    assert stale_after(filter_notices(message(10 << 8))) == {"nat", "filter", "raw"}
    assert stale_after(filter_notices(message(1 << 8 | 2))) == {"connections"}


def test_half_a_message_and_a_length_of_nothing_end_the_reading():
    assert stale_after(route_notices(message(24)[:10])) == set()
    assert stale_after(route_notices(struct.pack("=IHHII", 0, 24, 0, 0, 0) * 3)) == set()


class Kernel(socket.socket):
    """One end of a pair, for a netlink socket."""

    def bind(self, address):
        pass


class FakeNamespace:
    def __init__(self):
        self.ends = []

    def socket(self, family, kind, protocol):
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.ends.append(theirs)
        theirs.setblocking(False)
        kernel = Kernel(fileno=ours.detach())
        kernel.setblocking(False)
        return kernel

    def close(self):
        for end in self.ends:
            end.close()


async def test_what_the_kernel_says_reaches_the_views():
    namespace, told = FakeNamespace(), []
    listener = Listener(cast(Namespace, namespace), lambda views: told.append(set(views)))
    namespace.ends[0].send(message(24))
    await turns()
    listener.close()
    namespace.close()
    assert told == [{"routes", "routes6"}]


@pytest.fixture
async def later(monkeypatch):
    """What a listener puts off, kept instead of begun after its time."""
    loop = asyncio.get_running_loop()
    kept, call_later = [], loop.call_later

    def keep(seconds, call, *words, **named):
        if getattr(call, "__func__", None) is Listener._attend:
            kept.append((seconds, lambda: call(*words)))
            return None
        return call_later(seconds, call, *words, **named)

    monkeypatch.setattr(loop, "call_later", keep)
    return kept


async def turns(count=20):
    for _ in range(count):
        await asyncio.sleep(0)


async def test_a_flood_is_not_followed_and_nothing_is_missed(monkeypatch, later):
    monkeypatch.setattr(netlink, "FLOOD", 10)
    monkeypatch.setattr(netlink, "WINDOW", 3600.0)
    namespace, told = FakeNamespace(), []
    listener = Listener(cast(Namespace, namespace), lambda views: told.append(set(views)))
    for _ in range(12):
        namespace.ends[1].send(message(1 << 8))
        await turns(2)
    assert {"nat", "filter", "raw", "connections"} in told, "whatever it may have been, all of it is read once more"
    before = len(told)
    for _ in range(12):
        namespace.ends[1].send(message(1 << 8))
    await turns()
    assert len(told) == before, "nobody listens now"
    ((seconds, listen_again),) = later
    assert seconds == 3600.0
    listen_again()
    await turns()
    assert len(told) > before, "what came meanwhile counts"
    listener.close()
    namespace.close()


async def test_a_namespace_that_goes_ends_the_listening():
    namespace, told = FakeNamespace(), []
    listener = Listener(cast(Namespace, namespace), lambda views: told.append(set(views)))
    listener.close()
    listener.close()
    namespace.close()
    assert told == []
