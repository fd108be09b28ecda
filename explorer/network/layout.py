"""A starting layout as a link carries it: the number of hosts, machines, Docker networks and containers. A layout is hostile
input.

A layout holds no command. Names, drivers and options come from short lists, addresses are parsed, the image is always ours,
and the size is bounded. The node that builds from a layout validates it again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv4Network, ip_address, ip_network
from typing import Annotated, Any, Literal, Self
from urllib.parse import parse_qsl, urlencode

from pydantic import AfterValidator, Field, StringConstraints, ValidationError, model_validator

from explorer.network.drivers import network_drivers
from explorer.network.model import DockerContainer, DockerNetwork, Snapshot
from explorer.network.scenario import (
    LAN,
    ROUTER,
    SCENARIOS,
    Data,
    Lan,
    Route,
    Scenario,
    StartContainer,
    StartNetwork,
    StartWeather,
)
from explorer.network.weather import Weather, in_words, interfaces_of, read_weather

FREE = "free"  # the scenario's name in the row of a sandbox whose row carries a layout
MOST_QUERY = 4000
LANS = ip_network("10.77.0.0/16")
BUILT_IN = ("bridge", "host", "none")
DOCKERS_OWN = (*BUILT_IN, "docker_gwbridge", "ingress", "podman")
IMAGE = "box"


class BadLayout(ValueError):
    """The layout is refused. `str()` is a sentence for the person who followed the link."""


def _subnet(word: str) -> str:
    if word in ("", LAN):
        return word
    network = ip_network(word)
    if not isinstance(network, IPv4Network) or not network.is_private or not 12 <= network.prefixlen <= 30:
        raise ValueError("not a private IPv4 subnet")
    if network.overlaps(LANS):
        raise ValueError("the LAN's own addresses are written `lan`")
    return str(network)


def _gateway(word: str) -> str:
    return word if word == "" or re.fullmatch(rf"{LAN}\.[0-9]{{1,3}}", word) else str(IPv4Address(word))


def _publish(word: str) -> str:
    found = re.fullmatch(r"(?:(\d{1,3}(?:\.\d{1,3}){3}):)?(\d{1,5}):(\d{1,5})(?:/(?:tcp|udp))?", word, re.ASCII)
    if not found or not all(0 < int(port) < 65536 for port in found.group(2, 3)):
        raise ValueError("not a port as in 8080:80")
    if found[1]:
        IPv4Address(found[1])
    return word


Host = Literal["h1", "h2", "h3"]
Name = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,39}$")]


def _driver(word: str) -> str:
    if word not in network_drivers():
        raise ValueError(f"not a driver: {', '.join(network_drivers())}")
    return word


class Net(Data):
    host: Host
    name: Name
    driver: Annotated[str, AfterValidator(_driver)] = "bridge"
    subnet: Annotated[str, AfterValidator(_subnet)] = ""
    gateway: Annotated[str, AfterValidator(_gateway)] = ""
    parent: Literal["", "eth0"] = ""
    mode: Literal["", "bridge", "private", "l2", "l3"] = ""
    internal: bool = False

    def words(self) -> tuple[str, ...]:
        given = (("--subnet", self.subnet), ("--gateway", self.gateway))
        words = [word for name, value in given if value for word in (name, value)]
        options = (("parent", self.parent), (f"{self.driver}_mode", self.mode))
        words += [word for name, value in options if value for word in ("-o", f"{name}={value}")]
        return (*words, *(["--internal"] if self.internal else []), *(["--attachable"] if self.driver == "overlay" else []))


class Run(Data):
    host: Host
    name: Name
    network: Name = "bridge"
    also: tuple[Name, ...] = Field(default=(), max_length=4)
    publish: tuple[Annotated[str, AfterValidator(_publish)], ...] = Field(default=(), max_length=8)


class Sky(Data):
    """The weather of the link at one interface."""

    place: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]{0,9}(/[a-zA-Z0-9][a-zA-Z0-9_.-]{1,39})?$")]
    interface: Literal["eth0", "eth1", "eth2"] = "eth0"
    weather: Weather


class Layout(Data):
    hosts: int = Field(default=1, ge=1, le=3)
    outside: bool = True
    router: bool = False  # and the machine `far` behind it
    swarm: bool = False
    networks: tuple[Net, ...] = Field(default=(), max_length=12)
    containers: tuple[Run, ...] = Field(default=(), max_length=24)
    weather: tuple[Sky, ...] = Field(default=(), max_length=8)

    @model_validator(mode="after")
    def _agree(self) -> Self:
        there = self.host_names
        on = [(net.name, net.host) for net in self.networks] + [(run.name, run.host) for run in self.containers]
        if lost := next((pair for pair in on if pair[1] not in there), None):
            raise ValueError(f"{lost[0]} is on {lost[1]}, which is not there")
        if any(net.name in DOCKERS_OWN for net in self.networks):
            raise ValueError("a network has a name that Docker uses itself")
        if any(net.driver == "overlay" and not (self.swarm and net.host == "h1") for net in self.networks):
            raise ValueError("an overlay network needs a swarm, and is made on h1")
        for run in self.containers:
            known = {net.name for net in self.networks if net.host == run.host or net.driver == "overlay"}
            if strange := {run.network, *run.also} - known - set(BUILT_IN):
                raise ValueError(f"{run.name} is on {min(strange)}, which is not there")
        places = {*self.near, *self.beyond, *(f"{run.host}/{run.name}" for run in self.containers)}
        if strange := {sky.place for sky in self.weather} - places:
            raise ValueError(f"weather at {min(strange)}, which is not there")
        return self

    @property
    def host_names(self) -> tuple[str, ...]:
        return ("h1", "h2", "h3")[: self.hosts]

    @property
    def near(self) -> tuple[str, ...]:
        return (*self.host_names, *(["outside"] if self.outside else []))

    @property
    def beyond(self) -> tuple[str, ...]:
        return (ROUTER, "far") if self.router else ()

    def name(self) -> str:
        """The name of the fixed scenario that is the same as this layout, so that a warm sandbox can be used; else the name
        of a free layout."""
        plain = self.scenario()
        return next((known.name for known in SCENARIOS.values() if _same(known, plain)), FREE)

    def scenario(self) -> Scenario:
        near, beyond = self.near, self.beyond
        return Scenario(
            name=FREE,
            summary=self.in_words(),
            hosts=self.host_names,
            machines=(*(["outside"] if self.outside else []), *beyond),
            lans=(Lan(members=(*near, ROUTER)), Lan(name="beyond", members=beyond)) if self.router else (Lan(),),
            routes=tuple(Route(on=name, to="default", via=ROUTER) for name in (*near, "far")) if self.router else (),
            swarm=self.host_names if self.swarm else (),
            networks=tuple(
                StartNetwork(host=net.host, name=net.name, driver=net.driver, options=net.words()) for net in self.networks
            ),
            containers=tuple(
                StartContainer(host=run.host, name=run.name, network=run.network, also=run.also, publish=run.publish)
                for run in self.containers
            ),
            weather=tuple(StartWeather(place=sky.place, interface=sky.interface, weather=sky.weather) for sky in self.weather),
        )

    def in_words(self) -> str:
        parts = [f"{self.hosts} Docker host{'s' if self.hosts > 1 else ''}{' in a swarm' if self.swarm else ''}"]
        parts += ["the machine outside"] if self.outside else []
        parts += ["a router with the machine far behind it"] if self.router else []
        parts += [f"networks {', '.join(net.name for net in self.networks)}"] if self.networks else []
        parts += [f"containers {', '.join(run.name for run in self.containers)}"] if self.containers else []
        parts += [f"{sky.place} {sky.interface}: {in_words(sky.weather)}" for sky in self.weather if not sky.weather.plain]
        return "; ".join(parts) + "."


def _same(one: Scenario, other: Scenario) -> bool:
    return one.model_dump(exclude={"name", "summary"}) == other.model_dump(exclude={"name", "summary"})


def scenario_of(name: str, layout: Mapping[str, Any]) -> Scenario:
    """The scenario that a row asks for. A layout in the row is validated again."""
    return SCENARIOS[name] if name in SCENARIOS else Layout.model_validate(layout).scenario()


# --- as a link --------------------------------------------------------------------------------------------------------


WEATHER_WORDS = {"delay": "delay_ms", "jitter": "jitter_ms", "loss": "loss_percent", "rate": "rate_kbit", "mtu": "mtu"}


def to_query(layout: Layout) -> str:
    machines = ",".join([*(["outside"] if layout.outside else []), *([ROUTER] if layout.router else [])])
    pairs = [("hosts", str(layout.hosts)), ("machines", machines)]
    pairs += [("swarm", "1")] if layout.swarm else []
    for net in layout.networks:
        given = [f"{name}={value}" for name in ("subnet", "gateway", "parent", "mode") if (value := getattr(net, name))]
        pairs.append(("net", ",".join([net.host, net.name, net.driver, *given, *(["internal"] if net.internal else [])])))
    for run in layout.containers:
        more = [f"also={name}" for name in run.also] + [f"p={port}" for port in run.publish]
        pairs.append(("run", ",".join([run.host, run.name, run.network, *more])))
    for sky in layout.weather:
        told = [f"{word}={value:.12g}" for word, name in WEATHER_WORDS.items() if (value := getattr(sky.weather, name))]
        pairs.append(("weather", ",".join([sky.place, sky.interface, *told])))
    return urlencode(pairs, safe=",:=/")


def from_query(query: str) -> Layout:
    """The layout of a link. Raises BadLayout, also for an unknown parameter: nothing in a link is ignored."""
    if len(query) > MOST_QUERY:
        raise BadLayout("This link is too long to be one of ours.")
    try:
        pairs = parse_qsl(query, max_num_fields=64, keep_blank_values=True)
        return Layout.model_validate(_read(pairs))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise BadLayout(f"This link is not right: {first['msg'].removeprefix('Value error, ')}.") from error
    except ValueError as error:
        raise BadLayout("This link is not right: it is cut off, or was changed on its way.") from error


def _read(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    told: dict[str, Any] = {"networks": [], "containers": [], "weather": []}
    for name, value in pairs:
        words = value.split(",")
        if name == "hosts" and value in ("1", "2", "3"):
            told["hosts"] = int(value)
        elif name == "machines" and set(words) <= {"", "outside", ROUTER}:
            told |= {"outside": "outside" in words, "router": ROUTER in words}
        elif name == "swarm" and value in ("0", "1"):
            told["swarm"] = value == "1"
        elif name == "net" and len(words) >= 3:
            told["networks"].append(_options(words[3:]) | dict(zip(("host", "name", "driver"), words, strict=False)))
        elif name == "run" and len(words) >= 3:
            pairs_of = [word.partition("=")[::2] for word in words[3:]]
            if {key for key, _ in pairs_of} - {"also", "p"}:
                raise ValueError(name)
            more = {"also": [v for k, v in pairs_of if k == "also"], "publish": [v for k, v in pairs_of if k == "p"]}
            told["containers"].append(dict(zip(("host", "name", "network"), words, strict=False)) | more)
        elif name == "weather" and len(words) >= 2:
            told["weather"].append({"place": words[0], "interface": words[1], "weather": _weather(words[2:])})
        elif name != "engine":
            raise ValueError(name)
    return told


def _weather(words: list[str]) -> dict[str, Any]:
    pairs = [word.partition("=")[::2] for word in words]
    if len({key for key, _ in pairs} & WEATHER_WORDS.keys()) != len(pairs):
        raise ValueError("weather")
    return {WEATHER_WORDS[key]: value for key, value in pairs}


def _options(words: list[str]) -> dict[str, Any]:
    return {name: value if equals else True for name, equals, value in (word.partition("=") for word in words)}


# --- from a running sandbox -------------------------------------------------------------------------------------------


def from_snapshot(layout: Layout, snapshot: Snapshot, lan: str) -> tuple[Layout, list[str]]:
    """The layout of a running sandbox, and sentences about what a layout cannot hold.

    A daemon may say anything about one network or container, so each is validated by itself and left out when it is not
    valid.
    """
    lost: list[str] = []
    states = [snapshot.docker[host] for host in layout.host_names if host in snapshot.docker]
    in_swarm = {state.host for state in states if any(network.name == "ingress" for network in state.networks)}
    swarm = len(in_swarm) == layout.hosts
    if in_swarm and not swarm:
        lost.append("A swarm of some of the hosts only.")
    now = layout.model_copy(update={"swarm": swarm, "networks": (), "containers": ()})
    for state in states:
        for network in state.networks:
            if network.name not in DOCKERS_OWN and not (network.driver == "overlay" and state.host != "h1"):
                now = _with(now, "networks", lambda s=state.host, n=network: _net(s, n, lan), network.name, lost)
    for state in states:
        for container in state.containers:
            if container.state != "running":
                lost.append(f"Container {container.name[:40]}, which is not running.")
            elif container.image not in (IMAGE, f"localhost/{IMAGE}:latest"):  # Podman writes the whole name
                lost.append(f"Container {container.name[:40]}, whose image is not {IMAGE}.")
            else:
                now = _with(now, "containers", lambda s=state.host, c=container: _run(s, c), container.name, lost)
    return _with_weather(now, snapshot, lost), lost


def _with_weather(layout: Layout, snapshot: Snapshot, lost: list[str]) -> Layout:
    """The layout with the weather of its links. Both ends of a container's cable have it; the container's is named."""
    ends = (*layout.near, *layout.beyond, *(f"{run.host}/{run.name}" for run in layout.containers))
    for place in (snapshot.places[end] for end in ends if end in snapshot.places):
        for one in interfaces_of(place):
            weather = read_weather(place, one.name) if one.kind == "veth" and not one.master else Weather()
            if weather is None:
                lost.append(f"What shapes {one.name[:15]} of {place.id[:60]}.")
            elif not weather.plain and one.name.startswith("eth"):
                sky = {"place": place.id, "interface": one.name, "weather": weather.model_dump()}
                try:
                    layout = Layout.model_validate(
                        {**layout.model_dump(), "weather": [*(had.model_dump() for had in layout.weather), sky]}
                    )
                except ValueError:
                    lost.append(f"The weather of {place.id[:60]} {one.name[:15]}.")
    return layout


def _with(layout: Layout, where: str, make: Any, name: str, lost: list[str]) -> Layout:
    try:
        grown = {**layout.model_dump(), where: [*(one.model_dump() for one in getattr(layout, where)), make().model_dump()]}
        return Layout.model_validate(grown)
    except ValueError:
        lost.append(f"{'Network' if where == 'networks' else 'Container'} {name[:40]}: too unusual for a link.")
        return layout


def _net(host: str, network: DockerNetwork, lan: str) -> Net:
    subnet = next((one for one in network.subnets if "." in one), "")
    gateway = next((one for one in network.gateways if "." in one), "")
    if subnet == lan and lan:
        on_lan = gateway and ip_address(gateway) in ip_network(lan)
        gateway = f"{LAN}.{int(ip_address(gateway)) - int(ip_network(lan).network_address)}" if on_lan else ""
        subnet = LAN
    mode = network.options.get(f"{network.driver}_mode", "")
    return Net.model_validate(
        {"host": host, "name": network.name, "driver": network.driver, "internal": network.internal}
        | {"subnet": subnet, "gateway": gateway, "mode": mode, "parent": network.options.get("parent", "")}
    )


def _run(host: str, container: DockerContainer) -> Run:
    on = [endpoint.network for endpoint in container.endpoints] or [container.network_mode or "bridge"]
    on = ["bridge" if name == "podman" else name for name in on]  # Podman takes the word too, for its default network
    ports = [port for port in container.ports if ":" not in port.host_address]
    publish = [
        f"{'' if port.host_address == '0.0.0.0' else port.host_address + ':'}{port.host_port}:{port.container_port}"  # noqa: S104
        + ("/udp" if port.protocol == "udp" else "")
        for port in ports
    ]
    return Run.model_validate({"host": host, "name": container.name, "network": on[0], "also": on[1:], "publish": publish})
