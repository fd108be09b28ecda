"""A sandbox made by hand, seen, made again elsewhere from nothing but what was seen, and both held against each other."""

from __future__ import annotations

import asyncio
import re

import pytest

from explorer.network.model import Snapshot
from explorer.network.recreate import recreate
from explorer.node.operator.look import look_once
from explorer.node.work.replay import type_kept

pytestmark = [pytest.mark.engine, pytest.mark.timeout(180)]

BY_HAND = """
docker network create --subnet 172.30.0.0/16 --ip-range 172.30.4.0/24 --opt com.docker.network.bridge.enable_icc=false app
docker network create --internal --subnet 172.31.0.0/24 inside
docker network create -d macvlan --subnet {lan} --ip-range {part} -o parent=eth0 mac
docker run -d --name web -p 8080:80 --network app --ip 172.30.7.7 box
docker network connect --ip 172.31.0.9 inside web
docker run -d --name plain -p 127.0.0.1:53:53/udp box sleep 9999
docker run -d --name guest --network container:web box sleep 9999
docker run -d --name bare --network none box
docker run -d --name shared --network host box sleep 9999
docker run -d --name near --network mac box
docker run -d --name gone --network app box && docker stop -t 0 gone
docker run -d --name frozen --network inside box && docker pause frozen
docker commit plain mine && docker run -d --name own mine
ip route add 203.0.113.0/24 via {router}
iptables -I FORWARD -p tcp --dport 81 -j DROP
"""


def test_a_copy_stands_as_the_original_did(lab_config, open_one, shell):
    first, facts = open_one()
    net = facts["subnet"].removesuffix("0/24")
    words = {"lan": facts["subnet"], "part": f"{net}192/28", "router": f"{net}100"}
    status, said = shell("h1", "set -e\n" + BY_HAND.format(**words), first, timeout=90)
    assert status == 0, said
    original = asyncio.run(look_once(lab_config, first, 1, facts))
    made = recreate(original, facts["subnet"])

    second, others = open_one()
    failed = type_kept(lab_config, second, made.as_replay(first), others, lambda phase, detail: None)
    assert failed == []
    copy = asyncio.run(look_once(lab_config, second, 1, others))

    assert told(copy, others["subnet"]) == told(original, facts["subnet"])
    left = "\n".join(made.left_out)
    assert "Container 'own' on h1: its image 'mine' is not one that every host has" in left
    assert "203.0.113.0/24" in left
    assert "--dport 81" in left
    assert "gone on h1 is stopped" in left


def told(snapshot: Snapshot, lan: str) -> dict[str, object]:
    """What is the same in a good copy: names, addresses, ports, and the kernel's addresses, routes and translations; without
    the ids that Docker made up."""
    docker = snapshot.docker["h1"]
    places = {name: place for name, place in snapshot.places.items() if name.startswith("h1") and name != "h1/own"}
    inside = {name: place for name, place in places.items() if name != "h1" and not place.shares}

    def plain(text: str) -> str:
        text = text.replace(lan.removesuffix("0/24"), "LAN.")
        return re.sub(r"\b(br-|veth)[0-9a-f]+", r"\1x", text)

    return {
        "networks": sorted(
            plain(f"{one.name} {one.driver} {one.internal} {one.subnets} {one.ranges} {sorted(one.options.items())}")
            for one in docker.networks
        ),
        "containers": sorted(
            plain(f"{one.name} {one.state} {one.command} {one.ports} {[(end.network, end.address) for end in one.endpoints]}")
            for one in docker.containers
            if one.name != "own"
        ),
        "places": sorted(places),
        "addresses": {name: sorted(plain(at) for at in addresses(place)) for name, place in inside.items()},
        "routes": {name: sorted(lines(place, "routes", plain)) for name, place in inside.items()},
        "dnat": sorted(line for line in lines(places["h1"], "nat", plain) if "DNAT" in line or "MASQUERADE" in line),
    }


def addresses(place) -> list[str]:
    """Those of version 4, with their interface: the others are made from MAC addresses, which Docker makes up anew."""
    links = place.views["interfaces"].items
    return [f"{link.name} {at.cidr}" for link in links for at in link.addresses if at.family == "inet"]


def lines(place, view, plain) -> list[str]:
    return [plain(line.text.strip()) for line in place.views[view].lines]
