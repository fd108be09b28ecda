"""What a person typed is not called Docker's, and what Docker wrote is, on real hosts with both versions.

Each situation changes the host, and plain tools show that the line is there; then a look from outside tells what is said.
"""

from __future__ import annotations

import asyncio
import secrets
import time

import pytest

from explorer.lab.hosts import lifecycle
from explorer.lab.images.recipes import ENGINES
from explorer.lab.watch.verdicts import SETTLED
from explorer.network.cause import NOT_DOCKER
from explorer.network.scenario import SCENARIOS
from explorer.node.operator.look import look_once, looking
from tests.engine.situations import typed

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]
BRIDGE = "com.docker.network.bridge"


@pytest.fixture(scope="module", params=ENGINES)
def host(request, lab_config, await_engine):
    await_engine(request.param)
    name = f"alike-{secrets.token_hex(4)}"
    facts = lifecycle.open_sandbox(
        lab_config, name, 1, SCENARIOS["one-host"], time.time() + 3600, lambda phase, detail: None, engine=request.param
    )
    for command in (
        "docker network create town",
        "docker run -d --name web --network town -p 8080:80 box",
        f"docker network create -o {BRIDGE}.enable_ip_masquerade=false --subnet 172.30.0.0/24 bare",
        "docker run -d --name plain --network bare box",
        "docker network create --internal --subnet 172.31.0.0/24 vault",
        "docker run -d --name hidden --network vault --cap-add NET_ADMIN box sleep 9999",
        "docker network create --subnet 192.168.222.0/24 n",
        "docker run -d --name app --network n box",
        "docker exec app ping -c1 192.168.222.1",
    ):
        typed(lab_config, name, command)
    yield name, facts
    lifecycle.close_sandbox(lab_config, name)


def look(config, host):
    name, facts = host
    return asyncio.run(look_once(config, name, 1, facts)).places


def lines(place, view, part):
    found = [line for line in place.views[view].lines if part in line.text]
    assert found, (part, [line.text for line in place.views[view].lines])
    return found


def is_dockers(line):
    return bool(line.about) and NOT_DOCKER not in line.about


def bridge_of(config, name, network):
    return f"br-{typed(config, name, f'docker network inspect -f {{{{.Id}}}} {network}')[:12]}"


@pytest.mark.parametrize(
    ("table", "rule"),
    [
        ("nat", "POSTROUTING -s 172.30.0.0/24 ! -o {bare} -j MASQUERADE"),  # its network was made without
        ("filter", "FORWARD -i eth0 -o {town} -j ACCEPT"),
        ("filter", "FORWARD -i {vault} ! -o {vault} -j ACCEPT"),  # its network is internal
        ("nat", "DOCKER ! -i {town} -p tcp -m tcp --dport 8081 -j DNAT --to-destination 172.18.0.2:80"),  # nobody published it
        ("nat", "POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE"),  # Docker's own, a second time
    ],
)
def test_a_rule_that_somebody_typed(lab_config, host, table, rule):
    name, _ = host
    names = {network: bridge_of(lab_config, name, network) for network in ("town", "bare", "vault")}
    rule = rule.format(**names)
    typed(lab_config, name, f"iptables -t {table} -A {rule}")
    try:
        assert f"-A {rule}" in typed(lab_config, name, f"iptables-save -t {table}")
        *_, line = lines(look(lab_config, host)["h1"], table, f"-A {rule}")
        assert line.about == (NOT_DOCKER,), line
        assert line.why.startswith("Not Docker's")
    finally:
        typed(lab_config, name, f"iptables -t {table} -D {rule}")


def test_the_rules_that_docker_wrote(lab_config, host):
    place = look(lab_config, host)["h1"]
    for view in ("nat", "filter", "raw"):
        rules = [line for line in place.views[view].lines if " -A " in line.text or line.text.startswith("-A")]
        assert [line.text for line in rules if not is_dockers(line)] == []


def test_a_default_route_typed_into_an_internal_network(lab_config, host):
    name, _ = host
    assert not typed(lab_config, name, "docker exec hidden ip route").startswith("default")
    typed(lab_config, name, "docker exec hidden ip route add default via 172.31.0.1")
    (line,) = lines(look(lab_config, host)["h1/hidden"], "routes", "default via 172.31.0.1")
    assert line.about == (NOT_DOCKER,)
    assert all(is_dockers(line) for line in lines(look(lab_config, host)["h1/app"], "routes", ""))


def test_an_address_and_a_neighbour_that_somebody_wrote(lab_config, host):
    name, _ = host
    bridge = bridge_of(lab_config, name, "town")
    typed(lab_config, name, f"ip addr add 172.18.0.99/16 dev {bridge}")
    typed(lab_config, name, f"ip neigh replace 172.18.0.2 lladdr 02:00:00:00:00:09 dev {bridge} nud permanent")
    place = look(lab_config, host)["h1"]
    assert [line.about for line in lines(place, "interfaces", "inet 172.18.0.99/16")] == [(NOT_DOCKER,)]
    assert all(is_dockers(line) for line in lines(place, "interfaces", "inet 172.18.0.1/16"))
    (line,) = lines(place, "neighbours", "02:00:00:00:00:09")
    assert line.why.startswith("Somebody wrote this entry")


def test_a_gateway_that_nobody_named(lab_config, host):
    """Compose files name a subnet and no gateway; Docker takes the first address and does not say so."""
    name, _ = host
    bridge = bridge_of(lab_config, name, "n")
    assert "192.168.222.1/24" in typed(lab_config, name, f"ip addr show {bridge}")
    places = look(lab_config, host)
    (line,) = lines(places["h1"], "interfaces", "inet 192.168.222.1/24")
    assert line.why.startswith("The gateway of network n")
    (line,) = lines(places["h1/app"], "neighbours", "192.168.222.1 ")
    assert line.why.startswith("The gateway of network n")
    (line,) = lines(places["h1/app"], "routes", "default via 192.168.222.1")
    assert line.why.startswith("Because of network n")


def test_a_bridge_whose_ports_are_down(lab_config, host):
    name, _ = host
    bridge = bridge_of(lab_config, name, "bare")
    port = typed(lab_config, name, f"ls /sys/class/net/{bridge}/brif").strip()
    typed(lab_config, name, f"ip link set {port} down")
    try:
        assert "NO-CARRIER" in typed(lab_config, name, f"ip link show {bridge}")
        line = lines(look(lab_config, host)["h1"], "interfaces", f" {bridge}: ")[0]
        assert line.why.endswith("None of its ports is up, so it is DOWN.")
    finally:
        typed(lab_config, name, f"ip link set {port} up")


def test_a_port_that_is_published_at_another_address(lab_config, host):
    """Another program may listen at the same port of the loopback."""
    name, facts = host
    address = facts["hosts"]["h1"]["address"]
    typed(lab_config, name, f"docker run -d --name lanpub -p {address}:8085:80 box")
    typed(
        lab_config,
        name,
        "setsid python3 -m http.server 8085 --bind 127.0.0.1 >/dev/null 2>&1 & sleep 1; curl -s 127.0.0.1:8085",
    )
    assert "python3" in typed(lab_config, name, "ss -lntpH 'src 127.0.0.1:8085'")
    place = look(lab_config, host)["h1"]
    told = [line.why for line in place.views["connections"].lines if "dst=127.0.0.1" in line.text and "dport=8085" in line.text]
    assert not [why for why in told if "docker-proxy" in why]


def test_a_line_that_appears_is_judged_when_the_daemon_was_asked_again(lab_config, host):
    """A started container is called the owner of its rules at once, or nobody for a moment; never somebody else."""
    name, facts = host
    said = asyncio.run(watch(lab_config, name, facts))
    typed(lab_config, name, "iptables -D FORWARD -i docker0 -j DROP")
    mine, dockers = ([why for at, why in said if at == which] for which in ("typed", "published"))
    assert mine[0] == ""
    assert mine[-1].startswith("Not Docker's")
    assert mine[-1].endswith("It appeared after the command `iptables -A FORWARD -i docker0 -j DROP`.")
    assert set(dockers) <= {"", dockers[-1]}
    assert dockers[-1].startswith("Because late publishes 8099:80")


async def watch(config, name, facts):
    """Every reason that was shown of two lines: one of them is typed, the other comes with a container."""
    said = []
    async with looking(config, name, 1, facts) as observer:
        command = "iptables -A FORWARD -i docker0 -j DROP"
        observer.hear_command("h1", command)
        await asyncio.to_thread(typed, config, name, command)
        started = asyncio.create_task(asyncio.to_thread(typed, config, name, "docker run -d --name late -p 8099:80 box"))
        until = time.monotonic() + 20
        while time.monotonic() < until:
            for which, view, part in (
                ("typed", "filter", "-A FORWARD -i docker0 -j DROP"),
                ("published", "nat", "--dport 8099"),
            ):
                found = [line.why for line in observer.places["h1"].views[view].lines if part in line.text]
                if found and (which, found[0]) not in said[-2:]:
                    said.append((which, found[0]))
            await asyncio.sleep(0.02)
            last = dict(said)
            if started.done() and last.get("typed") and last.get("published") and time.monotonic() > until - 20 + 2 * SETTLED:
                break
        await started
    return said
