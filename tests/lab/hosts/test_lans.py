"""A sandbox's LANs on the engine, the addresses on them, and when it ends."""

from __future__ import annotations

import os

import pytest

from explorer.lab.engine.client import session
from explorer.lab.errors import NodeError, NoRoom
from explorer.lab.hosts import lans
from explorer.lab.hosts.lans import Segment, address_of
from explorer.network.scenario import SCENARIOS, Lan, Route, Scenario

ROUTED = Scenario(
    name="x",
    summary="",
    machines=("router", "outside"),
    lans=(Lan(name="lan", members=("h1", "router")), Lan(name="far", members=("router", "outside"))),
    routes=(Route(on="h1", to="far", via="router"), Route(on="outside", to="default", via="router")),
)


@pytest.fixture
def make(config, engine):
    def make(scenario=SCENARIOS["one-host"], sandbox="s"):
        with session(config) as client:
            return lans.make_lans(config, client, sandbox, scenario, {"explorer.sandbox": sandbox})

    return make


def take(engine, *subnets):
    """Networks that stand already."""
    for subnet in subnets:
        engine.make_network({}, {"Name": subnet, "IPAM": {"Config": [{"Subnet": subnet}]}})


def test_each_lan_has_a_subnet_of_its_own_in_the_scenarios_order(make, engine):
    segments = make(ROUTED)
    assert [(one.lan, one.name, one.subnet) for one in segments] == [
        ("lan", "x-units-s", "10.77.0.0/24"),
        ("far", "x-units-s-far", "10.77.1.0/24"),
    ]
    assert segments[0].addresses == {"h1": "10.77.0.11", "router": "10.77.0.1"}
    assert segments[1].addresses == {"router": "10.77.1.1", "outside": "10.77.1.101"}
    assert [one["Labels"]["explorer.lan"] for one in engine.networks.values()] == ["lan", "far"]


def test_where_a_router_sits_the_engine_steps_aside(make, engine):
    make(ROUTED)
    gateways = [one["IPAM"]["Config"][0].get("Gateway") for one in engine.networks.values()]
    assert gateways == ["10.77.0.254", "10.77.1.254"]


def test_without_a_router_the_engine_chooses_its_own(make, engine):
    make()
    assert [one["IPAM"]["Config"][0].get("Gateway") for one in engine.networks.values()] == [None]


def test_what_is_taken_is_passed_over(make, engine):
    take(engine, "10.77.0.0/24", "10.77.1.0/24", "172.17.0.0/16")
    assert make()[0].subnet == "10.77.2.0/24"


def test_a_hole_is_filled(make, engine):
    take(engine, "10.77.0.0/24", "10.77.2.0/24")
    assert make()[0].subnet == "10.77.1.0/24"


def test_networks_without_addresses_take_none(make, engine):
    engine.networks["host"] = {"Id": "host", "Name": "host", "Labels": {}, "IPAM": {"Config": None}}
    assert make()[0].subnet == "10.77.0.0/24"


def test_what_the_engine_finds_overlapping_is_passed_over(make, engine):
    engine.trouble["POST /networks/create"] = [(403, "Pool overlaps with other one on this address space")] * 2
    assert make()[0].subnet == "10.77.2.0/24"


def test_another_refusal_is_the_nodes_fault(make, engine):
    engine.trouble["POST /networks/create"] = [(500, "no space left on device")]
    with pytest.raises(NodeError, match="engine failed"):
        make()
    assert not engine.networks


def test_when_all_are_taken_there_is_no_room(make, engine, monkeypatch):
    monkeypatch.setattr(lans, "LAN_NETWORK", "10.77.0.0/23")
    take(engine, "10.77.0.0/24", "10.77.1.0/24")
    with pytest.raises(NoRoom, match="no LAN left"):
        make()


def test_the_own_lan_comes_before_another():
    here, there = Segment("lan", "a", "", {"h1": "10.0.0.11", "r": "10.0.0.1"}), Segment("far", "b", "", {"r": "10.0.1.1"})
    assert address_of([here, there], "r") == "10.0.0.1"
    assert address_of([there, here], "r", "h1") == "10.0.0.1", "where both sit"
    assert address_of([there, here], "r") == "10.0.1.1"
    assert address_of([here, there], "nobody") == ""


@pytest.mark.parametrize(
    ("words", "labels"),
    [
        ((), ["explorer.install=units"]),
        (("s",), ["explorer.install=units", "explorer.sandbox=s"]),
        (("s", 0), ["explorer.install=units", "explorer.sandbox=s", "explorer.generation=0"]),
    ],
)
def test_what_is_looked_for(config, words, labels):
    assert lans.filters(config, *words) == {"label": labels}


# --- when it ends ---
def test_a_host_can_read_its_time_and_nobody_there_can_write_it(config):
    before = os.umask(0o077)
    lans.write_expiry(config, "s", 99.0)
    os.umask(before)
    directory = lans.expiry_dir(config, "s")
    assert (directory / "at").stat().st_mode & 0o777 == 0o644
    assert (directory / "at").read_text() == "99\n"


@pytest.mark.parametrize("text", ["", "soon", "1e", "\0"])
def test_a_time_that_is_none_is_not_known(config, text):
    lans.write_expiry(config, "s", 1)
    (lans.expiry_dir(config, "s") / "at").write_text(text)
    assert lans.read_expiry(config, "s") is None


def test_forgetting_leaves_what_somebody_else_put_there(config):
    lans.write_expiry(config, "s", 1)
    (lans.expiry_dir(config, "s") / "note").write_text("mine")
    lans.forget_expiry(config, "s")
    assert [path.name for path in lans.expiry_dir(config, "s").iterdir()] == ["note"]


def test_all_are_forgotten(config):
    lans.forget_all_expiries(config)  # there are none yet
    for name in ("a", "b"):
        lans.write_expiry(config, name, 1)
    lans.forget_all_expiries(config)
    assert list((config.engine_dir / "expires").iterdir()) == []
