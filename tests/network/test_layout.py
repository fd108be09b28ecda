"""A layout in a link: what goes in comes out, and what is not one of ours is refused whole."""

from __future__ import annotations

import json
from contextlib import suppress
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from explorer.network.layout import FREE, BadLayout, Layout, Net, Run, from_query, from_snapshot, scenario_of, to_query
from explorer.network.model import DockerContainer, DockerNetwork, DockerState, Endpoint, PublishedPort, Snapshot
from explorer.network.scenario import SCENARIOS

NAMES = st.from_regex(r"\A[a-z][a-z0-9_.-]{1,12}\Z").filter(lambda name: name not in ("none", "host", "bridge", "ingress"))


@st.composite
def layouts(draw):
    hosts = draw(st.integers(1, 3))
    host = st.sampled_from(["h1", "h2", "h3"][:hosts])
    subnets = st.sampled_from(["", "lan", "172.30.0.0/24", "192.168.7.0/28"])
    nets = draw(
        st.lists(
            st.builds(
                Net, host=host, name=NAMES, subnet=subnets, internal=st.booleans(),
                driver=st.sampled_from(["bridge", "macvlan"]),
                gateway=st.sampled_from(["", "lan.1", "172.30.0.1"]), parent=st.sampled_from(["", "eth0"]),
            ),
            max_size=5,
        )
    )  # fmt: skip
    runs = []
    for _ in range(draw(st.integers(0, 5))):
        where = draw(host)
        there = ["bridge", "none", "host", *(net.name for net in nets if net.host == where)]
        publish = tuple(draw(st.lists(st.sampled_from(["8080:80", "127.0.0.1:81:80", "53:53/udp"]), max_size=3)))
        runs.append(Run(host=where, name=draw(NAMES), network=draw(st.sampled_from(there)), publish=publish))
    flags = {name: draw(st.booleans()) for name in ("outside", "router", "swarm")}
    return Layout(hosts=hosts, networks=tuple(nets), containers=tuple(runs), **flags)


@given(layouts())
def test_a_layout_survives_being_a_link(layout):
    assert from_query(to_query(layout)) == layout
    assert scenario_of(FREE, json.loads(json.dumps(layout.model_dump(mode="json")))) == layout.scenario()


@given(st.text(max_size=300) | layouts().map(lambda layout: to_query(layout)[:-2] + "%00,"))
def test_any_text_is_a_layout_or_refused(text):
    with suppress(BadLayout):
        assert isinstance(from_query(text), Layout)


@pytest.mark.parametrize(
    "query",
    [
        "hosts=4",
        "hosts=1&machines=victim",
        "hosts=1&image=evil",
        "hosts=1&run=h1,web,bridge,cmd=sh",
        "hosts=1&run=h1,--privileged,bridge",
        "hosts=1&run=h1,-v,bridge",
        "hosts=1&run=h1,web,container:x",
        "hosts=1&run=h1,web,bridge,p=8080:80;reboot",
        "hosts=1&run=h1,web,bridge,p=0:80",
        "hosts=1&run=h2,web,bridge",
        "hosts=1&run=h1,web,nowhere",
        "hosts=1&net=h1,front,bridge,subnet=10.77.0.0/24",
        "hosts=1&net=h1,front,bridge,subnet=8.8.8.0/24",
        "hosts=1&net=h1,front,bridge,subnet=0.0.0.0/0",
        "hosts=1&net=h1,front,bridge,gateway=$(id)",
        "hosts=1&net=h1,front,evil",
        "hosts=1&net=h1,front,macvlan,parent=eth0 --opt x",
        "hosts=1&net=h1,bridge,bridge",
        "hosts=1&net=h1,town,overlay",
        "hosts=1&net=h1,front,bridge,options=x",
        "hosts=1&" + "&".join(f"net=h1,n{at},bridge" for at in range(20)),
        "hosts=1&run=" + "x" * 5000,
    ],
)  # fmt: skip
def test_what_is_not_ours_is_refused(query):
    with pytest.raises(BadLayout):
        from_query(query)


def test_a_row_is_checked_again_where_it_is_built():
    with pytest.raises(ValidationError):
        scenario_of(FREE, {"hosts": 1, "containers": [{"host": "h1", "name": "-v", "network": "bridge"}]})


@pytest.mark.parametrize("name", ["one-host", "two-hosts", "three-hosts", "routed", "swarm"])
def test_plain_layouts_are_the_scenarios_with_a_name(name):
    scenario = SCENARIOS[name]
    router, swarm = "router" in scenario.machines, bool(scenario.swarm)
    assert Layout(hosts=len(scenario.hosts), router=router, swarm=swarm).name() == name


def test_a_running_sandbox_becomes_a_link_and_says_what_it_loses():
    networks = (
        DockerNetwork(id="1", name="bridge", driver="bridge"),
        DockerNetwork(id="2", name="front", driver="bridge", subnets=("172.18.0.0/16",), gateways=("172.18.0.1",)),
        DockerNetwork(
            id="3",
            name="street",
            driver="macvlan",
            subnets=("10.77.5.0/24",),
            gateways=("10.77.5.1",),
            options={"parent": "eth0"},
        ),
        DockerNetwork(id="4", name="odd", driver="weave"),
    )
    port = PublishedPort(host_address="0.0.0.0", host_port=8080, container_port=80)  # noqa: S104
    on = (Endpoint(network="front"), Endpoint(network="street"))
    containers = (
        DockerContainer(id="1", name="web", image="box", state="running", endpoints=on, ports=(port,)),
        DockerContainer(id="2", name="old", image="box", state="exited"),
        DockerContainer(id="3", name="own", image="mine", state="running"),
    )
    snapshot = Snapshot(sandbox="s", docker={"h1": DockerState(host="h1", networks=networks, containers=containers)})
    layout, lost = from_snapshot(Layout(), snapshot, "10.77.5.0/24")
    assert unquote(to_query(layout)).split("&") == [
        "hosts=1",
        "machines=outside",
        "net=h1,front,bridge,subnet=172.18.0.0/16,gateway=172.18.0.1",
        "net=h1,street,macvlan,subnet=lan,gateway=lan.1,parent=eth0",
        "run=h1,web,front,also=street,p=8080:80",
    ]
    assert [sentence.split()[1].rstrip(",:") for sentence in lost] == ["odd", "old", "own"]


@pytest.mark.parametrize(
    "query",
    [
        "net=h1,-v,bridge", "net=h1,--privileged,bridge", "net=h1,a/../b,bridge", "net=h1,ab\n,bridge",
        "net=h1,ab,bridge,subnet=--internal",
        "net=h1,ab,macvlan,parent=eth0:1", "net=h1,ab,bridge,mode=x", "net=h1,ab,host", "net=h1,ab,bridge,gateway=lan.\u0661",
        "run=h1,-v,bridge", "run=h1,ab,container:x", "run=h1,ab,bridge,p=-v", "run=h1,ab,bridge,p=/:/x",
        "run=h1,ab,bridge,p=\uff18\uff10:80",
        "run=h1,ab,bridge,image=x", "run=h1,ab,bridge,also=--ip", "net=h1,ab,bridge,words=--opt",
        "net=h1,ab,bridge,__class__=x",
    ],
)  # fmt: skip
def test_nothing_in_a_link_becomes_an_option(query):
    with pytest.raises(BadLayout):
        from_query(query)


def test_an_option_of_a_link_does_not_say_again_what_stands_before_it():
    (net,) = from_query("net=h1,ab,bridge,name=other").networks
    assert net.name == "ab"
