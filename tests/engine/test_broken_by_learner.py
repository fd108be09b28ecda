"""A learner breaks their own host in the middle of a lesson: what is shown stays true, and a reset brings it all back."""

from __future__ import annotations

import asyncio
import time

import pytest

from explorer.lab.hosts import lifecycle
from explorer.lessons.checks import holds
from explorer.lessons.model import Condition
from explorer.network.model import Snapshot
from explorer.network.scenario import SCENARIOS
from explorer.network.world import World
from tests.engine.eyes import do, watching

pytestmark = [pytest.mark.engine, pytest.mark.timeout(180)]


def open_generation(config, name, number, engine):
    return lifecycle.open_sandbox(
        config, name, number, SCENARIOS["one-host"], time.time() + 600, lambda phase, detail: None, engine=engine
    )


@pytest.fixture
def host(lab_config, new_name, engine_version):
    name = new_name()
    try:
        yield name, open_generation(lab_config, name, 1, engine_version)
    finally:
        lifecycle.close_sandbox(lab_config, name)


@pytest.fixture
async def eyes(lab_config, host):
    async with watching(lab_config, *host) as eyes:
        yield eyes


@pytest.fixture
def run(lab_config, host):
    async def at(words, where="h1"):
        return await do(lab_config, host[0], where, words)

    return at


@pytest.fixture
async def web(eyes, run):
    """A container in the middle of its use: published, asked from `outside`, asking outside."""
    await run("docker run -d --name web -p 8080:80 box")
    await run("curl -s --retry 20 --retry-all-errors --retry-delay 1 h1:8080", "outside")  # its program may still begin
    await run("curl -s outside", "h1/web")
    await eyes.until(lambda: "--dport 8080" in eyes.lines("h1", "nat"))
    return await eyes.until(lambda: eyes.interface("h1/web", "eth0"))


def reasons(eyes, place):
    """Everything the page would say about why a line is there."""
    return "\n".join(line.why for view in eyes.places[place].views.values() for line in view.lines if line.why)


def asks(eyes, question, /, **args):
    world = World(Snapshot(sandbox="s", places=dict(eyes.places), docker=dict(eyes.observer.docker)))
    return holds(Condition(kind=question, args=args), world)


async def test_a_deleted_docker0_is_gone_from_everything_the_kernel_shows(eyes, web, run):
    await run("ip link del docker0")
    await eyes.until(lambda: eyes.interface("h1", "docker0") is None)
    await eyes.until(lambda: "172.17.0.0/16" not in eyes.lines("h1", "routes"))
    assert "docker0" not in eyes.lines("h1", "interfaces")
    assert not asks(eyes, "interface", place="h1", kind="veth", master="docker0")
    assert not asks(eyes, "gateway", place="h1/web", bridge="docker0")
    told = [line for line in eyes.places["h1"].views["interfaces"].lines if "docker0" in line.why]
    assert told == []  # nobody is a port of what is not there
    assert asks(eyes, "container_running", name="web")  # it does run, unplugged
    assert eyes.docker.error == ""
    assert eyes.observer.alive()


async def test_flushed_rules_are_gone_and_what_docker_says_of_ports_stays_its_own_word(eyes, web, run):
    await run("iptables -F; iptables -X; iptables -t nat -F; iptables -t nat -X")
    await eyes.until(lambda: "--dport 8080" not in eyes.lines("h1", "nat"))
    await eyes.until(lambda: "DOCKER" not in eyes.lines("h1", "nat") + eyes.lines("h1", "filter"))
    assert not asks(eyes, "rule", place="h1", table="nat", target="MASQUERADE")
    assert not asks(eyes, "rule", place="h1", target="DNAT")
    said = [
        line.why for view in ("nat", "filter") for line in eyes.places["h1"].views[view].lines if line.text.startswith("-A")
    ]
    assert "8080" not in "\n".join(said)
    assert asks(eyes, "port_published", container="web")  # the daemon still says so: a name, not a rule


async def test_a_daemon_stopped_in_good_order_takes_its_containers_along(eyes, web, run):
    await run("kill $(pidof dockerd)")
    await eyes.until(lambda: "does not answer" in eyes.docker.error, 20)
    await eyes.until(lambda: "h1/web" not in eyes.places, 20)
    await eyes.until(lambda: not asks(eyes, "container_running", name="web"))
    await eyes.until(lambda: "web" not in reasons(eyes, "h1"))
    assert eyes.observer.alive()


async def test_names_of_a_killed_daemon_last_as_long_as_what_they_name(eyes, web, run):
    await run("kill -9 $(pidof dockerd)")
    await eyes.until(lambda: "does not answer" in eyes.docker.error)
    assert "h1/web" in eyes.places  # it runs on
    assert asks(eyes, "container_running", name="web")
    assert "web" in reasons(eyes, "h1")
    await run("kill -9 $(pidof containerd-shim-runc-v2) $(pidof socat)")
    await eyes.until(lambda: "h1/web" not in eyes.places)
    await eyes.until(lambda: not asks(eyes, "container_running", name="web"))
    await eyes.until(lambda: "web" not in reasons(eyes, "h1"))
    assert "--dport 8080" in eyes.lines("h1", "nat")  # the rule is still there, and nobody claims to know why
    await run("ip link del docker0")
    await eyes.until(lambda: "bridge" not in {network.name for network in eyes.docker.networks})
    await eyes.until(lambda: "docker0" not in "\n".join(line.why for line in eyes.places["h1"].views["interfaces"].lines))


BREAK = {
    "docker0": "ip link del docker0",
    "rules": "iptables -F; iptables -t nat -F; iptables -P FORWARD DROP; iptables -P INPUT DROP",
    "daemon": "kill -9 $(pidof dockerd) $(pidof containerd); rm -rf /var/lib/docker/network /run/docker.sock",
    "way out": "ip link set eth0 down; ip addr flush dev eth0",
}


@pytest.mark.parametrize("what", BREAK)
async def test_a_reset_brings_the_scenario_back(lab_config, host, engine_version, run, what):
    await run("docker run -d --name web box")
    await run(BREAK[what])
    began = time.monotonic()
    facts = await asyncio.to_thread(open_generation, lab_config, host[0], 2, engine_version)
    print(f"reset after {what}, engine {engine_version}: {time.monotonic() - began:.1f} s")  # noqa: T201
    async with watching(lab_config, host[0], facts) as eyes:
        await eyes.until(lambda: eyes.interface("h1", "docker0"))
        await eyes.until(lambda: not eyes.docker.error and eyes.docker.networks)
        assert eyes.docker.containers == ()
        await do(lab_config, host[0], "h1", "docker run -d --name web -p 8080:80 box")
        assert "I am" in await do(lab_config, host[0], "outside", "curl -s h1:8080")
