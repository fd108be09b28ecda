"""Commands made again from what a daemon said: the right ones, nothing hostile in them, and what was left out is said."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.network.model import (
    DockerContainer,
    DockerNetwork,
    DockerState,
    Endpoint,
    Line,
    Observation,
    Place,
    PublishedPort,
    Snapshot,
)
from explorer.network.recreate import MOST_COMMANDS, MOST_SENTENCES, recreate, with_addresses

LAN = "10.77.3.0/24"
BRIDGE = DockerNetwork(id="b" * 64, name="bridge", driver="bridge", subnets=("172.17.0.0/16",))
OWN = (BRIDGE, *(DockerNetwork(id=name, name=name, driver=name) for name in ("host", "none")))


def seen(*containers, networks=(), host="h1", more=None):
    state = DockerState(host=host, networks=(*OWN, *networks), containers=containers)
    return Snapshot(sandbox="s", docker={host: state, **(more or {})})


def run(name="web", image="box", state="running", **fields):
    return DockerContainer(id=f"id-{name}".ljust(64, "0"), name=name, image=image, state=state, **fields)


def typed(snapshot, **given):
    return [one.command for one in recreate(snapshot, LAN, **given).commands]


def test_a_network_with_all_it_was_given():
    network = DockerNetwork(
        id="n",
        name="app",
        driver="bridge",
        internal=True,
        subnets=("172.30.0.0/16", "fd00::/64"),
        gateways=("172.30.0.1",),
        ranges=("172.30.4.0/24",),
        options={"com.docker.network.bridge.enable_icc": "false", "com.docker.network.bridge.name": "br-abcdef"},
    )
    assert typed(seen(networks=[network])) == [
        "docker network create --driver bridge --subnet 172.30.0.0/16 --subnet fd00::/64 --ip-range 172.30.4.0/24 "
        "--gateway 172.30.0.1 --ipv6 --internal --opt com.docker.network.bridge.enable_icc=false app"
    ]


def test_addresses_of_the_lan_are_those_of_the_copys_lan():
    network = DockerNetwork(
        id="n",
        name="mac",
        driver="macvlan",
        subnets=(LAN,),
        gateways=("10.77.3.1",),
        ranges=("10.77.3.64/27",),
        options={"parent": "eth0"},
    )
    at = Endpoint(network="mac", address="10.77.3.65")
    create, start = typed(seen(run(network_mode="mac", endpoints=(at,)), networks=[network]))
    assert "--subnet '{lan}' --ip-range '{lan.64}/27' --gateway '{lan.1}' --opt parent=eth0 mac" in create
    assert [with_addresses(word, "10.77.9.0/24") for word in shlex.split(start)][-3:] == ["--ip", "10.77.9.65", "box"]


def test_a_container_on_two_networks_with_address_alias_and_port():
    nets = [DockerNetwork(id=name, name=name, driver="bridge", subnets=(f"172.3{at}.0.0/16",)) for at, name in enumerate("ab")]
    ends = (
        Endpoint(network="a", address="172.30.0.9", aliases=("db", "web")),
        Endpoint(network="b", address="172.31.0.7", aliases=("db2",)),
    )
    ports = (
        PublishedPort(host_address="0.0.0.0", host_port=8080, container_port=80),  # noqa: S104
        PublishedPort(host_address="::", host_port=8080, container_port=80),
        PublishedPort(host_address="127.0.0.1", host_port=53, container_port=53, protocol="udp"),
    )
    made = typed(seen(run(network_mode="a", endpoints=ends, ports=ports, command="web --quiet 'two words'"), networks=nets))
    assert made[2:] == [
        "docker run -d --name web --network a --ip 172.30.0.9 --network-alias db -p 8080:80/tcp -p 127.0.0.1:53:53/udp box "
        "web --quiet 'two words'",
        "docker network connect --ip 172.31.0.7 --alias db2 b web",
    ]


@pytest.mark.parametrize("mode", ["host", "none"])
def test_a_container_without_a_network_of_dockers(mode):
    assert typed(seen(run(network_mode=mode))) == [f"docker run -d --name web --network {mode} box"]


def test_who_lives_in_anothers_namespace_comes_after_it():
    web, guest = (
        run("web", created=9, network_mode="bridge"),
        run("guest", created=1, network_mode=f"container:{run('web').id}"),
    )
    made = typed(seen(guest, web))
    assert made[-1] == "docker run -d --name guest --network container:web box"


def test_who_lived_in_a_namespace_that_is_not_in_the_copy_is_left_out():
    made = recreate(seen(run("guest", network_mode="container:gone")), LAN)
    assert not made.commands
    assert "namespace of a container that is not in the copy" in made.left_out[0]


def test_containers_stand_in_the_order_in_which_they_were_made():
    first = run("z", created=5, endpoints=(Endpoint(network="bridge", address="172.17.0.2"),))
    second = run("a", created=5, endpoints=(Endpoint(network="bridge", address="172.17.0.3"),))
    assert [shlex.split(one)[4] for one in typed(seen(second, first))] == ["z", "a"]


def test_an_address_that_the_default_network_will_not_give_again_is_told():
    late = run(endpoints=(Endpoint(network="bridge", address="172.17.0.5"),))
    assert "had 172.17.0.5" in recreate(seen(late), LAN).left_out[0]


@pytest.mark.parametrize(
    ("state", "last"),
    [
        ("exited", "docker stop -t 1 web"),
        ("paused", "docker pause web"),
        ("created", "docker create --name web --network bridge box"),
    ],
)
def test_what_does_not_run_does_not_run_in_the_copy(state, last):
    at = Endpoint(network="bridge")
    assert typed(seen(run(state=state, network_mode="bridge", endpoints=(at,))))[-1] == last


def test_one_taken_off_its_only_network_is_taken_off_again():
    assert typed(seen(run(network_mode="bridge")))[-1] == "docker network disconnect bridge web"


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        (seen(run(image="mine:1")), "its image 'mine:1' is not one that every host has"),
        (seen(run("no good; rm")), "its name is not one that Docker allows"),
        (seen(run(state="dead")), "it is 'dead'"),
        (seen(networks=[DockerNetwork(id="n", name="p", driver="plug/in:1")]), "'plug/in:1' is a plug-in"),
        (seen(networks=[DockerNetwork(id="n", name="o", driver="overlay")]), "an overlay needs the swarm"),
        (seen(networks=[DockerNetwork(id="n", name="n", driver="bridge", subnets=("x",))]), "addresses are not to be read"),
        (
            seen(networks=[DockerNetwork(id="n", name="ingress", driver="overlay")]),
            "h1 is in a swarm; in the copy it is in none",
        ),
        (Snapshot(sandbox="s", docker={"h1": DockerState(host="h1", error="dead")}), "its daemon did not answer"),
    ],
)
def test_what_cannot_be_made_again_is_said(what, sentence):
    made = recreate(what, LAN)
    assert not made.commands
    assert any(sentence in told for told in made.left_out)


def test_an_overlay_is_made_once_on_the_swarms_manager():
    net = DockerNetwork(id="n", name="ov", driver="overlay", attachable=True, subnets=("10.0.9.0/24",))
    at = Endpoint(network="ov", address="10.0.9.4")
    second = DockerState(host="h2", networks=(*OWN, net), containers=(run("far", network_mode="ov", endpoints=(at,)),))
    made = recreate(seen(networks=[net], more={"h2": second}), LAN, swarm=("h1", "h2"))
    assert [(one.place, one.command) for one in made.commands] == [
        ("h1", "docker network create --driver overlay --subnet 10.0.9.0/24 --attachable ov"),
        ("h2", "docker run -d --name far --network ov --ip 10.0.9.4 box"),
    ]


def test_what_was_made_by_hand_is_named_from_the_kernels_lines():
    lines = (Line(text="-A FORWARD -j DROP", about=("not-docker",)), Line(text="-A DOCKER -j RETURN", about=("daemon",)))
    place = Place(id="h1", kind="host", name="h1", views={"filter": Observation(command="iptables-save", lines=lines)})
    told = recreate(Snapshot(sandbox="s", places={"h1": place}), LAN).left_out
    assert told == ["Not Docker's, in h1: -A FORWARD -j DROP"]


def test_many_things_are_bounded_and_the_rest_is_counted():
    many = [run(f"c{at}", network_mode="none") for at in range(MOST_COMMANDS + 40)]
    lost = [run(f"x{at}", image="no") for at in range(MOST_SENTENCES + 40)]
    made = recreate(seen(*many, *lost), LAN)
    assert len(made.commands) == MOST_COMMANDS
    assert len(made.left_out) <= MOST_SENTENCES + 1
    assert "40 commands" in made.left_out[0]


WORD = st.text(max_size=40) | st.sampled_from(
    ["$(reboot)", "a; b", "`x`", "--privileged", "{lan}", "-v/:/x", "a\nb", "'", "web"]
)
ADDRESS = WORD | st.sampled_from(["172.30.0.4", "10.77.3.9", "fd00::4"])
NETWORK = st.builds(
    DockerNetwork,
    id=WORD,
    name=WORD,
    driver=st.sampled_from(["bridge", "macvlan", "overlay"]) | WORD,
    subnets=st.tuples(st.sampled_from(["172.30.0.0/16", LAN]) | WORD),
    gateways=st.tuples(ADDRESS),
    ranges=st.tuples(ADDRESS),
    options=st.dictionaries(WORD, WORD, max_size=3),
)
END = st.builds(Endpoint, network=WORD | st.just("bridge"), address=ADDRESS, aliases=st.tuples(WORD))
PORT = st.builds(
    PublishedPort, host_address=ADDRESS, host_port=st.integers(1, 65535), container_port=st.integers(1, 65535), protocol=WORD
)
CONTAINER = st.builds(
    DockerContainer,
    id=WORD,
    name=WORD,
    image=st.just("box") | WORD,
    state=st.sampled_from(["running", "exited", "created", "paused"]) | WORD,
    network_mode=st.sampled_from(["bridge", "default", "host", "container:web"]) | WORD,
    endpoints=st.lists(END, max_size=2).map(tuple),
    ports=st.lists(PORT, max_size=2).map(tuple),
    command=WORD,
)
VERBS = {("network", "create"), ("network", "connect"), ("network", "disconnect"), ("run",), ("create",), ("stop",), ("pause",)}
FLAGS = {
    *("-d", "-p", "-t", "--driver", "--subnet", "--ip-range", "--gateway", "--ipv6", "--internal", "--attachable"),
    *("--opt", "--name", "--network", "--network-alias", "--alias", "--ip"),
}


@given(st.lists(NETWORK, max_size=3), st.lists(CONTAINER, max_size=3))
def test_nothing_hostile_is_ever_more_than_one_quoted_word(networks, containers):
    made = recreate(seen(*containers, networks=networks), LAN)
    for one in made.commands:
        words = shlex.split(one.command)
        assert shlex.join(words) == one.command
        assert words[0] == "docker"
        assert tuple(words[1:3]) in VERBS or tuple(words[1:2]) in VERBS
        ours = words[: words.index("box")] if "box" in words and words[1] in ("run", "create") else words
        values = {at + 1 for at, word in enumerate(ours) if word == "--opt"}
        assert {word for at, word in enumerate(ours) if word.startswith("-") and at not in values} <= FLAGS
        assert all(word.isprintable() for word in ours)


@given(WORD, WORD)
def test_filling_in_addresses_never_fails(word, lan):
    with_addresses(word, lan)
