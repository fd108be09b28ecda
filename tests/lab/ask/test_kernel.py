"""The kernel of a namespace is asked, and answers as the plain tools do."""

from __future__ import annotations

import os
import socket

import pytest

from explorer.lab.ask import kernel
from explorer.network.journeys.kernel import Lookup
from tests.lab.ask.two_namespaces import H1, OUTSIDE, run, two_namespaces

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")


@pytest.fixture(scope="module")
def lan():
    with two_namespaces() as made:
        yield made


def asked(lan, *lookups, before=None):
    return kernel.ask("h1", lan["h1"], lookups, ["eth0"], before or {})


def test_routes_are_those_of_ip_route_get(lan):
    run(lan["h1"], "ip route add blackhole 10.5.0.0/16")
    run(lan["h1"], "ip route add 10.6.0.0/16 via 10.99.0.2")
    run(lan["h1"], "ip rule add from 10.99.0.1 to 10.7.0.0/16 prohibit priority 50")
    told = asked(lan, *(Lookup("h1", to) for to in (OUTSIDE, H1, "10.5.0.1", "10.6.0.1", "192.0.2.1", "::1")))
    near, own, nowhere, far, none, other = told.looked
    assert (near.kind, near.device, near.matched) == ("unicast", "eth0", "10.99.0.0/24")
    assert (own.kind, own.device) == ("local", "lo")
    assert [os.strerror(one.errno) for one in (nowhere, none)] == ["Invalid argument", "Network is unreachable"]
    assert (far.via, far.matched) == (OUTSIDE, "10.6.0.0/16")
    assert "dev eth0" in run(lan["h1"], far.command)
    assert other.errno, "there is no IPv6 here"
    assert [one.words for one in told.refusals] == [
        "route blackhole 10.5.0.0/16",
        "policy rule 50: from 10.99.0.1/32 to 10.7.0.0/16 prohibit",
    ]
    run(lan["h1"], "ip rule del priority 50")


def test_a_policy_rule_about_its_own_source_refuses_a_socket_that_connects(lan):
    run(lan["h1"], "ip route add unreachable default table 77")
    run(lan["h1"], "ip rule add from 10.99.0.1 to 10.6.0.0/16 lookup 77 priority 51")
    way, refused = asked(lan, Lookup("h1", "10.6.0.1")).looked
    run(lan["h1"], "ip rule del priority 51")
    assert (way.errno, way.via) == (0, OUTSIDE)
    assert (refused.asked.source, os.strerror(refused.errno)) == (H1, "No route to host")
    assert len(asked(lan, Lookup("h1", "10.6.0.1")).looked) == 1, "no rule, no second answer"


def test_a_packet_that_came_in_is_asked_about_as_one(lan):
    run(lan["h1"], "sysctl -qw net.ipv4.ip_forward=0")
    came, nowhere = asked(lan, Lookup("h1", "10.6.0.1", OUTSIDE, "eth0"), Lookup("h1", H1, OUTSIDE, "eth9")).looked
    assert os.strerror(came.errno) == "No route to host"
    assert os.strerror(nowhere.errno) == "No such device"


def test_sockets_switches_neighbours_and_counters(lan):
    before = kernel.count(lan["h1"])
    run(lan["h1"], f"ip neigh replace {OUTSIDE} lladdr 02:00:00:00:00:99 dev eth0 nud permanent")
    with lan["h1"].socket(socket.AF_INET, socket.SOCK_STREAM) as taken:
        taken.bind((H1, 0))
        taken.listen(1)
        with lan["h1"].socket(socket.AF_INET, socket.SOCK_DGRAM) as sending:
            sending.sendto(b"for nobody", (H1, 9))
        told = asked(lan, before=before)
        assert (H1, taken.getsockname()[1]) in [(one.address, one.port) for one in told.listeners]
    run(lan["h1"], f"ip neigh del {OUTSIDE} dev eth0")
    assert (OUTSIDE, "eth0", "permanent", "02:00:00:00:00:99") in [
        (one.address, one.device, one.state, one.mac) for one in told.neighbours
    ]
    assert told.switches["net.ipv4.conf.eth0.forwarding"] == "0"
    assert told.counters["UdpNoPorts"] == 1
    assert told.silent == ""
