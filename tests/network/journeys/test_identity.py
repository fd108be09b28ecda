"""Which packet is which: any datagram, a second packet with the same numbers, VXLAN around it, ICMP errors about it."""

from __future__ import annotations

import ipaddress
import struct

from explorer.network.journeys import Sighting, Step
from explorer.network.journeys.ends import Ends
from explorer.network.journeys.gathered import Drop
from explorer.network.journeys.icmp import echo_of, errors_about
from explorer.network.journeys.identity import (
    dns_marks,
    framed,
    ping_marks,
    tcp_marks,
)
from explorer.network.journeys.own import first_of_its_own
from explorer.network.journeys.seen import recognised, recognised_steps, thrown_away

CLIENT, SERVER, HOST, OTHER = "172.18.0.3", "10.77.1.100", "10.77.1.11", "10.77.1.12"
ETHERNET = b"\x02" * 12 + b"\x08\x00"


def ip(protocol, source, destination, payload, number=7, ttl=64):
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), number, 0, ttl, protocol, 0)
    return head + ipaddress.IPv4Address(source).packed + ipaddress.IPv4Address(destination).packed + payload


def udp(source, destination, payload):
    return struct.pack(">HHHH", source, destination, 8 + len(payload), 0) + payload


def tcp(sequence, acknowledgement, flags):
    return struct.pack(">HHIIBBHHH", 80, 4000, sequence, acknowledgement, 0x50, flags, 1000, 0, 0)


def at(when, packet, way="out", place="h1/cli"):
    data = ETHERNET + packet
    return Sighting(when, place, "eth0", way, data, len(data))


SENT = at(1, ip(17, CLIENT, SERVER, udp(4000, 5000, b"hello, server")))


def test_any_datagram_is_followed_and_its_answer_is_known_by_its_ends():
    own = first_of_its_own([SENT], "h1/cli")
    mark, answer = own.marks
    assert (own.to, own.address) == (f"to {SERVER}:5000", SERVER)
    assert recognised(mark, [SENT])
    back = at(2, ip(17, SERVER, CLIENT, udp(5000, 4000, b"hello, client")), "in")
    other = at(3, ip(17, SERVER, CLIENT, udp(5000, 4001, b"hello, other")), "in")
    assert [one.sighting for one in recognised(answer, [SENT, back, other])] == [back]


def test_what_a_host_sends_by_itself_is_no_datagram_of_the_learner():
    noise = [at(1, ip(17, CLIENT, SERVER, udp(4000, port, b"gossip"))) for port in (7946, 5353, 67)]
    assert first_of_its_own([*noise, at(2, ip(17, CLIENT, SERVER, udp(4000, 5000, b"")))], "h1/cli") is None


def test_a_request_is_not_its_own_answer():
    for request, reply in (ping_marks(9), dns_marks(9)):
        frame = at(1, ip(1, CLIENT, SERVER, b"\x08\0\0\0" + request.needle)) if request.protocol == "ICMP" else SENT
        assert not recognised(reply, [frame])


def test_a_server_that_speaks_first_sends_two_packets_and_one_is_the_answer():
    _, answer = tcp_marks(1000)
    taken, greeting = (
        at(2, ip(6, SERVER, CLIENT, tcp(5, 1001, 0x12)), "in"),
        at(3, ip(6, SERVER, CLIENT, tcp(6, 1001, 0x18)), "in"),
    )
    assert [one.sighting.at for one in recognised(answer, [greeting, taken])] == [2]


def test_a_rule_that_met_another_datagram_to_the_same_server_is_not_ours():
    mark, _answer = first_of_its_own([SENT], "h1/cli").marks
    ours = Step("h1", 1, "filter", "FORWARD", 3, "accept", network=SENT.data[14:34], transport=SENT.data[34:42])
    packet = ip(17, OTHER, SERVER, udp(4444, 5000, b"hello"), number=8)
    theirs = Step("h1", 2, "filter", "FORWARD", 3, "drop", network=packet[:20], transport=packet[20:28])
    assert recognised_steps(mark, recognised(mark, [SENT]), [], [ours, theirs]) == {"h1": [ours]}


def tunnelled(number=77):
    inner = b"\x02" * 12 + b"\x08\x00" + ip(1, CLIENT, "172.18.0.2", b"\x08\0\0\0" + struct.pack(">HH", 9, 1))
    return ip(17, HOST, OTHER, udp(50000, 4789, b"\x08\0\0\0\0\x10\x01\0" + inner), number=number)


def test_rules_that_the_vxlan_packet_meets_are_met_by_what_travels_inside():
    mark, _ = ping_marks(9)
    carried = recognised(mark, [at(1, tunnelled(), "in", "h2")])
    assert len(carried) == 1
    met = Step("h2", 1, "filter", "INPUT", 3, "drop", network=tunnelled()[:20], transport=tunnelled()[20:28])
    other = Step("h2", 2, "filter", "INPUT", 3, "drop", network=tunnelled(78)[:20], transport=tunnelled(78)[20:28])
    assert recognised_steps(mark, carried, [], [met, other]) == {"h2": [met]}


def test_a_drop_is_recognised_with_and_without_its_ethernet_header():
    mark, _answer = first_of_its_own([SENT], "h1/cli").marks
    bare = Drop(2, "h1", "NO_SOCKET", "udp_rcv", "", 0x0800, 0, SENT.data[14:], 41)
    whole = Drop(3, "h1", "NO_SOCKET", "udp_rcv", "eth0", 0x0800, 14, SENT.data, 55)
    listening = Drop(4, "h1", "PACKET_SOCK_ERROR", "packet_rcv", "eth0", 0x0800, 14, SENT.data, 55)
    assert framed(bare)[12:] == SENT.data[12:]
    assert [one.drop for one in thrown_away(mark, [whole, listening, bare])] == [bare, whole]


def test_an_icmp_error_counts_when_it_quotes_this_packet():
    mark, _ = tcp_marks(1000)
    quoted = ip(6, CLIENT, SERVER, struct.pack(">HHI", 4000, 80, 1000))
    stranger = ip(6, CLIENT, SERVER, struct.pack(">HHI", 4000, 80, 1001))
    head = b"\x03\x04\0\0\0\0\x03\xe8"
    first = at(1, ip(1, HOST, CLIENT, head + stranger), "in")
    second = at(2, ip(1, HOST, CLIENT, head + quoted), "in")
    (found,) = errors_about(mark, set(), [first, second])
    assert (found.sighting, found.sender, found.mtu, found.words) == (second, HOST, 1000, "fragmentation needed")


def test_an_error_about_a_datagram_is_known_by_its_ends():
    ends, (mark, _answer) = Ends(CLIENT, SERVER, "4000", "5000"), first_of_its_own([SENT], "h1/cli").marks
    error = at(2, ip(1, SERVER, CLIENT, b"\x03\x03\0\0\0\0\0\0" + SENT.data[14:42]), "in")
    assert errors_about(mark, {ends}, [error])
    assert not errors_about(mark, {ends.back()}, [error])


# --- IPv6 ---
CLIENT6, SERVER6, ROUTER6 = "fd00:9::3", "fd00:10:77:5::100", "fd00:9::1"


def ip6(protocol, source, destination, payload):
    head = struct.pack(">IHBB", 6 << 28, len(payload), protocol, 64)
    return head + ipaddress.IPv6Address(source).packed + ipaddress.IPv6Address(destination).packed + payload


def at6(when, packet, way="out", place="h1/cli"):
    data = b"\x02" * 12 + b"\x86\xdd" + packet
    return Sighting(when, place, "eth0", way, data, len(data))


PING6 = ip6(58, CLIENT6, SERVER6, b"\x80\0\0\0" + struct.pack(">HH", 9, 1) + bytes(16))


def test_a_ping_by_ipv6_is_known_by_its_numbers():
    sent = at6(1, PING6)
    back = at6(2, ip6(58, SERVER6, CLIENT6, b"\x81\0\0\0" + struct.pack(">HH", 9, 1) + bytes(16)), "in")
    own = first_of_its_own([sent], "h1/cli")
    assert own.address == SERVER6
    mark, answer = own.marks
    assert own.marks == ping_marks(9, protocol="ICMPv6")
    assert [one.sighting for one in recognised(mark, [sent, back])] == [sent]
    assert [one.sighting for one in recognised(answer, [sent, back])] == [back]
    assert echo_of(sent.data) == echo_of(back.data) == mark.needle
    met = Step("h1", 1, "ip6 filter", "FORWARD", 3, "accept", network=PING6[:40], transport=PING6[40:60])
    other = Step("h1", 2, "ip6 filter", "FORWARD", 3, "accept", network=PING6[:40], transport=b"\x81" + PING6[41:60])
    assert recognised_steps(mark, recognised(mark, [sent]), [], [met, other]) == {"h1": [met]}


def test_packet_too_big_quotes_the_packet_and_says_what_fits():
    mark, _ = ping_marks(9, protocol="ICMPv6")
    other = PING6[:44] + struct.pack(">HH", 8, 1) + PING6[48:]
    head = b"\x02\0\0\0" + struct.pack(">I", 1280)
    errors = [at6(1, ip6(58, ROUTER6, CLIENT6, head + one), "in") for one in (other, PING6)]
    (found,) = errors_about(mark, set(), errors)
    assert (found.sighting, found.sender, found.mtu) == (errors[1], ROUTER6, 1280)
    assert (found.protocol, found.words) == ("ICMPv6", "packet too big")
    assert (found.type, found.code) == (3, 4), "the numbers of ICMP that say the same"


def test_a_refused_datagram_of_ipv6_is_known_by_its_ends():
    datagram = ip6(17, CLIENT6, SERVER6, udp(4000, 5000, b"hello, server"))
    ends, (mark, _answer) = Ends(CLIENT6, SERVER6, "4000", "5000"), first_of_its_own([at6(1, datagram)], "h1/cli").marks
    error = at6(2, ip6(58, SERVER6, CLIENT6, b"\x01\x04\0\0\0\0\0\0" + datagram), "in")
    (found,) = errors_about(mark, {ends}, [error])
    assert found.words == "port unreachable"
    assert not errors_about(mark, {ends.back()}, [error])
    assert ends.words() == f"[{CLIENT6}]:4000 → [{SERVER6}]:5000"


def test_a_header_that_is_cut_or_of_another_version_is_none():
    mark, _ = ping_marks(9, protocol="ICMPv6")
    whole = at6(1, ip6(58, ROUTER6, CLIENT6, b"\x02\0\0\0\0\0\5\0" + PING6), "in").data
    for size in range(len(whole)):
        one = Sighting(1, "h1", "eth0", "in", whole[:size], size)
        assert len(errors_about(mark, set(), [one])) == (size >= 14 + 40 + 8 + 48)
    wrong = Sighting(1, "h1", "eth0", "in", ETHERNET + PING6, len(PING6))
    assert echo_of(wrong.data) == b"", "IPv6 in a frame that says IPv4"
