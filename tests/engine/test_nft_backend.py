"""A host whose daemon's rules are those of the nftables backend: seen, explained, and followed by real packets.

Debian's engines write to iptables. So the rules of a real daemon are taken away, and the rule set that moby's code writes for
the very networks and containers of that daemon is loaded with the host's own nft, which is newer than that of many nodes.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time

import pytest

from explorer.lab.hosts import lifecycle
from explorer.lab.inside.tools import run_tools
from explorer.network.journeys import Asked
from explorer.network.model import Rule
from explorer.network.nft.facts import Elements
from explorer.network.scenario import SCENARIOS
from explorer.node.operator.look import looking
from tests.captures.make_nft import ruleset
from tests.engine.situations import typed

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600)]
MADE = (
    "docker network create town",
    "docker run -d --name web --network town -p 8080:80 -p 127.0.0.1:8081:80 box",
    "docker run -d --name far box",
)
FLUSHED = [(program, table) for program in ("iptables", "ip6tables") for table in ("filter", "nat", "raw")]
AWAY = [f"{program} -t {table} -F && {program} -t {table} -X" for program, table in FLUSHED]
OPEN = ("iptables -P FORWARD ACCEPT", "ip6tables -P FORWARD ACCEPT")


def api(config, name, path):
    return json.loads(typed(config, name, f"curl -s --unix-socket /run/docker.sock 'http://docker/{path}'"))


@pytest.fixture(scope="module")
def host(lab_config, await_engine):
    await_engine("28")
    name = f"nft-{secrets.token_hex(4)}"
    facts = lifecycle.open_sandbox(
        lab_config, name, 1, SCENARIOS["one-host"], time.time() + 1200, lambda phase, detail: None, engine="28"
    )
    try:
        for command in (*MADE, *AWAY, *OPEN):
            typed(lab_config, name, command)
        rules = ruleset(api(lab_config, name, "networks"), api(lab_config, name, "containers/json?all=1"))
        typed(lab_config, name, f"nft -f - <<'RULES'\n{rules}RULES")
        yield name, facts
    finally:
        lifecycle.close_sandbox(lab_config, name)


def look(lab_config, host, *asked):
    """The picture of h1, and the journeys."""

    async def both():
        async with looking(lab_config, host[0], 1, host[1]) as observer:
            told = [await observer.journey(one) for one in asked]
            left = await run_tools(observer._namespace("h1").fd, {"tables": ("nft", "list", "tables")})
            return observer.places["h1"], told, left["tables"]

    place, told, left = asyncio.run(both())
    assert not left.error
    assert "explorer-trace" not in left.text, "our table goes with the journey"
    assert not [note for one in told for note in one.notes if "rules" in note], told
    return place, told


def test_every_line_of_the_backend_says_why_it_is_there(lab_config, host):
    place, _ = look(lab_config, host)
    seen = place.views["raw"]
    assert not seen.error
    lines = [line for line in seen.lines if "docker-bridges" in line.key and line.text.strip()]
    assert len(lines) > 60
    assert not [line.text for line in lines if not line.why or "not-docker" in line.about]
    assert {item.set for item in seen.items if isinstance(item, Elements)} >= {"filter-forward-in-jumps"}
    assert [item for item in seen.items if isinstance(item, Rule) and item.to_destination.endswith(":80")]


def words(way):
    return [hop.text for hop in way.hops if hop.met]


def test_real_packets_are_told_with_the_chains_of_the_backend(lab_config, host):
    _place, (published, apart, out) = look(
        lab_config,
        host,
        Asked(source="outside", target="h1", kind="http", port=8080),
        Asked(source="h1/far", target="h1/web", kind="tcp", port=80),
        Asked(source="h1/web", target="outside"),
    )
    assert (published.ok, published.request.end) == (True, "delivered to h1/web")
    told = " | ".join(words(published.request))
    assert "nat-PREROUTING (docker-bridges), rule 1: on to chain nat-prerouting-and-output" in told
    assert "nat-prerouting-and-output (docker-bridges), rule" in told
    assert "DNAT: destination" in told
    assert "filter-FORWARD (docker-bridges), rule 1: on to chain filter-forward-in__br-" in told
    dnat = next(hop for hop in published.request.hops if "DNAT: destination" in hop.text)
    assert dnat.why.startswith("Because web publishes 8080:80")

    assert (apart.ok, apart.request.ending) == (False, "dropped")
    assert "raw-PREROUTING (docker-bridges), rule" in apart.request.end
    assert "DROP DIRECT ACCESS" in apart.request.evidence[0].text

    assert out.ok
    assert any("nat-postrouting-out__br-" in text and "MASQUERADE: source" in text for text in words(out.request))


def test_a_port_published_at_loopback_ends_in_raw_when_the_lan_asks(lab_config, host):
    async def both():
        async with looking(lab_config, host[0], 1, host[1]) as observer:
            outside, h1 = observer._namespace("outside"), observer.places["h1"]
            address = next(held.cidr.partition("/")[0] for held in _lan(h1).addresses if held.family == "inet")
            for command in (
                ("ip", "addr", "flush", "dev", "lo"),
                ("sysctl", "-qw", "net.ipv4.conf.all.route_localnet=1"),
                ("ip", "route", "replace", "127.0.0.1/32", "via", address),
            ):
                done = await run_tools(outside.fd, {"set": command})
                assert not done["set"].error, done
            return await observer.journey(Asked(source="outside", target="127.0.0.1", kind="tcp", port=8081))

    told = asyncio.run(both())
    assert told.request.ending == "dropped"
    assert "raw-PREROUTING (docker-bridges), rule" in told.request.end
    assert "DROP REMOTE LOOPBACK" in told.request.evidence[0].text


def _lan(place):
    return next(item for item in place.views["interfaces"].items if item.name == "eth0")
