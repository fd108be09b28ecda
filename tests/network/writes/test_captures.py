"""What the room computes is what real daemons wrote, line for line and both ways, on Engine 26 and 28."""

from __future__ import annotations

import re

import pytest

from explorer.lab.images.recipes import ENGINES
from explorer.network.cause import NOT_DOCKER
from explorer.network.model import Chain, Interface, Route, Rule
from explorer.network.writes import complete, host_rules, outside
from explorer.network.writes.inside import ends_of, own, way_out_of
from explorer.network.writes.rules import seen_proxy
from explorer.network.writes.sockets import listeners
from tests.captures.write_situations import situations
from tests.network.writes.captured import NAMES, UNFILTERED, docker, elsewhere, explained, hosts, items, places, told

BY_HOST = [(name, host) for name in NAMES for host in hosts(name)]
LACKING = {"ipvlan"}  # the kernel of the machine that made the captures has none
SERVER = "127.0.0.11"  # the host's own name server: the host is a container of the sandbox's LAN


def rules_of(name, host):
    return [
        item for item in items(places(name)[host], "nat", "filter", "raw") if isinstance(item, Rule) and SERVER not in item.spec
    ]


def book_of(name, host):
    proxy = seen_proxy(rules_of(name, host))
    return host_rules(docker(name)[host], elsewhere(name).outward.get(host, ()), proxy)


def test_every_situation_was_captured():
    wanted = {f"{engine}-{situation}" for engine in ENGINES for situation in situations(engine) if situation not in LACKING}
    assert set(NAMES) == wanted


@pytest.mark.parametrize(("name", "host"), BY_HOST)
def test_rules_are_computed_exactly(name, host):
    book = book_of(name, host)
    if name.endswith(UNFILTERED):
        assert not book.known
        return
    there = [(rule.table, rule.spec) for rule in rules_of(name, host)]
    assert len(there) == len(set(there))
    assert set(book.rules) - set(there) == set()
    assert set(there) - set(book.rules) == set()
    assert not book.either


@pytest.mark.parametrize(("name", "host"), BY_HOST)
def test_chains_are_computed_exactly(name, host):
    if name.endswith(UNFILTERED):
        return
    found = [item for item in items(places(name)[host], "nat", "filter", "raw") if isinstance(item, Chain)]
    there = {(item.table, item.name) for item in found if item.name.startswith("DOCKER") and "_" not in item.name}
    assert {chain for chain in book_of(name, host).chains if "INGRESS" not in chain[1]} == there


@pytest.mark.parametrize(("name", "host"), BY_HOST)
def test_a_rule_of_which_the_switch_decides_is_kept_apart(name, host):
    """Without the jump that shows userland-proxy, every rule is in one of the two lists, and none in both."""
    if name.endswith(UNFILTERED):
        return
    known, unknown = book_of(name, host), host_rules(docker(name)[host], elsewhere(name).outward.get(host, ()))
    assert set(known.rules) <= {*unknown.rules, *unknown.either}
    assert not set(unknown.rules) & set(unknown.either)
    assert ("nat", "-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER") in unknown.rules
    assert any(text.startswith("-A OUTPUT ") for _, text in unknown.either)


@pytest.mark.parametrize(("name", "host"), BY_HOST)
def test_bridges_have_exactly_these_addresses_and_routes(name, host):
    place = places(name)[host]
    for network in complete(docker(name)[host]).networks:
        if network.driver != "bridge":
            continue
        (bridge,) = [
            one for one in items(place, "interfaces") if isinstance(one, Interface) and outside.is_bridge(network, one)
        ]
        assert {held.cidr for held in bridge.addresses if held.scope != "link"} == outside.addresses_of(network)
        routes = [one for one in items(place, "routes") if isinstance(one, Route) and one.dev == network.bridge]
        has_one = network.ipv4 and bool(outside.addresses_of(network)) and outside.has_address(network)
        assert [outside.is_route(network, one) for one in routes] == [True] * has_one
        routes6 = [one for one in items(place, "routes6") if isinstance(one, Route) and one.dev == network.bridge]
        own = [one for one in routes6 if one.destination != outside.LINK_LOCAL]
        assert [outside.is_route(network, one) for one in own] == [True] * network.ipv6


@pytest.mark.parametrize("name", NAMES)
def test_containers_have_exactly_these_interfaces_addresses_and_routes(name):
    for place in places(name).values():
        state = docker(name)[place.host]
        container = next((one for one in state.containers if one.name == place.name), None)
        if place.kind != "container" or place.shares or container is None:
            continue
        cards = [one for one in items(place, "interfaces") if isinstance(one, Interface) and one.kind != "loopback"]
        ends = own(ends_of(state, container), cards)
        for card in cards:
            for held in card.addresses if card.name not in ends else ():
                if end := way_out_of(state, container, held.cidr.partition("/")[0]):
                    ends[card.name] = end
        assert set(ends) == {card.name for card in cards}
        for card in cards:
            assert {held.cidr for held in card.addresses if held.scope != "link"} == set(ends[card.name].addresses)
        routes = [one for one in items(place, "routes") if isinstance(one, Route)]
        assert all(ends[one.dev].is_route(one, one.dev) for one in routes)
        assert len(routes) == sum(bool(end.endpoint.address) + bool(end.default or end.bare) for end in ends.values())
        routes6 = [one for one in items(place, "routes6") if isinstance(one, Route) and one.destination != outside.LINK_LOCAL]
        assert all(ends[one.dev].is_route(one, one.dev) for one in routes6)
        assert len(routes6) == sum(bool(end.endpoint.address6) + bool(end.default6) for end in ends.values())


@pytest.mark.parametrize(("name", "host"), BY_HOST)
def test_sockets_of_published_ports_are_computed_exactly(name, host):
    found = set()
    for line in told(name)["places"][host]["sockets"].splitlines():
        words = line.split()
        address, _, port = words[4].rpartition(":")
        who = re.search(r'"([^"]+)"', line)
        if who and who[1] in ("docker-proxy", "dockerd") and int(port) not in (2377, 7946):
            found.add((words[0], "::" if address == "*" else address.strip("[]"), int(port)))
    assert found == set(listeners(docker(name)[host]))


TELLS_NOTHING = ("comment:", "nft:", "beyond:")


@pytest.mark.parametrize("name", [name for name in NAMES if not name.endswith(UNFILTERED)])
def test_every_line_that_docker_and_the_kernel_wrote_says_why(name):
    """And none is called somebody else's."""
    silent, strange = [], []
    for place in places(name).values():
        for view, seen in explained(name, place).items():
            lines = [line for line in seen.lines if not line.key.startswith(TELLS_NOTHING)]
            silent += [(place.id, view, line.text) for line in lines if not line.why and not is_of_the_mesh(place)]
            strange += [(place.id, view, line.text) for line in lines if NOT_DOCKER in line.about]
    assert (silent, strange) == ([], [])


@pytest.mark.parametrize("name", [name for name in NAMES if name.endswith(UNFILTERED)])
def test_where_the_daemon_may_write_no_rules_nothing_is_said_of_them(name):
    """They are left from the daemon's life before; the API does not tell that it writes none now."""
    seen = explained(name, places(name)["h1"])
    rules = {item.key for view in ("nat", "filter", "raw") for item in seen[view].items if isinstance(item, Rule)}
    own = [
        line for view in ("nat", "filter", "raw") for line in seen[view].lines if line.key in rules and SERVER not in line.text
    ]
    assert own
    assert {line.why for line in own} == {""}


def is_of_the_mesh(place):
    """The namespace of the routing mesh: its routes are not explained."""
    return place.name == "ingress_sbox"
