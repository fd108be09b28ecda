"""Real packets through the rule set of Docker's nftables backend, in network namespaces of this machine: the journey names the
chains and rules that the kernel's trace names, and where one ends."""

from __future__ import annotations

import os
import socket
import subprocess
from contextlib import ExitStack, contextmanager

import pytest

from explorer.lab.ask.journey import trace_journey
from explorer.lab.inside.netns import Namespace
from explorer.network.explain import explain
from explorer.network.journeys import Asked
from explorer.network.model import Place
from explorer.network.read import read_docker
from explorer.network.views import observe
from tests.captures.make_nft import VERSION, bridge, ruleset
from tests.captures.nft_situations import BRIDGE, TOWN, container, port
from tests.lab.ask.two_namespaces import H1, OUTSIDE, run, two_namespaces

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")

TOWN_BRIDGE = bridge(TOWN)
WEB, C1 = "172.18.0.2", "172.17.0.2"
NETWORKS = [BRIDGE, TOWN]
CONTAINERS = [
    container("web", (TOWN, 2), ports=(port(80, 8080), port(80, 8081, "127.0.0.1"))),
    container("c1", (BRIDGE, 2)),
]


@contextmanager
def a_namespace():
    held = subprocess.Popen(["unshare", "--net", "sh", "-c", "echo; exec sleep 300"], stdout=subprocess.PIPE)
    held.stdout.readline()
    made = Namespace(held.pid, os.pidfd_open(held.pid), os.open(f"/proc/{held.pid}/ns/net", os.O_RDONLY))
    try:
        yield made
    finally:
        made.close()
        held.kill()
        held.wait()
        held.stdout.close()


@pytest.fixture(scope="module")
def world():
    """h1 with two bridges and a container on each, as a daemon makes them, and the rules of its nftables backend."""
    with two_namespaces() as made, ExitStack() as held:
        h1, outside = made["h1"], made["outside"]
        run(h1, "sysctl -qw net.ipv4.ip_forward=1")
        for name, address, on, gateway in (("web", WEB, TOWN_BRIDGE, "172.18.0.1"), ("c1", C1, "docker0", "172.17.0.1")):
            made[f"h1/{name}"] = inside = held.enter_context(a_namespace())
            run(inside, "sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1")
            run(h1, f"ip link add {on} type bridge")
            run(h1, f"ip addr add {gateway}/16 dev {on}")
            run(h1, f"ip link add veth{name} type veth peer name eth0 netns {inside.pid}")
            run(h1, f"ip link set veth{name} master {on}")
            for link in (on, f"veth{name}"):
                run(h1, f"ip link set {link} up")
            run(inside, f"ip addr add {address}/16 dev eth0")
            run(inside, "ip link set eth0 up")
            run(inside, f"ip route add default via {gateway}")
        run(outside, f"ip route add 172.16.0.0/12 via {H1}")
        # an nft from before 1.0.7 takes the name dstnat in hook prerouting only
        rules = ruleset(NETWORKS, CONTAINERS).replace("hook output priority dstnat", "hook output priority -100")
        argv = ["nsenter", f"--net=/proc/{h1.pid}/ns/net", "nft", "-f", "-"]
        subprocess.run(argv, input=rules, text=True, check=True)
        yield made


@pytest.fixture(scope="module")
def served(world):
    """A socket that listens at web's port 80; a connection needs nobody who accepts it."""
    with world["h1/web"].socket(socket.AF_INET, socket.SOCK_STREAM) as server:
        server.bind((WEB, 80))
        server.listen(5)
        yield server


@pytest.fixture
def follow(world, served):
    async def follow(source, target, kind="tcp", port=80):
        docker = {"h1": read_docker("h1", VERSION, NETWORKS, CONTAINERS)}
        places = {name: place(name, namespace, docker["h1"]) for name, namespace in world.items()}
        return await trace_journey(Asked(source=source, target=target, kind=kind, port=port), places, docker, world.get)

    return follow


def place(name, namespace, docker):
    host, _, own = name.partition("/")
    kind = "container" if own else "machine" if name == "outside" else "host"
    views = {"interfaces": observe("interfaces", run(namespace, "ip -d addr"))}
    views["routes"] = observe("routes", run(namespace, "ip route show table all"))
    views["raw"] = observe("raw", "", "", "", "", run(namespace, "nft list ruleset"))
    made = Place(id=name, kind=kind, host=host, name=own or name, views=views)
    if kind != "host":
        return made
    return made.model_copy(update={"views": views | {"raw": explain(made, "raw", views["raw"], docker)}})


def rules(way):
    return [(hop.text, hop.why) for hop in way.hops if hop.kind == "rule"]


async def test_a_published_port_is_told_with_the_chains_of_this_backend(follow):
    told = await follow("outside", H1, port=8080)
    assert (told.ok, told.request.ending) == (True, "arrived")
    name = f"filter-forward-in__{TOWN_BRIDGE}"
    assert [text for text, _ in rules(told.request)] == [
        "h1: raw-PREROUTING (docker-bridges), policy: no rule decided, accepted",
        "h1: nat-PREROUTING (docker-bridges), rule 1: on to chain nat-prerouting-and-output",
        f"h1: nat-prerouting-and-output (docker-bridges), rule 1: DNAT: destination {H1}:8080 becomes {WEB}:80",
        f"h1: filter-FORWARD (docker-bridges), rule 1: on to chain {name}",
        f"h1: {name} (docker-bridges), rule 3: accepted",
        f"h1: nat-POSTROUTING (docker-bridges), rule 2: on to chain nat-postrouting-in__{TOWN_BRIDGE}",
        "h1: nat-POSTROUTING (docker-bridges), policy: no rule decided, accepted",
    ]
    assert all(why for _, why in rules(told.request))
    kinds = [hop.kind for hop in told.request.hops]
    assert kinds.index("routed") == next(at for at, hop in enumerate(told.request.hops) if "filter-FORWARD" in hop.text) - 1


async def test_the_way_out_of_a_container_is_masqueraded(follow):
    told = await follow("h1/c1", OUTSIDE, kind="ping")
    assert told.ok
    told_rules = dict(rules(told.request))
    last = f"h1: nat-postrouting-out__docker0 (docker-bridges), rule 1: MASQUERADE: source {C1} becomes {H1}"
    assert last in told_rules
    assert told_rules[last].startswith("Because of network bridge ")


@pytest.mark.parametrize("source", ["outside", "h1/c1"])
async def test_what_knocks_at_a_container_from_elsewhere_ends_in_raw(follow, source):
    """From the LAN, and from a container on another network."""
    told = await follow(source, WEB)
    assert (told.ok, told.request.ending) == (False, "dropped")
    assert told.request.end == "dropped: h1: raw-PREROUTING (docker-bridges), rule 1: dropped"
    evidence = told.request.evidence[0]
    assert f'ip daddr {WEB} iifname != "{TOWN_BRIDGE}"' in evidence.text
    assert "DROP DIRECT ACCESS" in evidence.text
    assert evidence.command == "nft -a list chain ip docker-bridges raw-PREROUTING"


async def test_a_port_published_at_loopback_is_closed_to_the_lan(follow, world):
    outside = world["outside"]
    for command in (
        "ip addr flush dev lo",
        "sysctl -qw net.ipv4.conf.all.route_localnet=1",
        f"ip route add 127.0.0.1/32 via {H1}",
    ):
        run(outside, command)
    told = await follow("outside", "127.0.0.1", port=8081)
    assert told.request.ending == "dropped"
    assert told.request.end == "dropped: h1: raw-PREROUTING (docker-bridges), rule 2: dropped"
    assert "DROP REMOTE LOOPBACK" in told.request.evidence[0].text


async def test_a_port_that_is_not_published_ends_in_the_chain_of_its_network(follow, world):
    """Without the rule in raw, as with a daemon that allows direct routing."""
    run(world["h1"], "nft flush chain ip docker-bridges raw-PREROUTING")
    told = await follow("outside", WEB, port=81)
    assert told.request.ending == "dropped"
    assert told.request.end == f"dropped: h1: filter-forward-in__{TOWN_BRIDGE} (docker-bridges), rule 4: dropped"
    assert "UNPUBLISHED PORT DROP" in told.request.evidence[0].text
