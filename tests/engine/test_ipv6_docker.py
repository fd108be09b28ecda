"""Docker networks with IPv6 on real hosts of both engines: whose prefix it is, what collides, what is too big, who is seen."""

from __future__ import annotations

import asyncio
import re
import time
from functools import partial
from ipaddress import IPv6Network

import pytest

from explorer.lab.hosts import lifecycle
from explorer.network.journeys import Asked
from explorer.network.scenario import SCENARIOS
from explorer.network.writes.pools import is_of_pool
from explorer.node.operator.look import journey_once
from tests.engine.eyes import watching

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]
CLEAR = "docker rm -f $(docker ps -aq) >/dev/null 2>&1; docker network prune -f >/dev/null; true"


@pytest.fixture(scope="module", params=["26", "28"])
def opened(lab_config, request):
    """(name, facts, engine) of a sandbox with one host."""
    until = time.monotonic() + 120
    while request.param not in lifecycle.engines(lab_config):
        if time.monotonic() > until:
            pytest.skip(f"no hosts with Docker Engine {request.param} here")
        time.sleep(0.5)
    name = f"six-docker-{request.param}"
    facts = lifecycle.open_sandbox(
        lab_config, name, 1, SCENARIOS["one-host"], time.time() + 3600, lambda *words: None, engine=request.param
    )
    yield name, facts, request.param
    lifecycle.close_sandbox(lab_config, name)


@pytest.fixture
def there(opened, shell):
    """(do, name, facts, engine): `do` types on a place and returns (status, both outputs)."""
    name, facts, engine = opened

    def do(text, where="h1", fine=True):
        status, told = shell(where, text, name, 60)
        assert status == 0 or not fine, (text, told)
        return status, told

    yield do, name, facts, engine
    do(CLEAR)


def lines_of(eyes, place, view):
    seen = eyes.places[place].views.get(view)
    return seen.lines if seen else ()


def why_of(eyes, place, view, start):
    return next((line.why for line in lines_of(eyes, place, view) if line.text.strip().startswith(start)), "")


def six_of(facts, kind, name):
    return facts[kind][name]["address6"]


# --- whose prefix it is ---


async def test_a_network_with_ipv6_and_no_subnet(lab_config, there):
    do, name, facts, engine = there
    status, told = do("docker network create --ipv6 six", fine=False)
    if engine == "26":
        assert status != 0
        assert "IPv6" in told or "ipv6" in told, told
        assert "six" not in do("docker network ls --format '{{.Name}}'")[1].split()
        return
    assert status == 0, told
    do("docker run -d --name web --network six -p 8080:80 box")
    subnets = do("docker network inspect -f '{{range .IPAM.Config}}{{.Subnet}} {{end}}' six")[1].split()
    prefix = next(one for one in subnets if ":" in one)
    assert IPv6Network(prefix).prefixlen == 64
    async with watching(lab_config, name, facts) as eyes:
        await eyes.until(lambda: eyes.docker.pool6 and "h1/web" in eyes.places)
        assert is_of_pool(prefix, eyes.docker.pool6)
        gateway = f"inet6 {IPv6Network(prefix).network_address + 1}/64"
        told = await eyes.until(lambda: why_of(eyes, "h1", "interfaces", gateway))
        assert f"is one of this engine's own, {eyes.docker.pool6}, which it makes of its ID" in told
        assert_all_explained(eyes)
        assert_rules_are_dockers(eyes)


async def test_a_subnet_that_somebody_typed_is_not_called_the_engines_own(lab_config, there):
    do, name, facts, _ = there
    do("docker network create --ipv6 --subnet fd00:9::/64 six && docker run -d --name web --network six -p 8080:80 box")
    async with watching(lab_config, name, facts) as eyes:
        told = await eyes.until(lambda: why_of(eyes, "h1", "interfaces", "inet6 fd00:9::1/64"))
        assert told.startswith("The gateway of network six")
        assert "this engine's own" not in told
        await eyes.until(lambda: "h1/web" in eyes.places)
        assert_all_explained(eyes)
        assert_rules_are_dockers(eyes)


def assert_all_explained(eyes):
    for place in ("h1", "h1/web"):
        for view in ("interfaces", "routes", "routes6"):
            assert [line.text for line in lines_of(eyes, place, view) if not line.why] == [], (place, view)


def assert_rules_are_dockers(eyes):
    for view in ("nat", "filter", "raw"):
        assert [line.text for line in lines_of(eyes, "h1", view) if "Not Docker" in line.why] == []


async def test_a_network_of_ipv6_alone(lab_config, there):
    do, name, facts, engine = there
    status, told = do("docker network create --ipv6 --ipv4=false six", fine=False)
    if engine == "26":
        assert (status != 0, "unknown flag: --ipv4" in told) == (True, True), told
        return
    do("docker run -d --name web --network six -p 8080:80 box && docker run -d --name cli --network six box sleep 9999")
    address = do("docker inspect -f '{{range .NetworkSettings.Networks}}{{.GlobalIPv6Address}}{{end}}' web")[1].strip()
    async with watching(lab_config, name, facts) as eyes:
        await eyes.until(lambda: {"h1/web", "h1/cli"} <= eyes.places.keys() and eyes.interface("h1/web", "eth0"))
        await eyes.until(lambda: eyes.interface("h1/web", "eth0").addresses)
        held = [one for one in eyes.interface("h1/web", "eth0").addresses if one.scope == "global"]
        assert [one.cidr for one in held] == [f"{address}/64"]
        await eyes.until(lambda: why_of(eyes, "h1/web", "interfaces", f"inet6 {address}"))
        assert_all_explained(eyes)
        assert_rules_are_dockers(eyes)
        assert lines_of(eyes, "h1/web", "routes") == ()
    for asked in (
        Asked(source="h1/cli", target="h1/web", kind="http"),
        Asked(source="h1/cli", target=f"[{address}]:80", kind="http"),
        Asked(source="outside", target=f"[{six_of(facts, 'hosts', 'h1')}]:8080", kind="http"),
    ):
        told = await journey_once(lab_config, name, 1, facts, asked)
        assert told.ok, (asked, told.result)
        assert told.request.ending == told.answer.ending == "arrived"


RESTART = (
    "kill $(cat /run/docker.pid); while [ -e /run/docker.pid ]; do sleep 0.05; done; "
    "setsid dockerd -H unix:///run/docker.sock >/var/log/dockerd.log 2>&1 </dev/null & host-ready >/dev/null"
)


@pytest.fixture
def with_daemon(there):
    """Starts h1's daemon anew with words in its daemon.json, and as it was when the test is over."""
    do = there[0]
    do("cp /etc/docker/daemon.json /root/before.json")

    def start(words):
        do(f"sed -i '1s/{{/{{{words}, /' /etc/docker/daemon.json; {RESTART}")

    yield start
    do(f"{CLEAR}; cp /root/before.json /etc/docker/daemon.json; {RESTART}")


async def test_the_default_bridge_with_a_fixed_prefix(lab_config, there, with_daemon):
    do, name, facts, _ = there
    with_daemon(r'"ipv6": true, "fixed-cidr-v6": "fd00:dead::\/64"')
    do("docker run -d --name web -p 8080:80 box")
    async with watching(lab_config, name, facts) as eyes:
        await eyes.until(lambda: "h1/web" in eyes.places and eyes.interface("h1/web", "eth0"))
        told = await eyes.until(lambda: why_of(eyes, "h1", "interfaces", "inet6 fd00:dead::1/64"))
        assert told.startswith("The gateway of network bridge")
        assert await eyes.until(lambda: why_of(eyes, "h1/web", "interfaces", "inet6 fd00:dead::"))
        assert_all_explained(eyes)
        assert_rules_are_dockers(eyes)


async def test_ip6tables_that_are_switched_on(lab_config, there, with_daemon):
    """Engine 26 writes rules of IPv6 when both switches are on; for 28 they change nothing. What 26 writes then is not known
    here: nothing is said of it, and what the packet met is told all the same."""
    do, name, facts, _ = there
    with_daemon('"experimental": true, "ip6tables": true')
    do("docker network create --ipv6 --subnet fd00:9::/64 six && docker run -d --name web --network six -p 8080:80 box")
    assert "--to-destination [fd00:9::" in do("ip6tables-save -t nat")[1]
    do("sleep 3")  # until the new bridge's address is no longer tentative
    own, theirs = six_of(facts, "hosts", "h1"), six_of(facts, "machines", "outside")
    told = await journey_once(lab_config, name, 1, facts, Asked(source="outside", target=f"[{own}]:8080", kind="http"))
    assert told.ok, told.result
    assert f"you are [{theirs}]:" in told.result
    async with watching(lab_config, name, facts) as eyes:
        await eyes.until(lambda: any("[fd00:9::" in line.text for line in lines_of(eyes, "h1", "raw")))
        assert_rules_are_dockers(eyes)


# --- what collides ---


async def test_an_address_of_outside_on_the_host_collides_and_says_with_whom(lab_config, there):
    do, name, facts, _ = there
    theirs = six_of(facts, "machines", "outside")
    do(f"ip -6 addr add {theirs}/64 dev eth0")
    try:
        async with watching(lab_config, name, facts) as eyes:
            told = await eyes.until(partial(collision, eyes, "interfaces", f"inet6 {theirs}"))
            assert "outside has the same address now." in told
            assert "It collides" not in why_of(eyes, "outside", "interfaces", f"inet6 {theirs}")
        assert "dadfailed" in do("ip -6 addr show dev eth0")[1], "as the plain tool says"
    finally:
        do(f"ip -6 addr del {theirs}/64 dev eth0")


def collision(eyes, view, start):
    """The reason of h1's line, once it says that it collides."""
    told = why_of(eyes, "h1", view, start)
    return told if "It collides" in told else ""


async def test_a_network_with_the_lans_subnet_is_told_at_its_route_and_address(lab_config, there):
    do, name, facts, _ = there
    subnet = facts["subnet6"]
    do(f"docker network create --ipv6 --subnet {subnet} --gateway {subnet.replace('/64', '77')} lan6")
    do("docker run -d --name web --network lan6 box")
    async with watching(lab_config, name, facts) as eyes:
        await eyes.until(lambda: "h1/web" in eyes.places)
        for view, start in (("interfaces", f"inet6 {subnet.replace('/64', '77')}/64"), ("routes6", subnet)):
            told = await eyes.until(partial(collision, eyes, view, start))
            assert "Make network lan6" in told
    # as the plain tool says: one of the two interfaces has every address of the LAN
    chosen = {
        re.search(r" dev (\S+)", do(f"ip -6 route get {address}")[1])[1]
        for address in (six_of(facts, "machines", "outside"), subnet.replace("/64", "99"))
    }
    assert len(chosen) == 1


async def test_a_subnet_that_another_network_has_is_refused_by_docker_and_leaves_nothing(lab_config, there):
    do, name, facts, _ = there
    do("docker network create --ipv6 --subnet fd00:9::/64 one")
    status, told = do("docker network create --ipv6 --subnet fd00:9::/64 two", fine=False)
    assert status != 0
    assert "overlap" in told.lower(), told
    async with watching(lab_config, name, facts) as eyes:
        await eyes.until(lambda: any(network.name == "one" for network in eyes.docker.networks))
        assert not any(network.name == "two" for network in eyes.docker.networks)
        assert not any("collides" in line.why for line in lines_of(eyes, "h1", "interfaces"))


# --- too big, and who is seen ---


async def test_a_ping_by_ipv6_that_is_too_big_says_what_fits(lab_config, there):
    """The packet comes to the host's bridge with 1500 and has to leave by a link with 1300."""
    do, name, facts, _ = there
    do("docker network create --ipv6 --subnet fd00:9::/64 six && docker run -d --name cli --network six box sleep 9999")
    theirs = six_of(facts, "machines", "outside")
    do("ip link set eth0 mtu 1300")
    try:
        async with watching(lab_config, name, facts) as eyes:
            await eyes.until(lambda: "h1/cli" in eyes.places)
            recorded = asyncio.create_task(eyes.observer.journey(Asked(source="h1/cli", target="*", kind="record")))
            await asyncio.sleep(1)
            command = f"docker exec cli ping -6 -c 1 -W 2 -M do -s 1400 {theirs}"
            said = await asyncio.to_thread(do, command, "h1", False)
            told = await recorded
    finally:
        do("ip link set eth0 mtu 1500; ip -6 addr replace " + six_of(facts, "hosts", "h1") + "/64 dev eth0 nodad")
    assert re.search(r"Packet too big: mtu=1300", said[1]), said
    assert "too big for the next link" in told.request.end, told.request.end
    evidence = [one.text for one in told.request.evidence]  # with drop reasons, the MTU of the link stands here
    assert "1300 bytes fit" in told.request.end or "eth0 has MTU 1300" in evidence, evidence
    assert told.request.ending == "dropped"


async def test_who_is_seen_at_a_port_published_for_ipv6(lab_config, there):
    """28 translates the destination by ip6tables and leaves the source; 26 hands the connection on by docker-proxy."""
    do, name, facts, engine = there
    do("docker network create --ipv6 --subnet fd00:9::/64 six && docker run -d --name web --network six -p 8080:80 box")
    do("sleep 3")
    own, theirs = six_of(facts, "hosts", "h1"), six_of(facts, "machines", "outside")
    told = await journey_once(lab_config, name, 1, facts, Asked(source="outside", target=f"[{own}]:8080", kind="http"))
    assert told.ok, told.result
    seen = [theirs] if engine == "28" else ["fd00:9::1", own]  # the bridge's own is tentative for a moment
    assert any(f"you are [{one}]:" in told.result for one in seen), told.result
    words = " ".join(str(hop) for hop in told.request.hops)
    assert ("DNAT" in words) == (engine == "28")
    assert ("as docker-proxy does for port 8080" in told.request.end) == (engine == "26")
    if engine == "28":
        async with watching(lab_config, name, facts) as eyes:
            await asyncio.to_thread(do, f"curl -s -m 5 'http://[{own}]:8080/'", "outside")
            await eyes.until(
                lambda: [line for line in lines_of(eyes, "h1", "connections") if own in line.text and "(DNAT)." in line.why]
            )
