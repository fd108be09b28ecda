"""The same questions by IPv6: journeys over one cable, what the kernel answers, and the grid."""

from __future__ import annotations

import os
import socket

import pytest

from explorer.lab.ask import journey, kernel, reach
from explorer.lab.ask.dns import encode
from explorer.lab.ask.journey import read_handles, trace_journey
from explorer.lab.ask.probe import NoAnswer, first_address, literal, named_in
from explorer.network.journeys import Asked
from explorer.network.journeys.kernel import Lookup
from explorer.network.model import Address
from tests.lab.ask.two_namespaces import H1, OUTSIDE, places, run, two_namespaces

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")
ONE, OTHER, NOBODY = "fd00:99::1", "fd00:99::2", "fd00:99::77"
SIX = {"h1": ONE, "outside": OTHER}


@pytest.fixture(scope="module")
def lan():
    with two_namespaces() as made:
        for name, namespace in made.items():
            run(namespace, "sysctl -qw net.ipv6.conf.all.disable_ipv6=0")
            run(namespace, f"ip -6 addr add {SIX[name]}/64 dev eth0 nodad")
        yield made


def dual():
    """The two places with an address of both kinds."""

    def with_six(place):
        seen = place.views["interfaces"]
        (card,) = seen.items
        address = Address(cidr=f"{SIX[place.id]}/64", family="inet6")
        whole = seen.model_copy(update={"items": (card.model_copy(update={"addresses": (*card.addresses, address)}),)})
        return place.model_copy(update={"views": {"interfaces": whole}})

    return {name: with_six(place) for name, place in places().items()}


@pytest.fixture
def follow(lan):
    def follow(kind="ping", target="outside", port=80, family=6):
        asked = Asked(source="h1", target=target, kind=kind, port=port, family=family)
        return trace_journey(asked, dual(), {}, lan.get)

    return follow


def seen(way):
    return [(hop.place, hop.interface, hop.kind) for hop in way.hops if hop.kind in ("leaves", "arrives")]


@pytest.mark.parametrize("target", ["outside", OTHER, f"[{OTHER}]"])
async def test_a_ping_goes_there_and_back(follow, target):
    told = await follow(target=target)
    assert (told.ok, told.error, told.address) == (True, "", OTHER)
    assert seen(told.request) == [("h1", "eth0", "leaves"), ("outside", "eth0", "arrives")]
    assert seen(told.answer) == [("outside", "eth0", "leaves"), ("h1", "eth0", "arrives")]
    assert (told.request.ending, told.answer.ending) == ("arrived", "arrived")


async def test_a_place_is_asked_by_ipv4_unless_it_is_said(follow):
    assert (await follow(family=4)).address == OUTSIDE


async def test_a_port_nobody_listens_on_and_one_that_somebody_does(lan, follow):
    refused = await follow("tcp", port=9)
    assert (refused.ok, refused.result, refused.answer.ending) == (False, "connection refused", "refused")
    with lan["outside"].socket(socket.AF_INET6, socket.SOCK_STREAM) as server:
        server.bind((OTHER, 0))
        server.listen(1)
        told = await follow("tcp", port=server.getsockname()[1])
        assert told.ok
        assert told.result == f"[{OTHER}]:{server.getsockname()[1]} accepted the connection"


async def test_nobody_answers_neighbour_discovery(follow, monkeypatch):
    monkeypatch.setattr(journey, "SECONDS", 4.0)  # the kernel asks three times, a second apart
    told = await follow(target=NOBODY)
    assert not told.ok
    assert told.request.ending == "unanswered"
    assert "neighbour discovery" in told.request.end
    assert NOBODY in told.request.end


async def test_a_network_no_route_leads_to(follow):
    told = await follow("tcp", target="2001:db8::1")
    assert (told.ok, told.result, told.request.ending) == (False, "no route to that network", "unreachable")


async def test_a_rule_of_ip6tables_is_named(lan, follow, monkeypatch):
    monkeypatch.setattr(journey, "SECONDS", 0.5)
    run(lan["outside"], "ip6tables -w -A INPUT -p ipv6-icmp --icmpv6-type echo-request -j DROP")
    try:
        told = await follow()
        assert told.request.ending == "dropped"
        assert "INPUT (ip6 filter), rule 1: dropped" in told.request.end
        assert "ip6tables -t filter -nvL INPUT --line-numbers" in [one.command for one in told.request.evidence]
    finally:
        run(lan["outside"], "ip6tables -w -F")


async def test_a_link_local_address_is_no_target(follow):
    assert "link-local" in (await follow(target="fe80::1")).error


async def test_a_place_without_ipv6_says_so(lan):
    asked = Asked(source="h1", target="outside", family=6)
    assert (await trace_journey(asked, places(), {}, lan.get)).error == "outside has no IPv6 address."


def test_routes_neighbours_refusals_and_counters(lan):
    run(lan["h1"], "ip -6 route add blackhole 2001:db8:5::/48")
    run(lan["h1"], f"ip -6 route add 2001:db8:6::/48 via {OTHER}")
    before = kernel.count(lan["h1"])
    with lan["h1"].socket(socket.AF_INET6, socket.SOCK_DGRAM) as sending:
        sending.sendto(b"for nobody", (ONE, 9))
    lookups = [Lookup("h1", to) for to in (OTHER, ONE, "2001:db8:5::1", "2001:db8:6::1", "2001:db8:7::1")]
    told = kernel.ask("h1", lan["h1"], lookups, ["eth0"], before)
    near, own, nowhere, far, none = told.looked
    assert (near.kind, near.device, near.matched) == ("unicast", "eth0", "fd00:99::/64")
    assert (own.kind, own.matched) == ("local", f"{ONE}/128")
    assert [os.strerror(one.errno) for one in (nowhere, none)] == ["Invalid argument", "Network is unreachable"]
    assert (far.via, far.matched) == (OTHER, "2001:db8:6::/48")
    assert "dev eth0" in run(lan["h1"], far.command)
    assert [one.words for one in told.refusals] == ["route blackhole 2001:db8:5::/48"]
    assert told.counters["Udp6NoPorts"] == 1
    assert told.switches["net.ipv6.conf.all.forwarding"] == "0"
    with lan["h1"].socket(socket.AF_INET6, socket.SOCK_DGRAM) as sending:
        sending.sendto(b"for nobody", (OTHER, 9))
    told = kernel.ask("h1", lan["h1"], [], [], {})
    assert OTHER in [one.address for one in told.neighbours]


async def test_the_grid_asks_by_both(lan):
    for name in ("h1", "outside"):
        run(lan[name], "sysctl -qw net.ipv4.icmp_echo_ignore_all=0")
    grid = await reach.measure_grid(dual(), {}, lan.get)
    told = {(one.source, one.target): one for one in grid.cells}
    assert {one.by_address.outcome for one in told.values()} == {"answered"}
    assert {one.by_address6.outcome for one in told.values()} == {"answered"}
    cell = told["h1", "outside"]
    assert (cell.by_address.address, cell.by_address6.address) == (OUTSIDE, OTHER)
    assert cell.by_address6.evidence


async def test_the_grid_says_who_has_no_ipv6_and_what_stopped_it(lan):
    mixed = dual() | {"outside": places()["outside"]}
    run(lan["h1"], "ip6tables -w -A INPUT -j DROP")
    try:
        grid = await reach.measure_grid(mixed, {}, lan.get)
    finally:
        run(lan["h1"], "ip6tables -w -F")
    told = {(one.source, one.target): one for one in grid.cells}
    none, dropped = told["h1", "outside"].by_address6, told["outside", "h1"].by_address6
    assert (none.outcome, none.why) == ("no-address", "outside has no IPv6 address, so there is nothing to send to.")
    assert dropped.outcome == "silent"
    assert "ip6 filter" in dropped.why
    assert told["outside", "h1"].by_address.outcome == "answered"


# --- words ---
def test_addresses_of_both_kinds_are_read():
    assert literal("[fd00::1]") == literal("fd00:0::1") == "fd00::1"
    assert (literal(H1), literal("outside")) == (H1, "")
    with pytest.raises(NoAnswer, match="link-local"):
        literal("fe80::1%eth0")
    hosts = "10.0.0.1 web\nfd00::1 web\n"
    assert (named_in(hosts, "web"), named_in(hosts, "web", 6)) == ("10.0.0.1", "fd00::1")
    assert first_address(dual()["h1"], dual(), 6) == ONE
    assert encode(b"ab", "web", 6)[-4:] == b"\0\x1c\0\x01"


def test_rules_of_ipv6_tables_have_their_handles():
    text = "table ip6 nat { # handle 1\n chain OUTPUT { # handle 2\n  counter # handle 7\n }\n}\n"
    assert read_handles(text) == {("ip6 nat", "OUTPUT"): ((7, "counter"),)}


@pytest.mark.parametrize(
    ("typed", "target", "port"),
    [
        ("[fd00::1]:8080", "[fd00::1]", 8080),
        ("h1:8080", "h1", 8080),
        ("fd00::80", "fd00::80", 80),
        ("[fd00::1]", "[fd00::1]", 80),
    ],
)
def test_a_port_behind_an_address_of_ipv6_stands_behind_brackets(typed, target, port):
    asked = Asked(source="h1", target=typed)
    assert (asked.target, asked.port) == (target, port)
