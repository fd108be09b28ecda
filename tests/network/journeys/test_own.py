"""Which packet is followed when a place sends by itself: of any protocol, also one that no interface showed."""

from __future__ import annotations

import ipaddress
import struct
from dataclasses import replace

import pytest

from explorer.network.journeys import Sighting, Step
from explorer.network.journeys.own import first_of_its_own
from explorer.network.journeys.seen import recognised, recognised_steps
from tests.network.journeys.test_identity import CLIENT, SERVER, at, ip, udp

QUERY = struct.pack(">HHHHHH", 9, 0x0100, 1, 0, 0, 0) + b"\3app\0" + struct.pack(">HH", 1, 1)
LOOKUP = at(1, ip(17, CLIENT, SERVER, udp(4000, 53, QUERY)))
MAC = b"\2\2\2\2\2\2"


def arp(operation, sender, target, way="out"):
    ends = (ipaddress.IPv4Address(one).packed for one in (sender, target))
    body = b"".join(mac + address for mac, address in zip((MAC, bytes(6) if operation == 1 else MAC), ends, strict=True))
    data = b"\xff" * 6 + MAC + b"\x08\x06" + struct.pack(">HHBBH", 1, 0x0800, 6, 4, operation) + body
    return Sighting(2, "h1/cli", "eth0", way, data, len(data))


def own(*seen, steps=(), kernels=False):
    return first_of_its_own(seen, "h1/cli", steps, kernels=kernels)


def test_a_question_for_a_longer_address_is_another_question():
    asked, other = arp(1, "172.18.0.3", "172.18.0.1"), arp(1, "172.18.0.3", "172.18.0.12")
    theirs = arp(2, "172.18.0.12", "172.18.0.3", "in")
    mark, answer = own(asked, kernels=True).marks
    assert [one.sighting for one in recognised(mark, [asked, other])] == [asked]
    assert recognised(answer, [theirs]) == []


@pytest.mark.parametrize(("number", "name"), [(132, "SCTP"), (47, "GRE"), (50, "ESP"), (253, "")])
def test_any_other_protocol_is_known_by_what_it_carries(number, name):
    sent = at(1, ip(number, CLIENT, SERVER, b"some payload of it"))
    found = own(sent)
    mark, answer = found.marks
    assert found.to == f"to {SERVER}"
    translated = at(2, ip(number, "10.77.1.11", SERVER, b"some payload of it", ttl=63), "in", "outside")
    other = at(3, ip(number, CLIENT, SERVER, b"another payload"), "in", "outside")
    assert [one.sighting for one in recognised(mark, [sent, translated, other])] == [sent, translated]
    back = at(4, ip(number, SERVER, CLIENT, b"whatever"), "in")
    assert [one.sighting for one in recognised(answer, [sent, back])] == [back]


def test_a_program_counts_before_a_lookup_and_a_lookup_before_the_kernel():
    asked, sent = arp(1, CLIENT, "172.18.0.1"), at(3, ip(132, CLIENT, SERVER, b"some payload"))
    joined = at(1, ip(2, CLIENT, "224.0.0.22", b"\x22" + bytes(15)))
    assert own(asked, joined) is None
    assert own(asked, joined, LOOKUP).marks[0].protocol == "UDP"
    assert own(asked, joined, LOOKUP, sent).marks[0].number == 132
    assert own(joined, asked, kernels=True).to == "to 224.0.0.22"


def test_a_question_by_arp_is_known_with_its_answer():
    asked = arp(1, CLIENT, "172.18.0.2")
    mark, answer = own(asked, kernels=True).marks
    back = arp(2, "172.18.0.2", CLIENT, "in")
    stranger = arp(2, "172.18.0.9", CLIENT, "in")
    assert [one.sighting for one in recognised(mark, [asked, back])] == [asked]
    assert [one.sighting for one in recognised(answer, [asked, stranger, back])] == [back]


def test_a_packet_that_only_the_rules_saw_is_followed():
    packet = ip(17, CLIENT, SERVER, udp(4000, 5000, b"hello, server, how are you"))
    met = Step("h1/cli", 1, "explorer-trace", "sent", 2, "continue", network=packet[:20], transport=packet[20:40])
    passing = Step("h1/cli", 2, "explorer-trace", "arrived", 2, "continue", network=packet[:20], transport=packet[20:40])
    assert own(steps=[passing]) is None
    mark, _answer = own(steps=[met]).marks
    assert recognised(mark, [at(5, packet)])
    again = ip(17, CLIENT, SERVER, udp(4000, 5000, b"hello, server, how are you"), number=8)
    assert not recognised(mark, [at(5, again)]), "the same words in another packet"
    dropped = replace(met, table="filter", chain="OUTPUT", verdict="drop", packet=1)
    other = replace(dropped, packet=7, network=again[:20], transport=again[20:40])
    assert recognised_steps(mark, [], [], [other, dropped]) == {"h1/cli": [dropped]}
    assert own(LOOKUP, steps=[met]).marks[0].protocol == "datagram"


def test_later_packets_and_answers_are_not_followed():
    reset = struct.pack(">HHIIBBHHH", 4000, 80, 5, 6, 0x50, 0x04, 0, 0, 0)
    error = b"\3\3\0\0\0\0\0\0" + ip(17, SERVER, CLIENT, udp(5000, 4000, b""))
    seen = [at(1, ip(6, CLIENT, SERVER, reset)), at(2, ip(1, CLIENT, SERVER, error)), arp(2, CLIENT, "172.18.0.9")]
    assert own(*seen, kernels=True) is None


def test_a_report_of_membership_by_ipv6_is_the_kernels():
    """A rule sees it with its hop-by-hop header, and the trace does not show what comes after."""
    ends = (ipaddress.IPv6Address(one).packed for one in ("fe80::1", "ff02::16"))
    header = struct.pack(">IHBB", 0x60000000, 36, 0, 1) + b"".join(ends)
    router_alert, report = bytes((58, 0, 5, 2, 0, 0, 1, 0)), b"\x8f" + bytes(27)
    for transport in (router_alert + report[:12], b""):
        met = Step("h1/cli", 1, "explorer-trace", "sent", 2, "continue", network=header, transport=transport)
        assert own(steps=[met]) is None
    frame = bytes(12) + b"\x86\xdd" + header + router_alert + report
    assert own(Sighting(2, "h1/cli", "eth0", "out", frame, len(frame))) is None
