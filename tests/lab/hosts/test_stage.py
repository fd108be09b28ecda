"""A scenario on hosts that run: what is typed on which host, in which order, and what a refusal sounds like."""

from __future__ import annotations

import pytest

from explorer.lab.errors import HostError, HostTimeout
from explorer.lab.hosts import stage
from explorer.network.scenario import Scenario, StartContainer, StartNetwork

TOKEN = "SWMTKN-1-secret"
CONTAINERS = {"h1": "c1", "h2": "c2", "h3": "c3"}
ADDRESSES = {"h1": "10.77.0.11", "h2": "10.77.0.12", "h3": "10.77.0.13"}
SUBNETS = {"lan": "10.77.0.0/24", "far": "10.77.9.0/24"}


@pytest.fixture
def answers():
    """Words of a command line → (status, output, error) it answers with, instead of nothing at all."""
    return {}


@pytest.fixture
def typed(config, monkeypatch, answers):
    """What was typed, as (host, words), in order."""
    seen = []

    def execute(config, container, argv, write, seconds):
        host = next(name for name, one in CONTAINERS.items() if one == container)
        seen.append((host, argv))
        for sign, (status, out, err) in answers.items():
            if sign in " ".join(argv):
                write("out", out)
                write("err", err)
                return status
        return 0

    monkeypatch.setattr(stage, "execute", execute)
    return seen


def build(config, **parts):
    stage.build(config, CONTAINERS, ADDRESSES, SUBNETS, Scenario(name="x", summary="", **parts))


def test_a_podman_host_is_told_in_its_own_words(config, typed):
    web = StartContainer(host="h1", name="web")
    stage.build(config, CONTAINERS, ADDRESSES, SUBNETS, Scenario(name="x", summary="", containers=(web,)), "podman")
    assert [words[:2] for _, words in typed] == [["podman", "run"]]


def lines(typed):
    return [f"{host}$ {' '.join(words)}" for host, words in typed]


def test_an_empty_scenario_types_nothing(config, typed):
    build(config)
    assert typed == []


def test_networks_and_containers_with_their_words(config, typed):
    build(
        config,
        networks=(
            StartNetwork(host="h1", name="app", driver="macvlan", options=("--subnet", "lan", "--ip-range", "lan.64/28")),
        ),
        containers=(
            StartContainer(
                host="h1",
                name="web",
                network="app",
                also=("bridge",),
                publish=("8080:80",),
                options=("--ip", "lan.20"),
                command=("sleep", "60"),
            ),
        ),
    )
    assert lines(typed) == [
        "h1$ docker network create -d macvlan --subnet 10.77.0.0/24 --ip-range 10.77.0.64/28 app",
        "h1$ docker run -d --name web --network app -p 8080:80 --ip 10.77.0.20 box sleep 60",
        "h1$ docker network connect bridge web",
    ]


def test_every_network_stands_before_any_container(config, typed):
    build(
        config,
        hosts=("h1", "h2"),
        networks=tuple(StartNetwork(host=host, name="app") for host in ("h1", "h2")),
        containers=tuple(StartContainer(host=host, name="web", network="app") for host in ("h1", "h2")),
    )
    kinds = [words[1] for _, words in typed]
    assert kinds == ["network", "network", "run", "run"]
    assert {host for host, _ in typed[:2]} == {host for host, _ in typed[2:]} == {"h1", "h2"}


def test_a_swarm_comes_first_and_its_others_join_the_manager(config, typed, answers):
    answers["join-token"] = (0, f"{TOKEN}\n".encode(), b"")
    build(
        config,
        hosts=("h1", "h2", "h3"),
        swarm=("h2", "h1", "h3"),
        networks=(StartNetwork(host="h2", name="over", driver="overlay"),),
    )
    told = lines(typed)
    assert told[0] == "h2$ docker swarm init --advertise-addr 10.77.0.12"
    assert sorted(told[2:4]) == [
        f"h1$ docker swarm join --advertise-addr 10.77.0.11 --token {TOKEN} 10.77.0.12:2377",
        f"h3$ docker swarm join --advertise-addr 10.77.0.13 --token {TOKEN} 10.77.0.12:2377",
    ]
    assert told[4].startswith("h2$ docker network create -d overlay")


def test_a_swarm_of_one_asks_for_no_token(config, typed):
    build(config, swarm=("h1",))
    assert lines(typed) == ["h1$ docker swarm init --advertise-addr 10.77.0.11"]


@pytest.mark.parametrize(
    ("out", "err", "said"),
    [
        (b"", b"no such driver", "no such driver"),
        (b"in the output", b"", "in the output"),
        (b"not this", b"x" * 1000 + b"the end", "the end"),
        (b"", b"\xff bad", "bad"),
    ],
)
def test_a_refusal_names_the_host_the_command_and_the_last_words(config, typed, answers, out, err, said):
    answers["network create"] = (1, out, err)
    with pytest.raises(HostError, match="could not be built on h1: `docker network create`") as caught:
        build(config, networks=(StartNetwork(host="h1", name="app"),))
    assert f"{said}”" in str(caught.value)
    assert len(str(caught.value)) < 400


def test_after_a_refusal_no_container_is_started(config, typed, answers):
    answers["network create"] = (1, b"", b"no")
    with pytest.raises(HostError):
        build(
            config,
            networks=(StartNetwork(host="h1", name="app"),),
            containers=(StartContainer(host="h1", name="web", network="app"),),
        )
    assert [words[1] for _, words in typed] == ["network"]


def test_a_host_that_hangs_is_said_as_such(config, monkeypatch):
    def never(*words):
        raise HostTimeout("The command did not end within 60 s.")

    monkeypatch.setattr(stage, "execute", never)
    with pytest.raises(HostTimeout):
        build(config, networks=(StartNetwork(host="h1", name="app"),))


def test_words_without_end_are_cut(config, typed, answers):
    answers["join-token"] = (0, b"x" * 10_000_000, b"")
    build(config, hosts=("h1", "h2"), swarm=("h1", "h2"))
    token = typed[-1][1][typed[-1][1].index("--token") + 1]
    assert len(token) == stage.MOST_BYTES
