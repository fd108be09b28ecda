"""The grid of one host with two networks: exactly the cells one gets by typing ping in each place."""

import re

import pytest

from tests.engine.stack import bare, node

__all__ = ["bare", "node"]
pytestmark = [pytest.mark.engine, pytest.mark.timeout(400)]

SETUP = (
    "docker network create town && docker network create village"
    " && docker run -d --name web --network town box && docker run -d --name shop --network town box"
    " && docker run -d --name db --network village box && docker run -d --name alone --network none box"
)
HERE = {"h1", "outside"}
TOWN = {"h1/web", "h1/shop"}


def expected(source, target):
    """(by address, by name)"""
    if "h1/alone" in (source, target):
        return (False, False)
    if target in HERE:
        return (True, True)  # a host and a machine of the LAN have names everywhere, and whoever has a gateway gets there
    if source == "h1":
        return (True, False)
    if {source, target} <= TOWN:
        return (True, True)
    return (False, False)


@pytest.mark.parametrize("engine", ["26", "28"])
def test_two_networks(node, engine):
    sandbox = node.tell("open", "--engine", engine)["id"]
    try:
        done = node.tell("exec", sandbox, "h1", "--", "sh", "-c", SETUP)
        assert done["status"] == 0, done
        grid = node.tell("reach", sandbox)
        got = {
            (cell["source"], cell["target"]): tuple(cell[how]["outcome"] == "answered" for how in ("by_address", "by_name"))
            for cell in grid["cells"]
        }
        places = ["h1", "h1/alone", "h1/db", "h1/shop", "h1/web", "outside"]
        assert sorted(grid["places"]) == places
        assert got == {(a, b): expected(a, b) for a in places for b in places if a != b}
        assert grid["seconds"] < 15
        typed = node.tell("exec", sandbox, "h1/web", "--", "ping", "-c1", "-W1", "shop")
        assert typed["status"] == 0
        typed = node.tell("exec", sandbox, "h1/web", "--", "ping", "-c1", "-W1", "db")
        assert typed["status"] != 0
        whys = {cell["target"]: cell["by_address"]["why"] for cell in grid["cells"] if cell["source"] == "h1/web"}
        assert re.match(r"Dropped: h1: (DOCKER-ISOLATION-STAGE-2 \(filter\)|PREROUTING \(raw\)), rule \d", whys["h1/db"])
        assert "both are on town" in whys["h1/shop"]
        assert re.search(r"h1 forwards it, and h1 puts another source address on it: 172\S+ becomes 10\.", whys["outside"])
        measured = [cell[how] for cell in grid["cells"] for how in ("by_address", "by_name")]
        assert all(one["evidence"] for one in measured)
    finally:
        node.tell("close", sandbox)


BREAK = {
    "a rule that rejects": (
        "iptables -I DOCKER-USER -i br-town -o eth0 -j REJECT --reject-with icmp-host-prohibited",
        {("h1/web", "outside"): r"DOCKER-USER \(filter\), rule 1: rejected: ICMP “host prohibited” goes back"},
    ),
    "a packet that h1 answers itself": (
        "iptables -t mangle -A PREROUTING -i br-town -p icmp -j TTL --ttl-set 1",
        {("h1/web", "outside"): "its time to live ended there"},
    ),
    "networks that do not masquerade, that keep their containers apart, whose gateway is nobody": (
        "true",
        {
            ("h1/plain", "outside"): r"h1 forwards it, and outside sees h1/plain's own address, 172\.30\.0\.2",
            ("h1/one", "h1/both"): r"^Dropped: h1: [\w-]+ \(filter\), rule \d+: dropped",
            ("h1/strange", "h1"): r"h1/strange asked by ARP on eth0 who has 192\.168\.77\.1; nobody answered",
        },
    ),
}


# 28 lets nothing in from outside to a network in its usual gateway mode, so the answer would end there
UNCHANGED = {"26": "enable_ip_masquerade=false", "28": "gateway_mode_ipv4=routed"}


def why(grid, source, target):
    cell = next(cell for cell in grid["cells"] if (cell["source"], cell["target"]) == (source, target))
    assert cell["by_address"]["evidence"], cell
    return cell["by_address"]["why"]


@pytest.mark.parametrize("engine", ["26", "28"])
def test_a_broken_network_is_not_blamed_on_docker(node, engine):
    sandbox = node.tell("open", "--engine", engine)["id"]

    def typed(where, command):
        done = node.tell("exec", sandbox, where, "--", "sh", "-c", command)
        assert done["status"] == 0, done

    try:
        typed(
            "h1",
            "docker network create -o com.docker.network.bridge.name=br-town town"
            f" && docker network create --subnet 172.30.0.0/24 -o com.docker.network.bridge.{UNCHANGED[engine]} bare"
            " && docker network create -o com.docker.network.bridge.enable_icc=false apart"
            " && docker network create -d macvlan -o parent=eth0 --subnet 192.168.77.0/24 far"
            " && docker run -d --name web --network town box"
            " && docker run -d --name one --network apart box && docker network connect town one"
            " && docker run -d --name both --network apart box && docker network connect town both"
            " && docker run -d --name plain --network bare box"
            " && docker run -d --name strange --network far box",
        )
        typed("outside", "ip route add 172.30.0.0/24 via $(getent ahostsv4 h1 | cut -d ' ' -f1 | head -1)")
        for name, (make, expected) in BREAK.items():
            typed("h1", make)
            grid = node.tell("reach", sandbox)
            for pair, words in expected.items():
                said = why(grid, *pair)
                assert re.search(words, said), f"{name}: {said}"
                assert "keeps bridge networks apart" not in said
            typed("h1", "iptables -F DOCKER-USER; iptables -t mangle -F PREROUTING")
    finally:
        node.tell("close", sandbox)


def test_a_rule_of_the_other_host_is_named(node):
    """Two containers of one overlay, whose VXLAN packets the other host drops."""
    sandbox = node.tell("open", "--scenario", "swarm")["id"]

    def typed(where, command):
        done = node.tell("exec", sandbox, where, "--", "sh", "-c", command)
        assert done["status"] == 0, done

    try:
        typed("h1", "docker network create -d overlay --attachable ring && docker run -d --name aa --network ring box")
        typed("h2", "docker run -d --name bb --network ring box")
        assert "both are on ring" in why(node.tell("reach", sandbox), "h1/aa", "h2/bb")
        typed("h2", "iptables -I INPUT -p udp --dport 4789 -j DROP")
        said = why(node.tell("reach", sandbox), "h1/aa", "h2/bb")
        assert re.search(r"h2: INPUT \(filter\), rule 1: dropped", said), said
    finally:
        node.tell("close", sandbox)
