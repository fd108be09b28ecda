"""Real hosts with Podman: what a learner does there, what is seen and said of it, and what it may not do."""

from __future__ import annotations

import asyncio
import time
import uuid

import pytest

from explorer.lab.ask.terminals import Terminal
from explorer.lab.compare import run_column
from explorer.lab.compare.eye import Eye
from explorer.lab.hosts import lifecycle
from explorer.lab.hosts.run import run_in
from explorer.network.comparison import find_variant
from explorer.network.comparison.reasons import UNEXPLAINED
from explorer.network.comparison.variants import ready_set
from explorer.network.explain import explain
from explorer.network.journeys import Asked
from explorer.network.model import Rule
from explorer.network.scenario import SCENARIOS
from explorer.network.writes.netavark import TABLE, book_of
from tests.attacks import attack
from tests.engine.conftest import aside

pytestmark = [pytest.mark.engine, pytest.mark.timeout(400)]
MADE = """
podman network create town && podman network create isle --opt isolate=true && podman network create alone --opt isolate=true
podman run -d --name web --network town -p 8080:80 box
podman run -d --name client --network town box sleep infinity
podman run -d --name lone -p 127.0.0.1:8081:80 box
podman run -d --name island --network isle box
podman run -d --name other --network alone box
"""
ASK = "curl -s -m 3"


@pytest.fixture(scope="module")
def host(lab_config, await_engine):
    """A sandbox with a Podman host, three networks and five containers. (name, facts)."""
    await_engine("podman")
    name, ends = f"podman-{uuid.uuid4().hex[:8]}", time.time() + 3600
    facts = aside(
        lifecycle.open_sandbox, lab_config, name, 1, SCENARIOS["one-host"], ends, lambda phase, detail: None, engine="podman"
    )
    said = []
    assert not aside(run_in, lab_config, name, "h1", ["bash", "-ec", MADE], lambda _, data: said.append(data), 90), said
    yield name, facts
    lifecycle.close_sandbox(lab_config, name)


@pytest.fixture
def at(host, shell):
    return lambda where, text: shell(where, text, name=host[0])


@pytest.fixture
async def eye(lab_config, host):
    async with Eye(lab_config, host[0], 1, host[1]) as seeing:
        await seeing.whole()
        await seeing.shows("h1/other")
        yield seeing


def test_names_are_told_by_aardvark_dns_on_networks_that_one_made(at):
    status, said = at("h1/client", "ping -c 1 -W 2 web")
    assert status == 0, said
    assert "web.dns.podman" in said
    assert at("h1/lone", "ping -c 1 -W 1 web")[0] != 0, "the default network has no name server"


def test_a_published_port_is_reached_and_one_at_127_0_0_1_only_from_the_host(at):
    assert "I am" in at("outside", f"{ASK} h1:8080")[1]
    assert "I am" in at("h1", f"{ASK} 127.0.0.1:8080")[1]
    assert "I am" in at("h1", f"{ASK} 127.0.0.1:8081")[1]
    assert at("outside", f"{ASK} h1:8081")[0] != 0


def test_networks_reach_each_other_unless_both_are_isolated(at):
    address = "podman inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}'"
    web, island = (at("h1", f"{address} {name}")[1].strip() for name in ("web", "island"))
    assert at("h1/lone", f"ping -c 1 -W 1 {web}")[0] == 0, "Podman keeps no networks apart by itself"
    assert at("h1/client", f"ping -c 1 -W 1 {island}")[0] == 0, "one isolated network is not enough"
    assert at("h1/other", f"ping -c 1 -W 1 {island}")[0] != 0


def test_what_is_not_here_is_said_at_once(at):
    began = time.monotonic()
    status, said = at("h1", "podman run nginx")
    assert status != 0
    assert "no unqualified-search registries" in said
    assert at("h1", "docker ps")[1].strip().endswith("command not found")
    assert time.monotonic() - began < 10


async def test_the_map_has_networks_containers_and_their_addresses(eye):
    state = eye.docker["h1"]
    assert (state.engine, state.error) == ("podman", "")
    assert state.version.startswith("5.")
    assert {"podman", "town", "isle", "alone"} == {network.name for network in state.networks}
    assert {"h1/web", "h1/client", "h1/lone", "h1/island", "h1/other"} <= eye.places.keys()
    web = next(one for one in state.containers if one.name == "web")
    assert [(port.host_port, port.container_port) for port in web.ports] == [(8080, 80)]
    inside = eye.places["h1/web"].views["interfaces"].items
    assert web.endpoints[0].address in {held.cidr.partition("/")[0] for one in inside for held in one.addresses}


async def test_every_rule_of_netavarks_is_computed_and_none_is_missing(eye):
    await eye.still()
    place, state = eye.places["h1"], eye.docker["h1"]
    there = {(rule.chain, rule.spec) for rule in place.views["raw"].items if isinstance(rule, Rule) and rule.table == TABLE}
    assert there == set(book_of(state).rules)
    lines = explain(place, "raw", place.views["raw"], state).lines
    assert not [line.text for line in lines if line.text.strip() not in ("", "}") and not line.why]
    assert not [line.text for line in lines if "not-podman" in line.about]


async def test_no_line_of_the_host_or_of_a_container_is_said_to_be_dockers(eye):
    for place in (eye.places["h1"], eye.places["h1/web"]):
        for view, seen in place.views.items():
            told = explain(place, view, seen, eye.docker["h1"]).lines
            assert not [line.why for line in told if "Docker" in line.why or "docker" in line.why], (place.id, view)
            assert view == "connections" or not [line.text for line in told if "not-podman" in line.about], (place.id, view)


async def test_a_journey_to_a_published_port_names_netavarks_chains_and_why(eye):
    journey = await eye.observer.journey(Asked(source="outside", target="h1", kind="http", port=8080))
    met = [hop.met for hop in journey.request.hops if hop.met]
    chains = [one.chain for one in met]
    assert chains[:2] == ["PREROUTING", "NETAVARK-HOSTPORT-DNAT"]
    assert chains[2].startswith("nv_")
    assert chains[2].endswith("_dnat")
    assert all(one.table == TABLE for one in met)
    translated = met[2]
    assert translated.why.startswith("Because web publishes 8080:80")
    assert journey.request.ending == "arrived"
    assert any("destination 10.77" in hop.text and "becomes 10.89" in hop.text for hop in journey.request.hops)


async def test_a_shell_in_a_container(lab_config, host):
    shell = await Terminal.open(lab_config, host[0], "h1/web", 80, 24)
    try:
        await shell.write(b"cat /etc/hostname; exit\n")
        said = b""
        async with asyncio.timeout(15):
            while piece := await shell.read():
                said += piece
    finally:
        await shell.close()
    assert b"exit" in said
    assert shell.reason == "The shell has ended."


async def test_docker_and_podman_side_by_side(lab_config, await_engine, open_one):
    await_engine("podman")
    columns = []
    for word in ready_set("podman", ("26", "podman")).variants[:2]:
        variant = find_variant(word)
        name, facts = await asyncio.to_thread(open_one, variant.scenario, engine=variant.engine)

        async def tell(phase, column):
            """Nobody looks."""

        columns.append(await run_column(lab_config, name, facts, variant, tell, throughput=False))
    docker, podman = columns
    for column in columns:
        assert column.state == "done", (column.variant.id, column.failed_at, column.error, column.failure)
        assert [cell.row for cell in column.cells if cell.why == UNEXPLAINED] == [], column.variant.id
    said = {cell.row: cell for cell in podman.cells}
    same = {cell.row: cell.word for cell in docker.cells}
    for row in ("netns", "address", "by-address", "by-name", "outward", "seen-as", "inward", "published", "host-published"):
        assert said[row].word == same[row], row
    assert (same["proxies"], said["proxies"].word) != ("none", "2")
    assert said["proxies"].number == 0
    assert "netavark" in said["host-rules"].why
    assert podman.engine_words.startswith("Podman 5.")
    assert not [cell.row for cell in podman.cells if "Docker" in cell.why]


@attack("root in a container of Podman's as root on the node", origin="container", expected="refused", held_by="user namespace")
def test_root_in_a_podman_host_is_nobody_on_the_node(at):
    for command in ("cat /proc/self/uid_map", "podman run --rm box cat /proc/self/uid_map"):
        status, text = at("h1", command)
        assert status == 0, text
        assert int(text.split()[1]) >= 100_000


@attack("podman run --privileged", origin="host", expected="refused", held_by="user namespace")
def test_a_privileged_container_of_podmans_does_not_start(at, seen):
    status, text = at("h1", "podman run --rm --privileged box true")
    seen(text)
    assert status != 0
    assert "sysfs" in text


@attack("write to the image store that Podman hosts share", origin="host", expected="refused", held_by="read-only mount")
def test_the_shared_store_cannot_be_written(at, seen):
    store = "$(readlink /var/lib/containers/shelf)"
    for command in (f"touch {store}/x", f"mount -o remount,rw /var/lib/docker-shelf && touch {store}/x", "podman rmi -f box"):
        status, text = at("h1", command)
        seen(text)
        assert status != 0, command


@attack(
    "what counts for the whole machine, from a Podman host",
    origin="host",
    expected="refused",
    held_by="user namespace, seccomp",
)
def test_what_counts_for_the_whole_machine_is_refused(at, seen):
    for command in ("sysctl -w kernel.core_pattern='|/bin/true'", "date -s 2001-01-01", "dmesg", "mknod /tmp/d b 8 0"):
        status, told = at("h1", command)
        seen(told)
        assert status != 0, command
