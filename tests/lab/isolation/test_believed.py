"""What a host announces by IPv6 is what IPv6 believes, and an attempt counts only when somebody would have believed it."""

import struct
from typing import Any

import pytest

from explorer.lab.isolation import announce, believed
from explorer.network.packets.dissect import dissect

GOAL: dict[str, Any] = {
    "prefix": "fd12:3456:789a:bad::",
    "router": "fe80::3456:bad",
    "pretended": "fd00:10:77:5::789a:bad",
    "asked": ["fd00:10:77:5::100", "fd00:10:77:6::11"],
}
MAC = bytes.fromhex("02420a4d050b")
NAME = "a host is a router"


def frames():
    head = announce.ALL_NODES_MAC + MAC + struct.pack(">H", announce.IPV6)
    return [head + packet for packet in announce.packets(GOAL, MAC)]


def test_there_is_a_router_a_redirect_a_claim_and_a_question_for_each_address():
    kinds = [frame[14 + 40] for frame in frames()]
    assert kinds == [announce.ROUTER, announce.REDIRECT, announce.ADVERTISE, announce.SOLICIT, announce.SOLICIT]


@pytest.mark.parametrize("number", range(5))
def test_each_is_a_packet_whose_checksum_is_right(number):
    frame = frames()[number]
    summed = frame[22:38] + frame[38:54] + struct.pack(">IHBB", len(frame) - 54, 0, 0, 58) + frame[54:]
    assert announce.checksum(summed) == 0
    assert frame[21] == 255, "neighbour discovery takes no packet that a router forwarded"
    assert "ICMPv6" in str(dissect(frame, len(frame)))


def test_a_router_that_is_believed_leaves_the_marks_that_are_looked_for(monkeypatch):
    marks = believed.Marks(GOAL["prefix"], GOAL["router"], GOAL["pretended"])
    seen = {"addr": "", "route": "", "neigh": ""}
    monkeypatch.setattr(believed, "_words", lambda space, about: seen[about].split())
    assert not believed._believes_router(None, marks)
    seen["route"] = "default via fe80::3456:bad dev eth0 proto ra metric 1024"
    assert believed._believes_router(None, marks)
    seen |= {"route": "fd00:10:77:5::/64 dev eth0", "addr": "inet6 fd12:3456:789a:bad:42:aff:fe4d:50b/64 scope global dynamic"}
    assert believed._believes_router(None, marks)
    seen["neigh"] = "fd00:10:77:5::789a:bad dev eth0 lladdr 02:42:0a:4d:05:0b STALE"
    assert believed._believes_neighbour(None, marks)
    seen["neigh"] = "fd00:10:77:5::100 dev eth0 lladdr 02:42:0a:4d:05:0b STALE"
    assert not believed._believes_neighbour(None, marks)


def test_a_kernel_may_spell_an_address_otherwise(monkeypatch):
    marks = believed.Marks("fd0a:000b:0000:bad::", "fe80::0b:bad", "fd00:10:77:5::0:bad")
    told = {
        "addr": "inet6 fd0a:b:0:bad:42:aff:fe4d:50b/64 scope global",
        "route": "",
        "neigh": "fd00:10:77:5::bad dev eth0 lladdr x",
    }
    monkeypatch.setattr(believed, "_words", lambda space, about: told[about].split())
    assert believed._believes_router(None, marks)
    assert believed._believes_neighbour(None, marks)
    told |= {"addr": "", "route": "default via fe80::b:bad dev eth0"}
    assert believed._believes_router(None, marks)


def test_marks_are_made_for_one_try_and_are_addresses():
    facts = {"subnet6": "fd00:10:77:5::/64"}
    first, second = believed._marks(facts), believed._marks(facts)
    assert first != second
    for marks in (first, second):
        for address in (marks.prefix, marks.router, marks.pretended):
            announce.packed(address)


@pytest.mark.parametrize(
    ("who", "control", "held", "fair"),
    [
        ({"the node": False, "the engine": False}, True, True, True),
        ({"the node": False, "the engine": True}, True, False, True),
        ({"the node": False, "the engine": False}, False, False, False),  # nobody would have believed it: nothing was tried
        ({"the node": True}, False, False, True),
    ],
)
def test_an_attempt_counts_when_somebody_would_have_believed_it(who, control, held, fair):
    told = believed._outcome("host", NAME, who, control)
    assert (told.held, told.fair) == (held, fair)
    assert all(name in told.seen for name, so in who.items() if so)


def test_without_ipv6_nothing_is_tried(monkeypatch):
    monkeypatch.setattr("explorer.lab.hosts.ipv6.spoken", lambda: False)
    assert believed.try_announcing(None, "x", {}, {}, "host") == []
