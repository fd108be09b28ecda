"""The observer on a real host: what the kernel shows, told as it changes, whatever a learner's root does."""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from pathlib import Path

import pytest

from explorer.lab.hosts import lifecycle
from explorer.lab.inside.netns import open_namespace
from explorer.lab.watch import holding, observe
from explorer.network.model import Probe
from explorer.network.scenario import SCENARIOS
from tests.attacks import attack
from tests.engine.eyes import Eyes, do, watching

pytestmark = [pytest.mark.engine, pytest.mark.timeout(90)]


@pytest.fixture(scope="module")
def host(lab_config):
    """A sandbox of this file's own: it does not stay as it was."""
    name = f"seen-{secrets.token_hex(4)}"
    facts = lifecycle.open_sandbox(lab_config, name, 1, SCENARIOS["one-host"], time.time() + 3600, lambda phase, detail: None)
    yield name, facts
    lifecycle.close_sandbox(lab_config, name)


@pytest.fixture
async def eyes(lab_config, host):
    async with watching(lab_config, *host) as eyes:
        yield eyes


@pytest.fixture
def run(lab_config, host):
    """Runs on h1 unless told otherwise."""

    async def run(*argv, where="h1"):
        return await do(lab_config, host[0], where, *argv)

    return run


@pytest.fixture
async def web(run, eyes):
    await run("docker run -d --name web -p 8080:80 box")
    yield await eyes.until(lambda: eyes.interface("h1/web", "eth0"))
    await run("docker rm -f web")


async def test_at_first_sight_everything_is_there(eyes):
    assert eyes.places["h1"].kind == "host"
    assert eyes.places["outside"].kind == "machine"
    assert eyes.interface("h1", "docker0").kind == "bridge"
    assert "MASQUERADE" in eyes.lines("h1", "nat")
    assert eyes.docker.version.startswith("26")
    assert {network.name for network in eyes.docker.networks} >= {"bridge", "host", "none"}
    assert "requests" in eyes.places["outside"].views
    assert not any(view.error for place in eyes.places.values() for view in place.views.values())


async def test_a_container_appears_with_its_name_and_its_cable(eyes, web):
    web = await eyes.until(lambda: (end := eyes.interface("h1/web", "eth0")).peer_place and end)
    assert web.peer_place == "h1"
    veth = await eyes.until(lambda: next((i for i in items(eyes, "h1") if i.peer_place == "h1/web"), None))
    assert veth.master == "docker0"
    await eyes.until(lambda: "container web started" in eyes.said)
    assert "8080" in eyes.lines("h1", "nat")
    assert any(line.why for line in eyes.places["h1"].views["nat"].lines)


def items(eyes: Eyes, place: str):
    return eyes.places[place].views["interfaces"].items


async def test_an_address_is_pushed_within_moments(eyes, web, run):
    began = time.monotonic()
    await run("docker run --rm --network container:web --cap-add NET_ADMIN box ip addr add 10.9.8.7/32 dev lo")
    await eyes.until(lambda: "10.9.8.7/32" in eyes.lines("h1/web", "interfaces"), 2)
    assert time.monotonic() - began < 5


async def test_a_rule_made_by_hand_is_pushed(eyes, run):
    await run("iptables -t nat -A POSTROUTING -s 10.1.2.3 -j ACCEPT")
    await eyes.until(lambda: "10.1.2.3" in eyes.lines("h1", "nat"), 1)
    await run("iptables -t nat -D POSTROUTING -s 10.1.2.3 -j ACCEPT")
    await eyes.until(lambda: "10.1.2.3" not in eyes.lines("h1", "nat"), 1)


async def test_a_container_on_the_hosts_network_lives_in_the_host(eyes, run):
    await run("docker run -d --name bare --network host box sleep 60")
    place = await eyes.until(lambda: eyes.places["h1/bare"])
    assert (place.shares, place.netns) == ("h1", eyes.places["h1"].netns)
    await run("docker rm -f bare")
    await eyes.until(lambda: "h1/bare" not in eyes.places)


async def test_a_container_that_joins_another_shares_it(eyes, web, run):
    await run("docker run -d --name side --network container:web box sleep 60")
    assert (await eyes.until(lambda: eyes.places["h1/side"])).shares == "h1/web"
    await run("docker rm -f side")


async def test_a_renamed_container_is_known_by_its_new_name(eyes, web, run):
    await run("docker rename web site")
    await eyes.until(lambda: "h1/site" in eyes.places and "h1/web" not in eyes.places)
    await eyes.until(lambda: "container web is now called site" in eyes.said)
    await run("docker rename site web")
    await eyes.until(lambda: "h1/web" in eyes.places)


async def test_a_namespace_is_let_go_with_its_last_process(eyes, run):
    """Holding it open would keep the veth pair alive."""
    await run("docker run -d --name brief box sleep 60")
    netns = (await eyes.until(lambda: eyes.places["h1/brief"])).netns
    await run("docker rm -f brief")
    await eyes.until(lambda: "h1/brief" not in eyes.places, 2)
    await asyncio.sleep(0.2)
    assert f"net:[{netns}]" not in held()


def held():
    """What this process has open."""
    return [os.readlink(fd) for fd in Path("/proc/self/fd").iterdir() if fd.is_symlink()]


async def test_a_namespace_without_docker_is_seen_too(eyes, run):
    await run("unshare -n sleep 3 >/dev/null 2>&1 &")
    place = await eyes.until(lambda: next((p for p in eyes.places.values() if p.kind == "namespace"), None))
    assert place.id == f"h1/ns-{place.netns}"
    await eyes.until(lambda: place.id not in eyes.places)


async def test_a_namespace_without_a_process_is_called_what_ip_netns_calls_it(eyes, run):
    await run("ip netns add red")
    red = await eyes.until(lambda: next((p for p in eyes.places.values() if p.name == "red"), None))
    assert red.kind == "namespace"
    assert not red.error
    await run("nsenter --net=/run/netns/red ip addr add 10.6.6.6/32 dev lo")
    await eyes.until(lambda: "10.6.6.6/32" in eyes.lines(red.id, "interfaces"))
    await run("ip netns del red")
    await eyes.until(lambda: red.id not in eyes.places)
    assert f"net:[{red.netns}]" not in held()


async def test_an_overlay_network_has_a_namespace_of_its_own(eyes, run):
    address = eyes.interface("h1", "eth0").addresses[0].cidr.partition("/")[0]
    await run(f"docker swarm init --default-addr-pool 10.99.0.0/16 --advertise-addr {address}")
    try:
        await run("docker network create -d overlay --attachable over; docker run -d --name far --network over box")
        over = await eyes.until(lambda: next((p for p in eyes.places.values() if p.name == "over (overlay)"), None))
        assert await eyes.until(lambda: [i for i in items(eyes, over.id) if i.kind == "vxlan"])
        assert await eyes.until(lambda: [i for i in items(eyes, "h1/far") if i.peer_place == over.id])
    finally:
        await run("docker rm -f far; docker swarm leave --force")


async def test_outside_shows_who_asked(eyes, web, run):
    await run("docker exec web curl -s http://outside/")
    address = eyes.interface("h1", "eth0").addresses[0].cidr.partition("/")[0]
    last = await eyes.until(lambda: [r for r in eyes.places["outside"].views["requests"].items if r.protocol == "http"])
    assert last[-1].source == address
    assert await eyes.until(lambda: [c for c in eyes.places["h1"].views["connections"].items if c.snat])


async def test_probes_ask_from_where_they_are_told(eyes, web):
    host = eyes.interface("h1", "eth0").addresses[0].cidr.partition("/")[0]
    probes = [
        Probe(source="h1/web", target="outside", kind="http"),
        Probe(source="outside", target="h1", kind="http", port=8080),
        Probe(source="outside", target="h1/web"),
        Probe(source="h1", target="h1/web"),
        Probe(source="h1/web", target="outside", kind="dns"),
        Probe(source="h1/nobody", target="outside"),
    ]
    began = time.monotonic()
    results = await eyes.observer.probe(probes)
    assert time.monotonic() - began < 1.5
    assert [result.ok for result in results] == [True, True, False, True, True, False]
    assert results[0].source_seen == host
    assert results[1].source_seen == eyes.interface("outside", "eth0").addresses[0].cidr.partition("/")[0]


# --- a learner who breaks things ---


async def test_a_killed_daemon_is_said_and_the_kernel_is_still_seen(eyes, web, run):
    await run("kill -9 $(pidof dockerd)")
    await eyes.until(lambda: "does not answer" in eyes.docker.error)
    await run("ip addr add 10.7.7.7/32 dev lo")
    await eyes.until(lambda: "10.7.7.7/32" in eyes.lines("h1", "interfaces"), 1)
    assert "h1/web" in eyes.places
    assert eyes.observer.alive()
    await run("rm -f /var/run/docker.pid; dockerd -H unix:///run/docker.sock >/dev/null 2>&1 &")
    await eyes.until(lambda: not eyes.docker.error, 30)
    await run("ip addr del 10.7.7.7/32 dev lo; docker start web")
    await eyes.until(lambda: "h1/web" in eyes.places)


@attack("docker.sock swapped: {junk}", origin="daemon", expected="refused", held_by="opened without following links")
@pytest.mark.parametrize(
    "junk",
    [
        "ln -s /run/real.sock /run/docker.sock",
        "echo hi >/run/docker.sock",
        "mkfifo /run/docker.sock",
        "mkdir /run/docker.sock",
        ": >/run/docker.sock; mount --bind /dev/tty /run/docker.sock",
    ],
)
async def test_a_socket_that_is_none_is_not_followed(lab_config, host, run, junk):
    await run(f"mv /run/docker.sock /run/real.sock; {junk}")
    try:
        async with watching(lab_config, *host) as eyes:
            assert "nothing listens" in eyes.docker.error
            assert eyes.places["h1"].views["interfaces"].lines
    finally:
        await run("umount -q /run/docker.sock; rm -rf /run/docker.sock; mv /run/real.sock /run/docker.sock")


@attack("hundreds of interfaces", origin="output", expected="contained", held_by="a bound of lines and events")
async def test_hundreds_of_interfaces_are_bounded(eyes, run):
    await run("for i in $(seq 200); do echo link add v$i type veth peer name w$i; done | ip -b -")
    await eyes.until(lambda: eyes.interface("h1", "w200"))
    assert len(eyes.places["h1"].views["interfaces"].lines) <= 2_000
    await run("for i in $(seq 200); do echo link del v$i; done | ip -b -")
    await eyes.until(lambda: not eyes.interface("h1", "w200"), 20)
    assert eyes.observer.alive()


async def test_more_namespaces_than_are_shown_are_cut_and_said_so(eyes, run, monkeypatch):
    monkeypatch.setattr(observe, "PLACES_SHOWN", 6)
    await run("for i in $(seq 20); do unshare -n sleep 2 >/dev/null 2>&1 & done")
    await eyes.until(lambda: "h1 holds more than is shown here" in eyes.said)
    assert len(eyes.places) <= 6
    await eyes.until(lambda: len(eyes.places) == 2)
    assert eyes.observer.alive()


async def test_names_of_markup_and_escapes_are_plain_text(eyes, run):
    await run("ip", "link", "add", "<b>\x1b[31m", "type", "bridge")
    await eyes.until(lambda: "<b>" in eyes.lines("h1", "interfaces"))
    assert "\x1b" not in eyes.lines("h1", "interfaces")
    await run("ip", "link", "del", "<b>\x1b[31m")


async def test_an_unreadable_namespace_blanks_nothing_else(lab_config, host, run, monkeypatch):
    def refuse(pid, belongs):
        if Path(f"/proc/{pid}/comm").read_text().strip() == "sleep":
            raise PermissionError(13, "Permission denied")
        return open_namespace(pid, belongs)

    monkeypatch.setattr(holding, "open_namespace", refuse)
    await run("unshare -n sleep 4 >/dev/null 2>&1 &")
    async with watching(lab_config, *host) as eyes:
        hidden = await eyes.until(lambda: next((p for p in eyes.places.values() if p.kind == "namespace"), None))
        assert "cannot be entered" in hidden.error
        assert eyes.places["h1"].views["interfaces"].lines
        assert not eyes.places["h1"].error


async def test_a_removed_sandbox_ends_the_watch(lab_config, open_one):
    name, facts = open_one()
    eyes = Eyes()
    eyes.observer = observe.Observer(lab_config, name, 1, facts, eyes)
    task = asyncio.create_task(eyes.observer.run())
    await eyes.until(lambda: "h1" in eyes.places)
    await asyncio.to_thread(lifecycle.close_sandbox, lab_config, name)
    await asyncio.wait_for(task, 15)
    assert eyes.places == {}
    assert ("gone", "h1") in [(what, which) for _at, what, which in eyes.seen]


async def test_a_ping_between_two_containers_counts_on_their_own_wires_only(eyes, run):
    """Of a ping whose neighbours are known already, the third container's wire carries nothing."""
    await run(
        "docker network create three && for name in one two third; do docker run -d --name $name --network three box; done"
    )
    await eyes.until(lambda: all(eyes.interface(f"h1/{name}", "eth0") for name in ("one", "two", "third")))
    ports = {name: await eyes.until(lambda name=name: port_of(eyes, f"h1/{name}")) for name in ("one", "two", "third")}
    await run("docker exec one ping -c 1 two")
    for _ in range(20):  # until everything that new interfaces say by themselves has been counted
        eyes.carried.clear()
        await asyncio.sleep(3.5)
        if not eyes.carried:
            break
    await run("docker exec one ping -c 3 -i 0.2 $(docker exec two hostname -i)")
    await eyes.until(lambda: {"h1", "h1/one", "h1/two"} <= {place for place, _ in eyes.carried}, 10)
    counted = {name for place, names in eyes.carried for name in names if place == "h1"}
    await run("docker rm -f one two third; docker network rm three")
    assert {ports["one"], ports["two"]} <= counted
    assert ports["third"] not in counted
    assert "h1/third" not in {place for place, _ in eyes.carried}


def port_of(eyes, place):
    """The interface of h1 that a container's eth0 is wired to."""
    inner = eyes.interface(place, "eth0")
    items = eyes.places["h1"].views["interfaces"].items
    return next((one.name for one in items if one.peer_place == place and one.index == inner.peer_index), "")
