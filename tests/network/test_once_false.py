"""Sentences that were said where they were not so, each in the state that made it false."""

from __future__ import annotations

from dataclasses import replace

import pytest

from explorer.network.cause import NOT_DOCKER
from explorer.network.comparison import Cell, all_variants
from explorer.network.comparison.reasons import reason
from explorer.network.drivers.bridge import summary
from explorer.network.drivers.known import Known, know
from explorer.network.drivers.overlay import inside
from explorer.network.drivers.third_party.why import QUESTIONS
from explorer.network.elsewhere import look_elsewhere
from explorer.network.explain import explain
from explorer.network.journeys.gathered import Step
from explorer.network.journeys.rules import words_of_step
from explorer.network.journeys.scene import Scene
from explorer.network.model import Chain, Connection, FdbEntry, Flow, Interface, Line, Observation, Rule, Snapshot
from explorer.network.tracked import why as tracked
from explorer.network.world import World
from explorer.network.writes.sentences import BACK
from tests.lessons.worlds import item, one_host, seen, veth


def known(stage: str, place: str) -> Known:
    picture = seen(stage)
    of = picture.places[place]
    return know(of, picture.docker.get(of.host), look_elsewhere(picture.places, picture.docker))


def told(picture: Snapshot, place: str, thing: Interface | FdbEntry) -> Line:
    """What is said of one thing of a place."""
    of = picture.places[place]
    view = "fdb" if isinstance(thing, FdbEntry) else "interfaces"
    shown = Observation(command="x", items=(thing,), lines=(Line(key=thing.key, text=thing.key),))
    elsewhere = look_elsewhere(picture.places, picture.docker)
    return explain(of, view, shown, picture.docker.get(of.host), elsewhere).lines[0]


def interfaces(stage: str, place: str) -> dict[str, Interface]:
    found = seen(stage).places[place].views["interfaces"].items
    return {one.name: one for one in found if isinstance(one, Interface)}


def namespace(stage: str, host: str, name: str) -> str:
    return next(key for key, one in seen(stage).places.items() if (one.host, one.name) == (host, name))


# --- none, when somebody has laid a cable ---------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", ["none/3-cable.json", "none/4-addresses.json"])
def test_a_loopback_beside_a_cable_is_not_all_that_a_container_has(stage):
    here = interfaces(stage, "h1/safe")
    assert len(here) == 2
    assert told(seen(stage), "h1/safe", here["lo"]).why == "Network none gives a container loopback only."


def test_a_loopback_alone_is_all_that_a_container_has():
    lo = interfaces("none/1-empty.json", "h1/safe")["lo"]
    assert told(seen("none/1-empty.json"), "h1/safe", lo).why.endswith("it is all that safe has.")


# --- third-party ----------------------------------------------------------------------------------------------------------


def test_packets_of_a_driver_that_lets_nothing_out_are_not_said_to_arrive():
    """The host drops what it forwards, but for what goes from the driver's bridge back to it."""
    rules = seen("third-party/2-cable.json").places["h1"].views["filter"].items
    assert any(isinstance(one, Chain) and (one.name, one.policy) == ("FORWARD", "DROP") for one in rules)
    accepted = [one for one in rules if isinstance(one, Rule) and one.in_interface.startswith("lab-")]
    assert [one.in_interface == one.out_interface for one in accepted] == [True]
    said = reason(all_variants()["third-party"], Cell(row="outward", mark="no", word="no"))
    assert "no rule that lets the host forward" in said
    assert "arrive" not in said


def test_who_holds_a_gateway_is_named_by_the_interface_that_has_it():
    of = known("third-party/1-program.json", "h1")
    flow = Flow(source="172.18.0.1", destination="224.0.0.22")
    back = Flow(source="224.0.0.22", destination="172.18.0.1")
    said = tracked(of, item(Connection, protocol="2", original=flow, reply=back, flags=("UNREPLIED",))).text
    assert said.startswith("The host (as lab-")


def test_the_gateway_of_a_macvlan_network_is_not_the_host():
    of = known("macvlan/1-neighbour.json", "h1")
    [gateway] = next(one.gateways for one in of.networks.values() if one.driver == "macvlan")
    flow, back = Flow(source=gateway, destination="224.0.0.1"), Flow(source="224.0.0.1", destination=gateway)
    said = tracked(of, item(Connection, protocol="2", original=flow, reply=back)).text
    assert said == "The gateway of network lan announced to a multicast group; not translated."


def test_a_container_that_leaves_a_network_may_live_on():
    assert "namespace" not in QUESTIONS["Leave"]


# --- bridge ---------------------------------------------------------------------------------------------------------------


def test_without_a_published_port_nothing_is_said_of_who_gets_in():
    """Docker sets FORWARD's policy to DROP only where it turned forwarding on itself: else, on Engine 26, a neighbour with a
    route to the container gets in without a published port."""
    picture = one_host()
    views = picture.places["h1"].views
    rules = tuple(one for one in views["nat"].items if not (isinstance(one, Rule) and one.target == "DNAT"))
    host = picture.places["h1"].model_copy(update={"views": {**views, "nat": views["nat"].model_copy(update={"items": rules})}})
    world = World(picture.model_copy(update={"places": {**picture.places, "h1": host}}))
    assert summary.way_in(world, host) == "No port is published: no rule leads from a port of the host to a container"


# --- overlay --------------------------------------------------------------------------------------------------------------


def test_the_way_out_of_the_host_serves_containers_without_an_overlay_too():
    """A driver that named no interface: its containers got one of docker_gwbridge, and there is no swarm."""
    here = interfaces("third-party/7-challenge.json", "h1")
    state = seen("third-party/7-challenge.json").docker["h1"]
    assert not any(one.driver == "overlay" for one in state.networks)
    said = told(seen("third-party/7-challenge.json"), "h1", here["docker_gwbridge"]).why
    assert "when none of its networks has a gateway" in said


@pytest.mark.parametrize(
    ("inside_of", "words"),
    [
        (
            "ring (overlay)",
            "eth0 of the namespace ring (load balancer), where requests for a service's address are shared out",
        ),
        ("ingress (overlay)", "eth0 of the namespace ingress_sbox, where published ports of services arrive"),
    ],
)
def test_a_namespace_that_is_no_container_is_called_by_its_name(inside_of, words):
    stage = "overlay/4-where.json"
    place = namespace(stage, "h2", inside_of)
    said = {told(seen(stage), place, one).why for one in interfaces(stage, place).values()}
    assert f"{words}, ends here; a port of br0." in said
    assert not any("ns-" in one for one in said)
    if inside_of.startswith("ring"):
        assert "client's eth0 ends here; a port of br0." in said


def test_the_routing_mesh_on_docker_gwbridge_is_called_by_its_name():
    stage = "overlay/4-where.json"
    said = {told(seen(stage), "h2", one).why for one in interfaces(stage, "h2").values() if one.master == "docker_gwbridge"}
    assert any("of the namespace ingress_sbox, where published ports of services arrive, ends here" in one for one in said)


@pytest.mark.parametrize(
    ("flags", "words", "by_hand"),
    [
        (("self", "permanent"), "The daemon wrote this entry; it was not learned.", False),
        (("self",), "The tunnel learned it from a frame that came from there.", False),
        (("self", "static"), "Somebody wrote this entry; the daemon's are permanent.", True),
    ],
)
def test_an_entry_of_the_tunnel_was_written_by_the_daemon_only_if_it_is_permanent(flags, words, by_hand):
    stage = "overlay/4-where.json"
    place = namespace(stage, "h2", "ring (overlay)")
    of = known(stage, place)
    entry = next(
        one
        for one in seen(stage).places[place].views["fdb"].items
        if isinstance(one, FdbEntry) and one.destination and "web's" in inside.why(of, one).text
    )
    said = inside.why(of, entry.model_copy(update={"flags": flags}))
    assert said.text.endswith(words)
    assert (NOT_DOCKER in said.about) == by_hand


# --- rules ----------------------------------------------------------------------------------------------------------------


def test_a_rule_that_returns_sends_no_packet_back():
    step = Step(place="h1", packet=1, table="nat", chain="DOCKER", handle=3, verdict="return")
    said, _ = words_of_step(Scene({}, {}), "h1", step, {}, "")
    assert said == "h1: DOCKER (nat): leaves this chain without a verdict"
    assert BACK.text.endswith("the chain that called this one goes on with its next rule.")


def test_a_rule_of_ones_own_is_not_put_down_to_a_network():
    """The learner has typed the MASQUERADE that replaced this address."""
    of = known("third-party/3-not-done.json", "h1")
    found = [one for one in of.place.views["connections"].items if isinstance(one, Connection) and one.snat]
    assert found
    assert all("because network" not in tracked(of, one).text for one in found)


def test_what_a_port_is_called_without_a_name_for_its_namespace():
    port = veth("vethx", master="br0", peer_place="h1/ns-1", peer_name="eth0")
    assert replace(known("overlay/4-where.json", "h2").elsewhere, titles={}).far_end(port) == "ns-1's eth0"
