"""What `/proc` says of sockets and counters, as the kernel wrote it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.network.journeys.kernel import Listener, Looked, Lookup, Refusal
from explorer.network.read.counters import Traffic, moved, rate_between, read_counters, traffic_by_interface
from explorer.network.read.sockets import read_listeners

TCP = """  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:2328 00000000:0000 0A 00000000:00000003 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   1: 0B00007F:A9AB 0100007F:0050 01 00000000:00000000 00:00000000 00000000     0        0 2 1 0 100 0 0 10 0
"""
TCP6 = """  sl  local_address                         remote_address                        st tx_queue rx_queue
   0: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:0
   1: 0000000000000000FFFF00000100007F:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:0
"""
SNMP = "Ip: Forwarding InAddrErrors\nIp: 1 4\nTcp: MaxConn OutRsts\nTcp: -1 2\n"


def test_listening_sockets_have_address_port_and_queue():
    assert read_listeners("tcp", TCP) == [Listener("tcp", "127.0.0.1", 9000, 3)]
    assert [(one.address, one.port) for one in read_listeners("tcp", TCP6)] == [("::", 80), ("127.0.0.1", 8080)]


def test_a_connected_datagram_socket_hears_one_machine():
    assert [one.remote for one in read_listeners("udp", TCP)] == ["127.0.0.1"]


def test_counters_have_nstats_names_and_only_what_rose_moved():
    before = read_counters([SNMP])
    assert before == {"IpForwarding": 1, "IpInAddrErrors": 4, "TcpMaxConn": -1, "TcpOutRsts": 2}
    assert moved(before, before | {"IpInAddrErrors": 6, "TcpOutRsts": 1, "New": 3}) == {"IpInAddrErrors": 2}


@given(st.text(max_size=300))
def test_any_text_is_read_or_passed_over(text):
    read_listeners("tcp", text)
    read_counters([text])


@pytest.mark.parametrize("text", ["Ip6InReceives ²\n", "Ip: A\nIp: --5\n", "Ip: A\nIp: ²\n"])
def test_what_only_looks_like_a_number_is_passed_over(text):
    assert read_counters([text]) == {}
    assert traffic_by_interface("a\nb\n eth0: " + "² " * 16) == {"eth0": (0, 0, 0)}


def test_the_question_is_one_that_a_person_can_type():
    asked = Lookup("h1", "10.0.0.1", "172.18.0.2", "town", 0x10)
    assert Looked(asked).command == "ip route get 10.0.0.1 from 172.18.0.2 iif town mark 0x10"
    assert (
        Refusal("prohibit", "", rule=True, priority=9, source="10.0.0.0/8").words == "policy rule 9: from 10.0.0.0/8 prohibit"
    )
    assert Refusal("blackhole", "10.0.0.0/8", 100).words == "route blackhole 10.0.0.0/8 in table 100"


DEVICES = """Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:    9000      90    0    0    0     0          0         0     9000      90    0    0    0     0       0          0
  eth0:    1000      10    0    0    0     0          0         0      500       5    0    0    0     0       0          0
veth:1:       0       0    0    0    0     0          0         0       70       1    0    0    0     0       0          0
"""


def test_frames_are_counted_by_interface_and_the_loopback_has_no_wire():
    assert traffic_by_interface(DEVICES) == {"eth0": (15, 1000, 500), "veth:1": (1, 0, 70)}


def test_a_rate_is_that_of_the_busier_direction():
    before, after = Traffic(1, 1_000, 0), Traffic(9, 2_000, 12_500)
    assert rate_between(before, after, 0.5) == 200_000
    assert rate_between(after, before, 0.5) == 0  # the interface was replaced
    assert rate_between(before, after, 0.0) == 0


@pytest.mark.parametrize(
    "text", ["", "a\nb\n", "a\nb\n eth0: 1 2 3\n", "a\nb\n eth0: " + "x " * 16, "a\nb\n eth0: " + "9" * 99]
)
def test_devices_that_are_nonsense_count_nothing(text):
    assert {one.frames for one in traffic_by_interface(text).values()} <= {0}
