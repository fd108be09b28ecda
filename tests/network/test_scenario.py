"""What may be called a scenario, and how its words get the addresses of a sandbox."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from explorer.network.scenario import SCENARIOS, Lan, Route, Scenario, StartContainer, fill

LANS = {"lan": "10.77.3.0/24", "beyond": "10.77.4.0/24"}


@pytest.mark.parametrize(
    ("word", "filled"),
    [
        ("lan", "10.77.3.0/24"),
        ("lan.20", "10.77.3.20"),
        ("--subnet=lan", "--subnet=10.77.3.0/24"),
        ("lan.192/27", "10.77.3.192/27"),
        ("beyond.1", "10.77.4.1"),
        ("aux=lan.1,x=lan.2", "aux=10.77.3.1,x=10.77.3.2"),
        ("lan.300", "lan.300"),
        ("wlan", "wlan"),
        ("my-lan", "my-lan"),
        ("lan-party", "lan-party"),
        ("parent=eth0", "parent=eth0"),
    ],
)
def test_the_name_of_a_lan_stands_for_its_addresses(word, filled):
    assert fill(word, LANS) == filled


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ({"hosts": ("h1", "h1")}, "twice"),
        ({"machines": ("h1",)}, "twice"),
        ({"lans": (Lan(members=("h1",)),)}, "on no LAN: outside"),
        ({"lans": (Lan(members=("h1", "outside", "x")),)}, "not in this scenario: x"),
        ({"routes": (Route(on="h1", to="default", via="router"),)}, "not in this scenario: router"),
        ({"routes": (Route(on="h1", to="moon", via="outside"),)}, "leads to a LAN"),
        (
            {"lans": (Lan(members=("h1",)), Lan(name="b", members=("outside",))),
             "routes": (Route(on="h1", to="b", via="outside"),)},
            "no LAN in common",
        ),
        ({"swarm": ("h1", "h2")}, "not a host of this scenario: h2"),
        ({"containers": (StartContainer(host="outside", name="web"),)}, "not a host of this scenario: outside"),
    ],
)  # fmt: skip
def test_a_scenario_that_contradicts_itself_is_refused(parts, why):
    with pytest.raises(ValidationError, match=why):
        Scenario(name="x", summary="", **parts)


def test_only_who_is_routed_through_forwards():
    routed = SCENARIOS["routed"]
    assert [name for name in routed.names if routed.forwards(name)] == ["router"]
    assert [lan.name for lan in routed.lans_of("router")] == ["lan", "beyond"]
    assert routed.met("h1", "far") is None
