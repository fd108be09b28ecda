"""The kernel itself says which frames our filter keeps: it runs on a pair of sockets that carry whole frames."""

from __future__ import annotations

import socket
import struct

import dpkt
import pytest

from explorer.lab.inside.filters import INSTRUCTION, assemble, attach, udp_port
from tests.attacks import attack
from tests.network.test_packets import LAN, VXLANS, ethernet, ip, udp, vxlan


def ip6(protocol: int, payload: bytes) -> bytes:
    return ethernet(0x86DD) + struct.pack(">IHBB", 6 << 28, len(payload), protocol, 64) + bytes(32) + payload


@pytest.fixture
def ends():
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    attach(there, udp_port(4789, 320))
    there.setblocking(False)
    with here, there:
        yield here, there


def kept(ends, frame: bytes) -> bytes:
    here, there = ends
    here.send(frame)
    try:
        return there.recv(65536)
    except BlockingIOError:
        return b""


def test_real_vxlan_is_kept_and_nothing_else_of_the_lan(ends):
    assert [frame for frame in LAN if kept(ends, frame)] == VXLANS
    assert len(VXLANS) == 18


def test_an_answer_is_kept_by_its_source_port(ends):
    back = struct.pack(">HHHH", 4789, 40000, 8, 0)
    assert kept(ends, ethernet() + ip(17, back))
    assert kept(ends, ip6(17, back))


def test_only_udp_over_ip(ends):
    assert not kept(ends, ethernet() + ip(6, struct.pack(">HH", 4789, 4789) + bytes(16)))
    assert not kept(ends, ip6(6, struct.pack(">HH", 4789, 4789) + bytes(16)))
    assert not kept(ends, ethernet(0x0806) + bytes(64))
    assert not kept(ends, ethernet() + ip(17, udp(4790, b"")))


def test_a_later_fragment_has_no_ports(ends):
    assert not kept(ends, ethernet() + ip(17, udp(4789, b"x" * 40), flags=0x0001))


def test_options_before_the_ports_are_passed_over(ends):
    header = bytearray(dpkt.ip.IP(p=17, src=b"\1\1\1\1", dst=b"\2\2\2\2").pack())
    header[0] = 0x46
    assert kept(ends, ethernet() + bytes(header) + bytes(4) + udp(4789, b""))


def test_no_more_than_the_headers(ends):
    assert len(kept(ends, vxlan(ethernet() + bytes(8000)))) == 320


@attack("frames cut anywhere, for the kernel's filter", origin="LAN", expected="harmless", held_by="a filter with bounds")
def test_frames_that_end_anywhere_do_no_harm(ends):
    for length in range(1, 60):
        kept(ends, VXLANS[0][:length])


def test_jumps_lead_forwards_to_their_names():
    steps = list(INSTRUCTION.iter_unpack(assemble(udp_port(4789, 320))))
    for at, (code, yes, no, _k) in enumerate(steps):
        if code in (0x15, 0x45):
            assert at + 1 + max(yes, no) < len(steps)
        else:
            assert (yes, no) == (0, 0)
