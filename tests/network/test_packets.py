"""The dissector: what it says of real frames, that an independent decoder agrees, and that no bytes defeat it."""

from __future__ import annotations

import socket
import struct
from pathlib import Path

import dpkt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.network.packets import Packet, dissect, summarise
from explorer.network.packets.dissect import DEPTH
from tests.captures import handmade
from tests.fuzz.properties import sound_packet as sound

CAPTURES = Path(__file__).parents[1] / "captures" / "packets"


def frames(name: str) -> list[bytes]:
    with (CAPTURES / f"{name}.pcap").open("rb") as file:
        return [frame for _, frame in dpkt.pcap.Reader(file)]


LAN, INSIDE = frames("lan"), frames("inside")
VXLANS = [frame for frame in LAN if dissect(frame).find("VXLAN")]


def protocols(packet: Packet) -> list[str]:
    return [layer.protocol for layer in packet.layers]


def ethernet(kind: int = 0x0800) -> bytes:
    return bytes.fromhex("0242ac110002 0242ac110001") + struct.pack(">H", kind)


def ip(protocol: int, payload: bytes, total: int | None = None, flags: int = 0) -> bytes:
    total = 20 + len(payload) if total is None else total
    head = struct.pack(">BBHHHBBH", 0x45, 0, total, 7, flags, 64, protocol, 0)
    return head + socket.inet_aton("10.0.1.2") + socket.inet_aton("10.0.1.4") + payload


def udp(port: int, payload: bytes) -> bytes:
    return struct.pack(">HHHH", 40000, port, 8 + len(payload), 0) + payload


def vxlan(inner: bytes, vni: int = 4097) -> bytes:
    return ethernet() + ip(17, udp(4789, b"\x08\0\0\0" + vni.to_bytes(3) + b"\0" + inner))


NAMELESS = ethernet() + ip(17, udp(53, bytes(4) + b"\0\1" + bytes(6) + b"\x09abc"))


# --- what it says -----------------------------------------------------------------------------------------------------


def test_a_ping_across_an_overlay_is_read_outside_in():
    packet = dissect(VXLANS[0])
    assert protocols(packet) == ["Ethernet", "IPv4", "UDP", "VXLAN", "Ethernet", "IPv4", "ICMP", "Data"]
    assert [layer.depth for layer in packet.layers] == [0, 0, 0, 0, 1, 1, 1, 1]
    outer, inner = packet.find("IPv4", depth=0), packet.find("IPv4", depth=1)
    assert outer
    assert inner
    assert (outer.get("source"), outer.get("destination")) == ("10.77.0.11", "10.77.0.12")
    assert (inner.get("source"), inner.get("destination")) == ("10.0.1.2", "10.0.1.4")
    assert summarise(packet) == ("10.77.0.11 → 10.77.0.12 carries for VXLAN 4097: 10.0.1.2 → 10.0.1.4, ping request, number 1")


def test_every_real_frame_has_words_and_no_problem():
    said = [summarise(dissect(frame, 1500)) for frame in LAN + INSIDE]
    assert not [words for words in said if "malformed" in words or "truncated" in words]
    for words in (
        "ARP: who has 10.77.0.50? Tell 10.77.0.11",
        "ARP: 10.77.0.12 is at 02:42:0a:4d:00:0c",
        "10.77.0.11 → 10.77.0.12, ping request, number 1",
        "::1 → ::1, ping reply, number 1",
        "127.0.0.11:53 → 127.0.0.1:40698, DNS answers A client: client A 10.0.1.4, for 600 s",
    ):
        assert words in said
    assert any(words.endswith("10.0.1.4:81 → 10.0.1.2:42068, TCP ACK RST") for words in said)


def test_a_field_names_the_bytes_it_was_read_from():
    frame = VXLANS[0]
    for layer in dissect(frame).layers:
        for field in layer.fields:
            if field.name in ("source", "destination") and layer.protocol == "IPv4":
                assert socket.inet_aton(field.value) == frame[field.offset : field.offset + field.length]
            if layer.protocol == "Ethernet" and field.name != "type":
                assert bytes.fromhex(field.value.replace(":", "")) == frame[field.offset : field.offset + 6]
            if field.name == "VNI":
                assert int.from_bytes(frame[field.offset : field.offset + 3]) == int(field.value)


# --- a second opinion -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("frame", LAN + INSIDE)
def test_an_independent_decoder_agrees(frame):
    agree(dpkt.ethernet.Ethernet(frame), dissect(frame), 0)


def agree(theirs, packet: Packet, depth: int) -> None:
    ours = packet.find("Ethernet", depth=depth)
    assert ours
    assert (ours.get("source"), ours.get("destination")) == (theirs.src.hex(":"), theirs.dst.hex(":"))
    inside = theirs.data
    if isinstance(inside, dpkt.arp.ARP):
        told = packet.find("ARP", depth=depth)
        assert told
        assert (told.get("sender IP"), told.get("target IP")) == (socket.inet_ntoa(inside.spa), socket.inet_ntoa(inside.tpa))
        assert told.get("sender MAC") == inside.sha.hex(":")
        return
    family = socket.AF_INET6 if isinstance(inside, dpkt.ip6.IP6) else socket.AF_INET
    internet = packet.find("IPv6" if family == socket.AF_INET6 else "IPv4", depth=depth)
    assert internet
    for ours_name, theirs_value in (("source", inside.src), ("destination", inside.dst)):
        assert internet.get(ours_name) == socket.inet_ntop(family, theirs_value)
    if family == socket.AF_INET:
        assert (internet.get("TTL"), internet.get("total length")) == (str(inside.ttl), str(inside.len))
        assert internet.get("checksum") == f"0x{inside.sum:04x}"
    transport_agrees(inside.data, packet, depth)


def transport_agrees(theirs, packet: Packet, depth: int) -> None:
    ours = packet.find("UDP", "TCP", "ICMP", "ICMPv6", depth=depth)
    assert ours
    if isinstance(theirs, dpkt.tcp.TCP | dpkt.udp.UDP):
        assert (ours.get("source port"), ours.get("destination port")) == (str(theirs.sport), str(theirs.dport))
    if isinstance(theirs, dpkt.tcp.TCP):
        assert (ours.get("sequence"), ours.get("acknowledgement")) == (str(theirs.seq), str(theirs.ack))
        assert ("SYN" in ours.get("flags"), "FIN" in ours.get("flags")) == (bool(theirs.flags & 2), bool(theirs.flags & 1))
    if isinstance(theirs, dpkt.icmp.ICMP):
        assert ours.get("type").split()[0] == str(theirs.type)
        assert (ours.get("id"), ours.get("sequence")) == (str(theirs.data.id), str(theirs.data.seq))
    if isinstance(theirs, dpkt.udp.UDP) and 53 in (theirs.sport, theirs.dport):
        message, told = dpkt.dns.DNS(theirs.data), packet.find("DNS", depth=depth)
        assert told
        assert told.get("id") == f"0x{message.id:04x}"
        assert told.get("question").split()[1] == message.qd[0].name
        assert told.get("answers") == str(len(message.an))
    if isinstance(theirs, dpkt.udp.UDP) and theirs.dport == 4789:  # dpkt has no VXLAN: eight bytes, then a frame
        agree(dpkt.ethernet.Ethernet(theirs.data[8:]), packet, depth + 1)


# --- hostile ----------------------------------------------------------------------------------------------------------


@given(st.binary(max_size=300))
def test_any_bytes(data):
    sound(dissect(data))


@given(st.sampled_from(LAN + INSIDE), st.integers(0, 300), st.binary(min_size=1, max_size=8))
def test_real_frames_with_other_bytes_in_them(frame, at, other):
    sound(dissect(frame[:at] + other + frame[at + len(other) :]))


@given(st.sampled_from(LAN + INSIDE), st.integers(0, 300))
def test_real_frames_cut_anywhere(frame, at):
    cut = dissect(frame[:at], len(frame))
    sound(cut)
    whole = dissect(frame)
    known = [
        field for layer in cut.layers if layer.fields and not layer.problem for field in layer.fields if field.name != "bytes"
    ]
    assert set(known) <= {field for layer in whole.layers for field in layer.fields}  # what is said of less was said of all
    if at < 14:
        assert cut.problem.startswith("truncated")


@given(st.binary(max_size=200), st.sampled_from([0x0800, 0x86DD, 0x0806, 0x8100]))
def test_headers_filled_with_anything(data, kind):
    sound(dissect(ethernet(kind) + data))


@given(st.binary(max_size=200))
def test_names_filled_with_anything(data):
    sound(dissect(ethernet() + ip(17, udp(53, data))))


def test_a_frame_of_9000_bytes():
    packet = dissect(ethernet() + ip(17, udp(9, bytes(9000 - 42))))
    assert packet.length == 9000
    assert not packet.problem
    assert packet.layers[-1].length == 9000 - 42


def test_tunnels_in_tunnels_end():
    frame = ethernet(0x0806)
    for turn in range(12):
        frame = vxlan(frame, turn)
    packet = dissect(frame)
    sound(packet)
    assert packet.layers[-1].problem == f"not read: more than {DEPTH} tunnels"
    assert [layer.get("VNI") for layer in packet.layers if layer.protocol == "VXLAN"] == ["11", "10", "9", "8"]


@pytest.mark.parametrize(
    ("frame", "protocol", "problem"),
    [
        (ethernet()[:9], "Ethernet", "truncated: 12 bytes are needed and 9 are there"),
        (ethernet() + b"\x41" + bytes(30), "IPv4", "malformed: a header of 4 bytes is shorter than 20"),
        (ethernet() + b"\x65" + bytes(30), "IPv4", "malformed: its version is 6, not 4"),
        (ethernet() + ip(6, b"\0" * 12 + b"\x10\x02" + b"\0" * 6), "TCP", "malformed: a header of 4 bytes is shorter than 20"),
        (ethernet() + ip(17, b"\0\1\0\2\0\3\0\0"), "UDP", "malformed: a length of 3 is less than its header"),
        (ethernet() + ip(17, b"", 900), "IPv4", "truncated: it says it has 880 bytes more than there are"),
        (ethernet() + ip(17, b"\0\1", 22) + bytes(24), "UDP", "malformed: 4 bytes are needed and 2 are there"),
        (ethernet() + ip(17, udp(4789, bytes(8))), "VXLAN", "malformed: the flag that says the VNI is valid is not set"),
        (ethernet() + ip(17, udp(53, bytes(4) + b"\0\1" + bytes(6) + b"\xc0\x0c")), "DNS", "malformed: a name points forwards"),
        (NAMELESS, "DNS", "malformed: a name runs out of the message"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_where_it_is(frame, protocol, problem):
    wrong = [layer for layer in dissect(frame).layers if layer.problem]
    assert (wrong[0].protocol, wrong[0].problem) == (protocol, problem)


def test_a_fragment_has_no_transport_header():
    assert protocols(dissect(ethernet() + ip(17, udp(53, b"xx"), flags=0x00B9))) == ["Ethernet", "IPv4", "Fragment"]


def test_the_first_fragment_may_say_that_it_goes_on():
    packet = dissect(handmade.SOUND["fragment of UDP"])
    assert (protocols(packet)[-2:], packet.problem) == (["UDP", "Payload"], "")
    assert dissect(handmade.SOUND["fragment 6"]).problem == ""


def test_a_further_fragment_is_called_one():
    assert summarise(dissect(handmade.SOUND["later fragment"])) == "10.77.9.1 → 10.77.9.2, a further fragment of UDP"


@pytest.mark.parametrize(
    ("query", "known"), [(dpkt.ip.IP(INSIDE[0][14:]), True), (dpkt.ip.IP(INSIDE[0][14:], dst=b"\x7f\0\0\x0c"), False)]
)
def test_a_query_to_dockers_own_server_is_known_by_its_address(query, known):
    """It listens on a port of chance."""
    query.src, query.data.sport, query.data.dport = b"\x7f\0\0\1", 40000, 41937
    query.dst = b"\x7f\0\0\x0b" if known else b"\x7f\0\0\x0c"
    assert (dissect(ethernet() + bytes(query)).find("DNS") is not None) == known


def verdict(frame: bytes, protocol: str, length: int | None = None) -> str:
    layer = dissect(frame, length).find(protocol)
    assert layer
    return layer.get("checksum is")


def test_a_checksum_is_judged_where_all_it_covers_is_there():
    right = handmade.SOUND["tagged twice"]
    assert (verdict(right, "IPv4"), verdict(right, "UDP")) == ("right", "right")
    assert verdict(right[:-1] + b"X", "UDP") == "wrong"
    assert verdict(right[:-9] + b"\1" + right[-8:], "IPv4") == "right", "covers its header alone"
    assert verdict(right[:-1], "UDP", len(right)) == ""
    assert verdict(handmade.SOUND["fragment of UDP"], "UDP") == ""
    assert verdict(handmade.SOUND["no checksum"], "UDP") == "not used"
    assert verdict(handmade.SOUND["padded"], "UDP") == "right", "padding is not covered"


def test_a_checksum_left_to_the_network_card_is_no_error():
    """As Linux leaves it: the sum of the pseudo-header alone."""
    begun = ~handmade.checksum(handmade.pseudo(6, 20)) & 0xFFFF
    segment = handmade.tcp(0x02)
    frame = handmade.ethernet(handmade.ip4(6, segment[:16] + begun.to_bytes(2) + segment[18:]))
    assert verdict(frame, "TCP") == "left to the network card"


def test_a_name_with_markup_and_control_characters_stays_text():
    name = b"\x0c<b>\x1b[31m.\xff\\a\0"
    query = struct.pack(">HHHHHH", 1, 0x0100, 1, 0, 0, 0) + name + struct.pack(">HH", 1, 1)
    dns = dissect(ethernet() + ip(17, udp(53, query))).find("DNS")
    assert dns
    assert dns.get("question") == r"A <b>\x1b[31m.\xff\x5ca"


@pytest.mark.parametrize("case", handmade.HOSTILE)
def test_a_hostile_frame_is_told_with_what_was_read_before(case):
    frame, protocol, problem = handmade.HOSTILE[case]
    packet = dissect(frame)
    sound(packet)
    assert [layer.protocol for layer in packet.layers if layer.problem] == [protocol]
    assert packet.problem.startswith(problem)
    before = packet.layers[: [bool(layer.problem) for layer in packet.layers].index(True)]
    assert before
    assert before[0].get("source") == "02:42:ac:11:00:01"


@pytest.mark.parametrize("case", handmade.SOUND)
def test_a_rare_frame_is_no_hostile_one(case):
    assert dissect(handmade.SOUND[case]).problem == ""


# --- frames with a length, and packets inside an ICMP error -----------------------------------------------------------

HELLO = bytes.fromhex(
    "0180c2000000 00163e000001 0026 424203 0000 00 00 00 8000 00163e000001 00000000 8000 00163e000001 8001 0000 1400 0200 0f00"
    "0000000000000000"
)


def test_a_number_below_0x0600_is_a_length_and_llc_follows():
    packet = dissect(HELLO)
    assert protocols(packet) == ["Ethernet", "LLC", "STP", "Times and versions"]
    assert (packet.layers[0].get("length"), packet.layers[0].get("type")) == ("38", "")
    assert packet.problem == ""
    assert summarise(packet) == "spanning tree: hello of 00:16:3e:00:00:01, whose root is 00:16:3e:00:00:01"


def test_an_llc_frame_of_another_protocol_is_named_by_its_sap():
    told = dissect(bytes.fromhex("ffffffffffff 00163e000001 0004 e0e0 0300") + bytes(42))
    assert protocols(told) == ["Ethernet", "LLC", "Payload"]
    assert summarise(told) == "LLC for IPX"


def icmp_error(kind: int, code: int, about: bytes) -> bytes:
    return ethernet() + ip(1, struct.pack(">BBHI", kind, code, 0, 0) + about)


def test_the_packet_that_an_icmp_error_is_about_is_read():
    packet = dissect(icmp_error(3, 3, ip(17, udp(53, b"12345678"), total=99)[:28]))
    assert protocols(packet) == ["Ethernet", "IPv4", "ICMP", "quoted IPv4", "quoted UDP"]
    assert (packet.layers[3].get("destination"), packet.layers[4].get("destination port")) == ("10.0.1.4", "53")
    assert packet.problem == ""
    assert summarise(packet).endswith("ICMP port unreachable, about UDP 10.0.1.2:40000 → 10.0.1.4:53")


@pytest.mark.parametrize(("kind", "code"), [(3, 4), (11, 0), (5, 1), (12, 0)])
def test_every_kind_of_icmp_error_quotes(kind, code):
    packet = dissect(icmp_error(kind, code, ip(1, struct.pack(">BBHHH", 8, 0, 0, 7, 9))))
    assert packet.layers[-1].protocol == "quoted ICMP"
    assert packet.layers[-1].get("sequence") == "9"
    assert packet.find("ICMP").get("sequence") == ""  # the error's own header has none


def test_a_quotation_is_never_taken_for_a_header_of_the_frame():
    packet = dissect(icmp_error(11, 0, ip(6, struct.pack(">HHI", 40000, 80, 1) + bytes(12))))
    assert packet.find("TCP") is None
    assert protocols(packet)[3:] == ["quoted IPv4", "quoted TCP", "Data"]
    assert "about TCP 10.0.1.2:40000 → 10.0.1.4:80" in summarise(packet)


@pytest.mark.parametrize("kind", [1, 2, 3, 4])
def test_icmp6_errors_quote_too(kind):
    about = bytes.fromhex("60000000 0010 11 40") + bytes(15) + b"\1" + bytes(15) + b"\2" + udp(53, b"12345678")
    head = struct.pack(">IHBB", 0x60000000, 8 + len(about), 58, 64) + bytes(15) + b"\2" + bytes(15) + b"\1"
    packet = dissect(ethernet(0x86DD) + head + struct.pack(">BBHI", kind, 0, 0, 1280) + about)
    assert protocols(packet)[2:5] == ["ICMPv6", "quoted IPv6", "quoted UDP"]
    assert summarise(packet).endswith("about UDP [::1]:40000 → [::2]:53")
