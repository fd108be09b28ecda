"""Every predicate, where it holds and where it does not."""

from __future__ import annotations

import pytest

from explorer.lessons.checks import COMBINATORS, PREDICATES
from explorer.lessons.predicates import witness
from explorer.network.model import Measured, ScriptResult, Snapshot
from explorer.network.world import World
from tests.lessons.worlds import LO, answered, capture, one_host, place, seen, true, two_roads, veth

HOLDS = [
    ({"container_running": {}}, {"container_running": {"name": "old"}}),
    (
        {"container_running": {"name": "web", "network": "bridge", "image": "box"}},
        {"container_running": {"network": "town", "name": "web"}},
    ),
    ({"container_running": {"count": 4}}, {"container_running": {"count": 5}}),
    ({"container_running": {"network": "host"}}, {"container_running": {"image": "other"}}),
    ({"container_stopped": {}}, {"container_stopped": {"name": "web"}}),
    (
        {"network_exists": {"user_defined": True, "driver": "bridge"}},
        {"network_exists": {"user_defined": True, "driver": "overlay"}},
    ),
    ({"network_exists": {"name": "none"}}, {"network_exists": {"name": "none", "user_defined": True}}),
    ({"attached": {"container": "second", "count": 2}}, {"attached": {"container": "web", "count": 2}}),
    ({"attached": {"user_defined": True}}, {"attached": {"user_defined": True, "container": "web"}}),
    ({"together": {"first": "web", "second": "second"}}, {"together": {"first": "web", "second": "quiet"}}),
    ({"together": {"first": "web", "second": "*"}}, {"together": {"first": "old", "second": "web"}}),
    ({"own_namespace": {"place": "h1/*"}}, {"own_namespace": {"place": "h1/twin"}}),
    ({"shares_namespace": {"place": "h1/*", "of": "h1"}}, {"shares_namespace": {"place": "h1/web", "of": "h1"}}),
    (
        {"interface": {"place": "h1", "kind": "veth", "master": "docker0", "peer": "h1/*"}},
        {"interface": {"place": "h1/web", "master": "docker0"}},
    ),
    (
        {"interface": {"place": "h1/*", "name": "lo", "only": True}},
        {"interface": {"place": "h1/web", "name": "lo", "only": True}},
    ),
    ({"interface": {"place": "h1/web", "address": "172.17.*"}}, {"interface": {"place": "h1/web", "address": "172.18.*"}}),
    ({"interface": {"place": "h1/twin", "name": "docker0"}}, {"interface": {"place": "h1", "kind": "veth", "count": 3}}),
    ({"interface": {"place": "h1", "state": "UP", "name": "eth0"}}, {"interface": {"place": "h1", "state": "DOWN"}}),
    ({"port_published": {"reach": "everyone"}}, {"port_published": {"reach": "loopback"}}),
    ({"port_published": {"host_port": 8080, "container_port": 80}}, {"port_published": {"host_port": 80}}),
    ({"port_published": {"container": "web"}}, {"port_published": {"container_port": 81}}),
    ({"rule": {"table": "nat", "target": "MASQUERADE", "counted": True}}, {"rule": {"target": "DROP", "counted": True}}),
    ({"rule": {"target": "DNAT", "to": "h1/web", "destination_port": 8080}}, {"rule": {"target": "DNAT", "to": "h1/second"}}),
    ({"rule": {"target": "DROP", "out_interface": "docker0"}}, {"rule": {"table": "nat", "target": "DROP"}}),
    ({"rule": {"chain": "POSTROUTING", "source": "172.17.*"}}, {"rule": {"protocol": "udp"}}),
    (
        {"connection": {"source": "h1/web", "destination": "outside", "snat": True, "answered_to": "h1"}},
        {"connection": {"source": "h1/second"}},
    ),
    (
        {"connection": {"source": "outside", "dnat": True, "answered_by": "h1/*"}},
        {"connection": {"source": "outside", "dnat": False}},
    ),
    ({"connection": {"protocol": "tcp", "destination_port": 8080}}, {"connection": {"destination": "172.17.0.9"}}),
    ({"neighbour": {"place": "h1", "of": "h1/web"}}, {"neighbour": {"place": "h1", "of": "h1/second"}}),
    (
        {"known_by_own_mac": {"place": "h1/web", "knower": "h1"}},
        {"known_by_own_mac": {"place": "h1/web", "knower": "outside"}},
    ),
    ({"unanswered": {"place": "h1", "of": "h1/second"}}, {"unanswered": {"place": "h1", "of": "h1/web"}}),
    ({"same_address": {"first": "h1/double", "second": "h1"}}, {"same_address": {"first": "h1/*", "second": "outside"}}),
    ({"request_seen": {"source": "h1", "protocol": "http", "what": "GET*"}}, {"request_seen": {"source": "h1/web"}}),
    ({"request_seen": {"from_port": 4711}}, {"request_seen": {"protocol": "dns"}}),
    ({"route": {"place": "h1/web", "destination": "default", "via": "h1"}}, {"route": {"place": "h1/web", "dev": "eth1"}}),
    (
        {"route": {"place": "h1/web", "destination": "default", "only": True}},
        {"route": {"place": "h1", "destination": "default", "only": True}},
    ),
    ({"gateway": {"place": "h1/web", "bridge": "docker0"}}, {"gateway": {"place": "h1/second", "bridge": "docker0"}}),
    (
        {"probe": {"source": "h1/web", "target": "second", "ok": True}},
        {"probe": {"source": "h1/web", "target": "second", "ok": False}},
    ),
    (
        {"probe": {"source": "h1/web", "target": "second", "ok": True, "seen": "h1/web"}},
        {"probe": {"source": "h1", "target": "second", "ok": False}},
    ),
    ({"measured": {"measure": "roads"}}, {"measured": {"measure": "in-vain"}}),
    (
        {"ahead": {"measure": "roads", "what": "trips", "road": "short"}},
        {"ahead": {"measure": "roads", "what": "trips", "road": "long"}},
    ),
    ({"ahead": {"measure": "roads", "what": "rates"}}, {"ahead": {"measure": "in-vain", "what": "rates"}}),
    (
        {"all": [{"network_exists": {}}, {"attached": {}}]},
        {"all": [{"network_exists": {}}, {"container_running": {"name": "no"}}]},
    ),
    ({"any": [{"network_exists": {"name": "no"}}, {"attached": {}}]}, {"any": [{"network_exists": {"name": "no"}}]}),
    ({"not": {"container_running": {"name": "no"}}}, {"not": {"container_running": {}}}),
    (
        [{"attached": {}}, {"not": [{"network_exists": {"name": "no"}}]}],
        [{"not": [{"network_exists": {"name": "no"}}, {"attached": {}}]}],
    ),
]
MEASURED = {"roads": two_roads(), "in-vain": Measured(error="Nobody answered.")}
WORLD = one_host(probes=answered("h1/web", "second", True, source_seen="172.17.0.2"), measured=MEASURED)
WORLD.places["h1/double"] = place("h1/double", 5, {"interfaces": [LO, veth("eth0", "10.77.3.11/24")]})


# On two hosts, as they were seen when the lesson was played.
ACROSS = [
    (
        {"network_spans": {"first": "h1", "second": "h2", "name": "ring"}},
        {"network_spans": {"first": "h1", "second": "h2", "name": "x"}},
    ),
    (
        {"network_spans": {"first": "h1", "second": "h2"}},
        {"network_spans": {"first": "h1", "second": "h2", "driver": "bridge"}},
    ),
    ({"attachable": {"host": "h2", "name": "ring"}}, {"attachable": {"host": "h2", "name": "ingress"}}),
    (
        {
            "frame": {
                "place": "h2",
                "outer_source": "h2",
                "outer_destination": "h1",
                "inner_source": "h2/client",
                "about": "*ping*",
            }
        },
        {"frame": {"place": "h2", "outer_source": "h1", "inner_source": "h2/client"}},
    ),
    ({"frame": {"place": "h1", "inner_destination": "h1/web"}}, {"frame": {"place": "h1", "about": "*TCP*"}}),
    (
        {"lives_at": {"place": "h2/*", "of": "h1/web", "at": "h1", "written": True}},
        {"lives_at": {"place": "h2/*", "of": "h1/web", "at": "h1", "written": False}},
    ),
    (
        {"lives_at": {"place": "h1/*", "of": "h2/client", "at": "h2"}},
        {"lives_at": {"place": "h1/*", "of": "h1/web", "at": "h2"}},
    ),
    (
        {"mtu": {"place": "h2/client", "size": 1450, "name": "eth0"}},
        {"mtu": {"place": "h2/client", "size": 1450, "name": "eth1"}},
    ),
]


@pytest.mark.parametrize(("yes", "no"), ACROSS)
def test_holds_and_does_not_across_hosts(yes, no):
    world = seen("overlay/3-inside.json")
    assert true(yes, world, "two-hosts")
    assert not true(no, world, "two-hosts")


PLUGIN = [
    ({"call": {"driver": "lab", "method": "Join", "count": 3}}, {"call": {"driver": "other"}}),
    ({"call": {"method": "Activate", "first": True}}, {"call": {"method": "CreateNetwork", "first": True}}),
    ({"call": {"asked": '*"HostPort": 8080*'}}, {"call": {"answer": '*"HostPort": 8080*'}}),
    ({"call": {"method": "Join", "answered": True, "refused": False}}, {"call": {"method": "Join", "refused": True}}),
    ({"driver_came_back": {"driver": "lab"}}, {"driver_came_back": {"driver": "half"}}),
]


@pytest.mark.parametrize(("yes", "no"), PLUGIN)
def test_holds_and_does_not_of_a_driver(yes, no):
    world = seen("third-party/4-dying.json")
    assert true(yes, world)
    assert not true(no, world)


def test_a_driver_that_never_ended_has_not_come_back():
    assert not true({"driver_came_back": {"driver": "lab"}}, seen("third-party/3-not-done.json"))


@pytest.mark.parametrize(("yes", "no"), HOLDS)
def test_holds_and_does_not(yes, no):
    assert true(yes, WORLD)
    assert not true(no, WORLD)


def test_a_mac_that_the_host_has_too_is_not_a_containers_own():
    host = WORLD.places["h1"]
    own = host.views["interfaces"].model_copy(update={"items": (LO, veth("eth0", mac="02:42:ac:11:00:02"))})
    shared = host.model_copy(update={"views": {**host.views, "interfaces": own}})
    world = WORLD.model_copy(update={"places": {**WORLD.places, "h1": shared}})
    assert not true({"known_by_own_mac": {"place": "h1/web", "knower": "h1"}}, world)


def test_two_names_of_one_namespace_are_not_two_with_one_address():
    assert not true({"same_address": {"first": "h1/twin", "second": "h1"}}, WORLD)


SHARED = [
    ({"ipvlan": {"place": "h1/web", "mode": "l2"}}, {"ipvlan": {"place": "h1/web", "mode": "l3*"}}),
    ({"ipvlan": {"place": "h1/*", "name": "eth0"}}, {"ipvlan": {"place": "h1"}}),
    (
        {"one_mac": {"knower": "outside", "first": "h1", "second": "h1/web"}},
        {"one_mac": {"knower": "outside", "first": "h1", "second": "outside"}},
    ),
    ({"same_card": {"first": "h1", "second": "h1/web"}}, {"same_card": {"first": "h1", "second": "outside"}}),
]


@pytest.mark.parametrize(("yes", "no"), SHARED)
def test_holds_and_does_not_of_a_shared_card(yes, no):
    world = seen("ipvlan/1-shared.json")
    assert true(yes, world)
    assert not true(no, world)


def test_a_rule_against_foreign_macs():
    assert true({"mac_rule": {"place": "outside"}}, seen("ipvlan/6-challenge.json"))
    assert not true({"mac_rule": {"place": "h1"}}, seen("ipvlan/6-challenge.json"))
    assert not true({"mac_rule": {"place": "outside"}}, seen("ipvlan/5-way-back.json"))


def test_every_predicate_is_tested():
    asked = {next(iter(one)) for pair in (*HOLDS, *ACROSS, *PLUGIN, *SHARED) for one in pair if isinstance(one, dict)}
    assert asked == {*PREDICATES, *COMBINATORS} - {"mac_rule", "script"}


def test_every_predicate_says_what_it_asks():
    assert [name for name, predicate in PREDICATES.items() if not predicate.about] == []


def test_a_probe_without_an_answer_is_neither_true_nor_false():
    assert not true({"probe": {"source": "h1", "target": "h1/web", "ok": True}}, WORLD)
    assert not true({"probe": {"source": "h1", "target": "h1/web", "ok": False}}, WORLD)


@pytest.mark.parametrize("engine", ["bridge", "bridge-28"])
def test_evidence_on_two_engines(engine):
    quiet, busy = capture("1-engine", engine), capture("5-traffic", engine)
    evidence = [
        {"container_running": {"network": "bridge"}},
        {"interface": {"place": "h1", "kind": "veth", "master": "docker0", "peer": "h1/*"}},
        {"network_exists": {"driver": "bridge", "user_defined": True}},
        {"rule": {"table": "nat", "target": "MASQUERADE", "counted": True}},
        {"rule": {"table": "nat", "target": "DNAT", "to": "h1/*", "counted": True}},
        {"connection": {"source": "h1/*", "destination": "outside", "snat": True}},
        {"connection": {"source": "outside", "destination": "h1", "dnat": True, "answered_by": "h1/*"}},
        {"connection": {"place": "h1/*", "destination": "127.0.0.11", "destination_port": 53}},
        {"port_published": {"reach": "everyone"}},
        {"port_published": {"reach": "loopback"}},
        {"gateway": {"place": "h1/c1", "bridge": "docker0"}},
    ]
    assert [one for one in evidence if true(one, quiet)] == []
    assert [one for one in evidence if not true(one, busy)] == []


def test_a_script_that_did_not_end_by_itself_is_neither_true_nor_false():
    for result, yes, no in (
        (ScriptResult(status=0), True, False),
        (ScriptResult(status=3), False, True),
        (ScriptResult(), False, False),
    ):
        world = World(Snapshot(sandbox="s", scripts={"h1 look.sh": result}))
        assert witness.script(world, file="look.sh") is yes
        assert witness.script(world, file="look.sh", ok=False) is no
    assert not witness.script(World(Snapshot(sandbox="s")), file="look.sh", ok=False)
