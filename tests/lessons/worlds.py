"""Snapshots for tests: made by hand, and seen on a real sandbox while a lesson was played (`lesson solve SLUG --keep DIR`)."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from explorer.lessons.checks import holds
from explorer.lessons.conditions import ConditionParser, Reach
from explorer.network.model import (
    Address,
    Connection,
    DockerContainer,
    DockerNetwork,
    DockerState,
    Endpoint,
    Flow,
    Interface,
    Item,
    Measured,
    Neighbour,
    Observation,
    Place,
    Probe,
    ProbeResult,
    PublishedPort,
    Request,
    Road,
    RoadMeasured,
    Route,
    Rule,
    Snapshot,
    View,
)
from explorer.network.scenario import SCENARIOS
from explorer.network.world import World
from tests.network import captured

SEEN = Path(__file__).parent / "seen"


def _number(stage: str) -> tuple[str, int]:
    lesson, _, file = stage.partition("/")
    return lesson, int(file.partition("-")[0])


SEEN_STAGES = sorted((str(path.relative_to(SEEN)) for path in SEEN.glob("*/*.json")), key=_number)


@cache
def seen(name: str) -> Snapshot:
    return Snapshot.model_validate_json((SEEN / name).read_text())


def seen_in(lesson: str) -> list[str]:
    """The stages of one lesson: at the start, then after each step."""
    return [name for name in SEEN_STAGES if name.startswith(f"{lesson}/")]


@cache
def capture(stage: str, engine: str = "bridge") -> Snapshot:
    return Snapshot(sandbox="s", places=captured.places(stage, engine), docker={"h1": captured.docker(stage, engine)})


def true(given: object, snapshot: Snapshot, scenario: str = "one-host") -> bool:
    """Asks a condition the way an author writes it."""

    def complain(path: object, what: str, word: str) -> Exception:
        return AssertionError(what)

    names = {"web", "other", "second", "c1"}
    condition = ConditionParser(Reach(SCENARIOS[scenario], names), complain).read(given, (), 8)
    return holds(condition, World(snapshot))


def item(type_, **fields):
    return type_(key=str(sorted(fields.items())), **fields)


def veth(name, address="", **fields):
    addresses = (Address(cidr=address, family="inet"),) if address else ()
    return item(Interface, name=name, index=2, kind="veth", mtu=1500, state="UP", addresses=addresses, **fields)


LO = item(
    Interface,
    name="lo",
    index=1,
    kind="loopback",
    mtu=65536,
    state="UNKNOWN",
    addresses=(Address(cidr="127.0.0.1/8", family="inet"),),
)
DOCKER0 = item(
    Interface,
    name="docker0",
    index=3,
    kind="bridge",
    mtu=1500,
    state="UP",
    addresses=(Address(cidr="172.17.0.1/16", family="inet"),),
)


def place(name: str, netns: int, views: dict[View, list[Item]], **fields) -> Place:
    kind = "container" if "/" in name else "machine" if name == "outside" else "host"
    seen = {view: Observation(command=view, items=tuple(items)) for view, items in views.items()}
    return Place(
        id=name, kind=kind, host=name.partition("/")[0], name=name.rpartition("/")[2], netns=netns, views=seen, **fields
    )


def container(name: str, state: str = "running", networks=("bridge",), ports=(), mode: str = "", image: str = "box"):
    ends = tuple(Endpoint(network=network) for network in networks)
    mode = mode or (networks[0] if networks else "")
    return DockerContainer(id=name * 3, name=name, image=image, state=state, network_mode=mode, endpoints=ends, ports=ports)


def two_roads() -> Measured:
    """`short` is ahead in every round for round trips; for throughput each wins half of them."""

    def measured(name: str, trip: float, *rates: float) -> RoadMeasured:
        road = Road(id=name, title=name, source="outside", target="h1/web", at="h1", port=1, listen=1)
        return RoadMeasured(road=road, by_round=tuple((trip, rate) for rate in rates * 5))

    return Measured(roads=(measured("short", 20.0, 4000.0, 5000.0), measured("long", 27.0, 5000.0, 4000.0)))


def one_host(**changes) -> Snapshot:
    """`web` (published on 8080) and `second` on docker0, `other` on the user-defined network town, all of it used once."""
    places = {
        "h1": place(
            "h1",
            1,
            {
                "interfaces": [
                    LO,
                    DOCKER0,
                    veth("eth0", "10.77.3.11/24"),
                    veth("veth1", master="docker0", peer_place="h1/web"),
                ],
                "routes": [
                    item(Route, destination="172.17.0.0/16", dev="docker0"),
                    item(Route, destination="default", via="10.77.3.1", dev="eth0"),
                ],
                "nat": [
                    item(
                        Rule,
                        table="nat",
                        chain="POSTROUTING",
                        position=1,
                        spec="",
                        target="MASQUERADE",
                        source="172.17.0.0/16",
                        packets=3,
                    ),
                    item(
                        Rule,
                        table="nat",
                        chain="DOCKER",
                        position=1,
                        spec="",
                        target="DNAT",
                        protocol="tcp",
                        destination_port="8080",
                        to_destination="172.17.0.2:80",
                        in_interface="!docker0",
                        packets=1,
                    ),
                ],
                "filter": [
                    item(
                        Rule,
                        table="filter",
                        chain="ISOLATION",
                        position=1,
                        spec="",
                        target="DROP",
                        out_interface="docker0",
                        packets=0,
                    )
                ],
                "connections": [
                    connection(("172.17.0.2", "10.77.3.100"), ("10.77.3.100", "10.77.3.11"), snat=True),
                    connection(("10.77.3.100", "10.77.3.11", 8080), ("172.17.0.2", "10.77.3.100"), dnat=True),
                    connection(("172.17.0.1", "172.17.0.9"), ("172.17.0.9", "172.17.0.1"), flags=("UNREPLIED",)),
                ],
                "neighbours": [
                    item(Neighbour, address="172.17.0.2", dev="docker0", mac="02:42:ac:11:00:02", state="STALE"),
                    item(Neighbour, address="172.17.0.3", dev="docker0", state="FAILED"),
                ],
            },
        ),
        "h1/web": place(
            "h1/web",
            2,
            {
                "interfaces": [LO, veth("eth0", "172.17.0.2/16", mac="02:42:ac:11:00:02")],
                "routes": [item(Route, destination="default", via="172.17.0.1", dev="eth0")],
            },
        ),
        "h1/second": place("h1/second", 3, {"interfaces": [LO, veth("eth0", "172.17.0.3/16")], "routes": []}),
        "h1/quiet": place("h1/quiet", 4, {"interfaces": [LO], "routes": []}),
        "h1/twin": place("h1/twin", 1, {}, shares="h1"),
        "outside": place(
            "outside",
            9,
            {
                "interfaces": [LO, veth("eth0", "10.77.3.100/24")],
                "requests": [item(Request, protocol="http", source="10.77.3.11", source_port=4711, what="GET /")],
            },
        ),
    }
    docker = DockerState(
        host="h1",
        networks=tuple(
            DockerNetwork(id=name, name=name, driver=driver)
            for name, driver in (("bridge", "bridge"), ("host", "host"), ("none", "null"), ("town", "bridge"))
        ),
        containers=(
            container("web", ports=(PublishedPort(host_address="10.77.3.11", host_port=8080, container_port=80),)),
            container("second", networks=("bridge", "town")),
            container("quiet", networks=("none",)),
            container("twin", networks=("host",), mode="host"),
            container("old", state="exited"),
        ),
    )
    return Snapshot(sandbox="s", places=places, docker={"h1": docker}).model_copy(update=changes)


def connection(original, reply, **fields):
    def flow(ends):
        return Flow(source=ends[0], destination=ends[1], destination_port=ends[2] if len(ends) > 2 else 80)

    return item(Connection, protocol="tcp", original=flow(original), reply=flow(reply), **fields)


def answered(
    source: str, target: str, ok: bool, kind: str = "ping", port: int = 80, source_seen: str = ""
) -> dict[str, ProbeResult]:
    probe = Probe(source=source, target=target, kind=kind, port=port)
    return {probe.key: ProbeResult(probe=probe, ok=ok, at=1.0, source_seen=source_seen)}
