"""Journeys over the other drivers: out, in and between, each seen by `tcpdump` where it leaves its host."""

from __future__ import annotations

import asyncio
import secrets
import time

import pytest

from explorer.lab.hosts import lifecycle
from explorer.lab.hosts.run import run_in
from explorer.network.journeys import Asked
from explorer.network.scenario import SCENARIOS
from explorer.node.operator.look import looking
from tests.engine.test_journey import beside
from tests.lab.drops.compiled import compiled

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600)]


def opened(lab_config, scenario, *commands):
    name = f"ways-{secrets.token_hex(4)}"
    facts = lifecycle.open_sandbox(lab_config, name, 1, SCENARIOS[scenario], time.time() + 3600, lambda phase, detail: None)
    for where, command in commands:
        said: list[bytes] = []
        status = run_in(lab_config, name, where, ["bash", "-lc", command], lambda _, data: said.append(data), 60)  # noqa: B023
        assert status == 0, f"{command}: {b''.join(said).decode(errors='replace')}"
    return name, facts


def follow(lab_config, sandbox, asked):
    async def both():
        async with looking(lab_config, sandbox[0], 1, sandbox[1]) as observer:
            async with beside(observer._namespace("h1"), "tcpdump", "-lnn", "-i", "eth0", "icmp or tcp or udp") as frames:
                told = await observer.journey(asked)
            return told, frames[0]

    return asyncio.run(both())


def texts(journey):
    return [hop.text for hop in journey.hops]


@pytest.fixture(scope="module")
def one(lab_config):
    sandbox = opened(
        lab_config,
        "one-host",
        (
            "h1",
            "docker network create -d macvlan --subnet $LAN.0/24 --gateway $LAN.1 --ip-range $LAN.64/28 -o parent=eth0 wire",
        ),
        ("h1", "docker run -d --name one --network wire box"),
        ("h1", "docker run -d --name two --network wire box"),
        ("h1", "docker run -d --name twin --network host box"),
        ("h1", "lab-driver start && docker network create -d lab yard"),
        ("h1", "docker run -d --name left --network yard box"),
        ("h1", "docker run -d --name right --network yard box"),
    )
    yield sandbox
    lifecycle.close_sandbox(lab_config, sandbox[0])


def test_macvlan_goes_straight_onto_the_lan(lab_config, one):
    out, frames = follow(lab_config, one, Asked(source="h1/one", target="outside", kind="http"))
    assert out.ok
    assert any("straight onto the LAN" in text for text in texts(out.request))
    assert not [hop for hop in out.request.hops if hop.place == "h1" and hop.kind in ("rule", "routed", "translated")]
    assert out.request.end == "delivered to outside"
    inward, frames = follow(lab_config, one, Asked(source="outside", target="h1/one", kind="http"))
    assert inward.ok
    assert inward.request.end == "delivered to h1/one"
    assert f"> {inward.address}.80: Flags [S]" in frames
    between, _ = follow(lab_config, one, Asked(source="h1/one", target="h1/two"))
    assert between.ok
    assert texts(between.request)[-1] == "delivered to h1/two", texts(between.request)
    host, _ = follow(lab_config, one, Asked(source="h1", target="h1/one"))
    assert not host.ok
    assert host.request.ending in ("unanswered", "lost")


def test_host_has_no_way_of_its_own(lab_config, one):
    inward, frames = follow(lab_config, one, Asked(source="outside", target="h1", kind="http"))
    assert inward.ok
    assert inward.request.end == "delivered to h1"
    assert not [hop for hop in inward.request.hops if hop.kind == "translated"]
    assert f"> {inward.address}.80: Flags [S]" in frames
    out, _ = follow(lab_config, one, Asked(source="h1/twin", target="outside"))
    assert out.ok
    assert out.request.hops[0].place == "h1"


def test_a_driver_of_our_own(lab_config, one):
    between, _ = follow(lab_config, one, Asked(source="h1/left", target="h1/right"))
    assert between.ok
    assert any(hop.kind == "switched" for hop in between.request.hops)
    out, _ = follow(lab_config, one, Asked(source="h1/left", target="outside"))
    assert not out.ok
    assert out.request.ending != "arrived"


@pytest.fixture(scope="module")
def two(lab_config):
    sandbox = opened(
        lab_config,
        "swarm",
        ("h1", "docker network create -d overlay --attachable ring"),
        ("h1", "docker run -d --name web --network ring box"),
        ("h2", "docker run -d --name client --network ring box"),
    )
    yield sandbox
    lifecycle.close_sandbox(lab_config, sandbox[0])


@pytest.mark.parametrize(
    ("place", "chain"), [("h1", "INPUT"), ("h2", "OUTPUT")], ids=["dropped where it arrives", "dropped where it leaves"]
)
def test_a_rule_that_stops_the_tunnel_is_named(lab_config, two, place, chain):
    compiled()

    def typed(command):
        assert run_in(lab_config, two[0], place, ["bash", "-lc", command], lambda _, data: None, 60) == 0

    typed(f"iptables -I {chain} -p udp --dport 4789 -j DROP")
    try:
        told, _ = follow(lab_config, two, Asked(source="h2/client", target="h1/web"))
    finally:
        typed(f"iptables -D {chain} 1")
    assert (told.request.ending, told.request.end) == ("dropped", f"dropped: {place}: {chain} (filter), rule 1: dropped")
    assert "-p udp" in next(one.text for one in told.request.evidence if one.kind == "rule")


def test_overlay_travels_inside_vxlan(lab_config, two):
    deadline = time.monotonic() + 60
    while True:  # names and addresses travel between the hosts by gossip
        told, frames = follow(lab_config, two, Asked(source="h2/client", target="h1/web", kind="http"))
        if told.ok or time.monotonic() > deadline:
            break
    assert told.ok, told.result
    assert told.request.end == "delivered to h1/web", texts(told.request)
    carried = [hop for hop in told.request.hops if "inside VXLAN" in hop.text]
    assert {hop.place for hop in carried} >= {"h1", "h2"}
    outer = {
        header.value
        for hop in carried
        for header in hop.headers
        if (header.layer, header.name, header.depth) == ("IPv4", "source", 0)
    }
    inner = {
        header.value
        for hop in carried
        for header in hop.headers
        if (header.layer, header.name, header.depth) == ("IPv4", "source", 1)
    }
    assert outer == {two[1]["hosts"]["h2"]["address"]}
    assert len(inner) == 1
    assert inner.isdisjoint(outer)
    assert ".4789: VXLAN" in frames
    out, _ = follow(lab_config, two, Asked(source="h2/client", target="outside"))
    assert out.ok
    assert any("MASQUERADE" in text for text in texts(out.request))
