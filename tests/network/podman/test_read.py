"""The JSON of Podman's API becomes names; junk becomes nothing."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from explorer.lab.watch.happenings import describe
from explorer.network.model import PublishedPort
from explorer.network.read import read_podman
from explorer.network.read.docker import MEMBERS, TEXT
from explorer.network.read.podman import as_dockers
from tests.network.podman.captured import state, text

EVERY = "0.0.0.0"  # noqa: S104 - what Podman means by no address
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8) | st.sampled_from(
        ["Id", "id", "name", "Names", "Ports", "Networks", "subnets", "subnet", "options", "NetworkSettings", "range", "Actor"]
    ), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


def container(name):
    return next(one for one in state().containers if one.name == name)


def network(name):
    return next(one for one in state().networks if one.name == name)


def test_the_engine_says_what_it_is():
    assert (state().engine, state().version, state().error) == ("podman", "5.8.6", "")


def test_a_network_has_its_bridge_its_subnets_and_its_options():
    town, strict = network("town"), network("strict6")
    assert (town.driver, town.bridge, town.subnets, town.gateways) == ("bridge", "podman1", ("10.89.0.0/24",), ("10.89.0.1",))
    assert (town.ipv4, town.ipv6, town.internal, network("cellar").internal) == (True, False, False, True)
    assert strict.ipv6
    assert strict.options == {"isolate": "strict", "dns_enabled": "true"}


def test_the_default_network_has_one_name_in_both_lists():
    assert network("podman").bridge == "podman0"
    assert [end.network for end in container("web").endpoints] == ["podman"]


def test_a_macvlan_network_has_a_parent_and_no_bridge():
    assert (network("mac").bridge, network("mac").options["parent"]) == ("", "eth0")


def test_a_container_on_two_networks():
    b = container("b")
    assert {(end.network, end.address) for end in b.endpoints} == {("isle", "10.89.2.3"), ("town", "10.89.0.3")}
    assert "bee" in next(end for end in b.endpoints if end.network == "town").aliases


def test_published_ports_one_by_one():
    assert container("a").ports == (
        PublishedPort(host_address=EVERY, host_port=5300, container_port=53, protocol="udp"),
        PublishedPort(host_address=EVERY, host_port=8081, container_port=80),
        PublishedPort(host_address="127.0.0.1", host_port=8082, container_port=80),
    )
    assert [(port.host_port, port.container_port) for port in container("d").ports] == [(8090, 80), (8091, 81), (8092, 82)]
    assert [port.host_address for port in container("e").ports] == ["::"]


def test_a_port_at_no_address_is_open_in_both_families_where_the_container_has_both():
    listed = [
        {
            "Id": "e",
            "Names": ["/e"],
            "State": "running",
            "NetworkSettings": {"Networks": {"n": {"GlobalIPv6Address": "fd00::2"}}},
        }
    ]
    own = [{"Id": "e", "Networks": ["n"], "Ports": [{"host_ip": "", "host_port": 80, "container_port": 80, "range": 1}]}]
    (found,) = read_podman("h1", None, None, listed, own).containers
    assert [port.host_address for port in found.ports] == [EVERY, "::"]


def test_a_container_in_anothers_namespace_has_no_network_and_no_port_of_its_own():
    for name, other in (("sh", "a"), ("inpod", "eb62f098c16e-infra")):
        shared = container(name)
        assert (shared.endpoints, shared.ports, shared.network_mode) == ((), (), f"container:{container(other).id}")


def test_the_hosts_namespace_and_none_at_all():
    assert (container("ho").network_mode, container("ho").endpoints) == ("host", ())
    assert (container("no").network_mode, container("no").endpoints) == ("none", ())


def test_a_stopped_container_keeps_its_network():
    assert (container("ex").state, container("ex").network_mode) == ("exited", "podman")


def test_events_are_told_in_the_words_of_dockers():
    told = [describe(as_dockers(json.loads(line)), {container("b").id: "b"})[0] for line in text("events.jsonl").splitlines()]
    assert "container web created" in told
    assert "container web started" in told
    assert "network town created" in told
    assert "b connected to isle" in told
    assert "container ex stopped" in told


def test_a_removal_is_told():
    event = {"Type": "network", "Action": "remove", "Actor": {"ID": "n", "Attributes": {"network": "town"}}}
    assert describe(as_dockers(event), {})[0] == "network town removed"
    gone = {"Type": "container", "Action": "remove", "Actor": {"ID": "c", "Attributes": {"name": "web"}}}
    assert describe(as_dockers(gone), {})[0] == "container web removed"


@given(JSON, JSON, JSON, JSON)
def test_junk_becomes_nothing(version, networks, containers, own):
    read_podman("h1", version, networks, containers, own)
    as_dockers(networks)


@given(st.binary(max_size=200))
def test_no_json_becomes_nothing(data):
    assert read_podman("h1", data, data, data, data).host == "h1"


def test_a_podman_that_says_too_much_is_cut():
    many = [
        {"id": f"{n:064}", "name": f"n{n}", "driver": "bridge", "subnets": [{"subnet": "10.0.0.0/24"}] * 1000}
        for n in range(9000)
    ]
    told = read_podman("h1", None, many, None, None)
    assert told.cut
    assert len(told.model_dump_json()) < 2 * TEXT
    ports = [{"host_port": 1, "container_port": 1, "range": 65535}] * 1000
    listed = [{"Id": "c", "Names": ["/c"], "State": "running", "NetworkSettings": {"Networks": {"n": {}}}}]
    (found,) = read_podman("h1", None, None, listed, [{"Id": "c", "Networks": ["n"], "Ports": ports}]).containers
    assert len(found.ports) == MEMBERS
