"""LANs with IPv6: who has which address, who answers by it, and what a hostile host can make of it."""

from __future__ import annotations

import json
import subprocess
import time
from ipaddress import IPv6Address, IPv6Network
from pathlib import Path

import pytest

from explorer.lab.engine.client import session
from explorer.lab.hosts import lifecycle
from explorer.network.journeys import Asked
from explorer.network.scenario import SCENARIOS
from explorer.node.operator.look import journey_once
from tests.attacks import attack
from tests.engine import frames

pytestmark = pytest.mark.engine
HELD_BY = "a bridge for each LAN, no IPv6 in the engine's namespace, accept_ra off"


@pytest.fixture(scope="module")
def routed(lab_config):
    """A sandbox with a router and two LANs; its tests leave it as it was. (name, facts)"""
    name = "six-routed"
    yield name, lifecycle.open_sandbox(lab_config, name, 1, SCENARIOS["routed"], time.time() + 3600, lambda phase, detail: None)
    lifecycle.close_sandbox(lab_config, name)


@pytest.fixture(scope="module")
def neighbours(lab_config):
    """A sandbox with two hosts. (name, facts)"""
    name = "six-two"
    ends = time.time() + 3600
    yield name, lifecycle.open_sandbox(lab_config, name, 1, SCENARIOS["two-hosts"], ends, lambda phase, detail: None)
    lifecycle.close_sandbox(lab_config, name)


def outside_of(facts):
    return facts["machines"]["outside"]["address6"]


def process_of(lab_config, container):
    with session(lab_config) as client:
        return int(client.api.inspect_container(container)["State"]["Pid"])


def speaks(space):
    """The IPv6 addresses and routes of a namespace, without what differs from moment to moment."""

    def ask(*words):
        told = subprocess.run(["nsenter", f"--net={space}", *words], capture_output=True, text=True, check=True).stdout
        return json.loads(told or "[]")

    held = sorted((link["ifname"], one["local"]) for link in ask("ip", "-6", "-j", "addr") for one in link["addr_info"])
    routes = sorted((one["dst"], one.get("dev", ""), one.get("gateway", "")) for one in ask("ip", "-6", "-j", "route"))
    return held, routes


def test_each_member_has_the_address_that_the_facts_say(neighbours, shell):
    name, facts = neighbours
    subnet = IPv6Network(facts["subnet6"])
    assert subnet.prefixlen == 64
    assert IPv6Network("fd00::/8").supernet_of(subnet), "a unique local one"
    for where, about in {**facts["hosts"], **facts["machines"]}.items():
        assert IPv6Address(about["address6"]) in subnet
        told = json.loads(shell(where, "ip -6 -j addr show dev eth0", name)[1])[0]["addr_info"]
        assert [(one["local"], one["prefixlen"]) for one in told if one["scope"] == "global"] == [(about["address6"], 64)]
        assert shell(where, "echo $LAN6:/64", name)[1].strip() == facts["subnet6"]


@pytest.mark.parametrize("asked", ["{address}", "ip6-outside"])
def test_neighbours_reach_each_other_by_address_and_by_name(neighbours, shell, asked):
    name, facts = neighbours
    status, told = shell("h1", f"ping -c 1 -W 5 {asked.format(address=outside_of(facts))}", name)
    assert status == 0, told


def test_a_host_answers_and_tells_from_where_it_was_asked(neighbours, shell):
    name, facts = neighbours
    assert f"you are [{facts['hosts']['h1']['address6']}]:" in shell("h1", "curl -s -m 5 ip6-outside", name)[1]
    shell("h1", "docker run -d --name web -p 8080:80 box && docker port web", name)
    own = facts["hosts"]["h1"]["address6"]
    status, told = shell("outside", f"curl -s --retry 5 --retry-connrefused -m 5 'http://[{own}]:8080/'", name)
    shell("h1", "docker rm -f web", name)
    assert status == 0, told
    assert "you are 172.17.0.1:" in told, "docker-proxy takes it and asks the container by IPv4"


async def test_a_published_port_by_ipv6_is_followed_into_a_container_without_it(lab_config, neighbours, shell):
    name, facts = neighbours
    shell("h1", "docker run -d --name proxied -p 8086:80 box", name)
    target = f"[{facts['hosts']['h1']['address6']}]:8086"
    told = await journey_once(lab_config, name, 1, facts, Asked(source="outside", target=target, kind="http"))
    shell("h1", "docker rm -f proxied", name)
    assert told.ok, told.result
    assert "you are 172.17.0.1:" in told.result
    assert "as docker-proxy does for port 8086" in told.request.end
    assert told.request.ending == told.answer.ending == "arrived"


def test_a_name_has_an_address_of_both_kinds_and_programs_take_ipv4_unless_told(neighbours, shell):
    name, facts = neighbours
    about = facts["machines"]["outside"]
    for place in ("h1", "h2"):
        assert shell(place, "dig +short +timeout=5 outside AAAA", name)[1].strip() == about["address6"]
        assert shell(place, "dig +short +timeout=5 outside A", name)[1].strip() == about["address"]
        own = facts["hosts"][place]
        assert f"you are {own['address']}:" in shell(place, "curl -s -m 5 outside", name)[1]
        assert f"you are [{own['address6']}]:" in shell(place, "curl -s -m 5 ip6-outside", name)[1]
    reverse = shell("h1", f"dig +short +timeout=5 -x {about['address6']}", name)[1]
    assert reverse.strip() == "outside."
    for network in ("host", "bridge"):
        told = shell("h1", f"docker run --rm --network {network} box curl -s -m 5 outside", name)[1]
        assert f"you are {facts['hosts']['h1']['address']}:" in told


def test_who_asked_by_ipv6_is_in_the_machines_log(lab_config, neighbours, shell):
    name, facts = neighbours
    own = facts["hosts"]["h2"]["address6"]
    shell("h2", f"ping -c 1 -W 5 ip6-outside; curl -s -m 5 ip6-outside; dig +short @{outside_of(facts)} h1", name)
    with session(lab_config) as client:
        lines = [json.loads(line) for line in client.api.logs(facts["machines"]["outside"]["container"]).splitlines()]
    assert {one["protocol"] for one in lines if one["source"] == own} == {"ping", "http", "dns"}


def test_a_router_leads_to_the_second_lan(routed, shell):
    name, facts = routed
    far = facts["machines"]["far"]["address6"]
    assert IPv6Address(far) not in IPv6Network(facts["subnet6"]), "each LAN has a subnet of its own"
    status, told = shell("h1", f"ping -6 -c 1 -W 5 {far}", name)
    assert status == 0, told
    assert "ttl=63" in told


# --- attacks ---
@attack("IPv6 of another sandbox, whatever route is set", origin="host", expected="refused", held_by=HELD_BY)
def test_another_sandbox_is_not_reached_by_ipv6(neighbours, routed, shell):
    name, target = neighbours[0], routed[1]["hosts"]["h1"]["address6"]
    for route in (
        "true",
        f"ip -6 route replace {target} dev eth0",
        f"ip -6 route replace {target} via fe80::1 dev eth0 onlink",
    ):
        status, _ = shell("h1", f"{route}; ping -6 -c 1 -W 1 {target}", name)
        shell("h1", f"ip -6 route del {target}", name)
        assert status != 0, route


@attack("router advertisements, redirects and forged neighbours", origin="LAN", expected="contained", held_by=HELD_BY)
def test_no_router_that_a_host_announces_is_believed(lab_config, neighbours, routed, shell, seen):
    name, facts = neighbours
    spaces = {
        "the engine": f"/run/netns/{lab_config.netns}",
        "the machine": "/proc/self/ns/net",
        "another sandbox": f"/proc/{process_of(lab_config, routed[1]['hosts']['h1']['container'])}/ns/net",
        "h2": f"/proc/{process_of(lab_config, facts['hosts']['h2']['container'])}/ns/net",
        "outside": f"/proc/{process_of(lab_config, facts['machines']['outside']['container'])}/ns/net",
    }
    own = json.loads(shell("h1", "ip -j link show eth0", name)[1])[0]["address"]
    goal = {
        "mine": facts["hosts"]["h1"]["address"],
        "neighbour": facts["machines"]["outside"]["address"],
        "stranger": routed[1]["hosts"]["h1"]["address"],
        "gateway": facts["subnet"].replace(".0/24", ".1"),
        "machine": "10.255.255.1",
        "own": own,
        "router": own,
        "mine6": facts["hosts"]["h1"]["address6"],
        "neighbour6": outside_of(facts),
        "stranger6": routed[1]["hosts"]["h1"]["address6"],
    }
    before = {who: speaks(space) for who, space in spaces.items()}
    status, told = shell("h1", f"python3 - '{json.dumps(goal)}'", name, stdin=Path(frames.__file__).read_bytes())
    assert status == 0, told
    time.sleep(2)
    after = {who: speaks(space) for who, space in spaces.items()}
    seen(", ".join(f"{who} {'believes as before' if after[who] == before[who] else 'believed it'}" for who in spaces))
    assert after == before
    assert before["the engine"] == ([("lo", "::1")] if before["the engine"][0] else [], [])
    shell("h2", "sysctl -qw net.ipv6.conf.eth0.accept_ra=1", name)
    shell("h1", f"python3 - '{json.dumps(goal)}'", name, stdin=Path(frames.__file__).read_bytes())
    time.sleep(2)
    believed = speaks(spaces["h2"])
    shell("h2", "sysctl -qw net.ipv6.conf.eth0.accept_ra=0; ip -6 route flush proto ra; ip -6 addr flush dynamic", name)
    assert believed != before["h2"], "or the frames were no advertisements"
