"""What a sandbox begins with, as data: LANs, hosts, machines, routes, a swarm, networks, containers.

The author of a scenario does not know which addresses the sandbox will get. In the arguments of a network or container, `lan`
stands for the subnet of the first LAN and `lan.20` for the address on it that ends in 20. Another LAN is written with its own
name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_network
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from explorer.network.weather import ENDS, Weather

LAN = "lan"
ROUTER = "router"  # has the first address on each of its LANs: a gateway usually has it
_SUBNET_WORD = re.compile(r"(?<![\w.-])([a-z]+)(?:\.(\d{1,3}))?(?=/\d|[\s,:]|$)")


class Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Lan(Data):
    """One network of the sandbox, and who sits on it."""

    name: str = LAN
    members: tuple[str, ...] = ()  # empty: every host and machine


class Route(Data):
    """A route that a host or machine has from the start: to `default` or to a LAN, by way of another machine."""

    on: str
    to: str
    via: str


class StartNetwork(Data):
    """A Docker network made on a host before the learner arrives."""

    host: str
    name: str
    driver: str = "bridge"
    options: tuple[str, ...] = ()  # further words for `docker network create`


class StartContainer(Data):
    """A container started on a host before the learner arrives."""

    host: str
    name: str
    network: str = "bridge"
    also: tuple[str, ...] = ()  # further networks it is connected to
    publish: tuple[str, ...] = ()  # as for `docker run -p`
    options: tuple[str, ...] = ()
    command: tuple[str, ...] = ()  # empty: the image's own (a small web server)


class StartWeather(Data):
    """Weather that a link has from the start, at both ends. `place` is a host, a machine, or a container as in `h1/web`."""

    place: str
    interface: str = "eth0"
    weather: Weather


class Scenario(Data):
    name: str
    summary: str
    hosts: tuple[str, ...] = Field(default=("h1",), min_length=1, max_length=3)
    machines: tuple[str, ...] = Field(default=("outside",), max_length=3)
    lans: tuple[Lan, ...] = Field(default=(Lan(),), min_length=1, max_length=3)
    routes: tuple[Route, ...] = ()
    swarm: tuple[str, ...] = ()  # hosts joined to one swarm; the first is its manager
    networks: tuple[StartNetwork, ...] = ()
    containers: tuple[StartContainer, ...] = ()
    weather: tuple[StartWeather, ...] = Field(default=(), max_length=ENDS)

    @model_validator(mode="after")
    def _names_agree(self) -> Self:
        everyone, lans = set(self.names), {lan.name for lan in self.lans}
        if len(everyone) != len(self.names) or len(lans) != len(self.lans):
            raise ValueError("a name stands twice")
        if missing := everyone - {name for lan in self.lans for name in self.on(lan)}:
            raise ValueError(f"on no LAN: {', '.join(sorted(missing))}")
        named = {name for lan in self.lans for name in lan.members} | {
            name for route in self.routes for name in (route.on, route.via)
        }
        if strangers := named - everyone:
            raise ValueError(f"not in this scenario: {', '.join(sorted(strangers))}")
        if {route.to for route in self.routes} - lans - {"default"}:
            raise ValueError("a route leads to a LAN that is not there")
        for route in self.routes:
            if self.met(route.on, route.via) is None:
                raise ValueError(f"{route.on} and {route.via} have no LAN in common")
        on_hosts = [*self.swarm, *(one.host for one in self.networks), *(one.host for one in self.containers)]
        if strangers := set(on_hosts) - set(self.hosts):
            raise ValueError(f"not a host of this scenario: {', '.join(sorted(strangers))}")
        places = everyone | {f"{one.host}/{one.name}" for one in self.containers}
        if strangers := {one.place for one in self.weather} - places:
            raise ValueError(f"weather at no place of this scenario: {', '.join(sorted(strangers))}")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        return (*self.hosts, *self.machines)

    def on(self, lan: Lan) -> tuple[str, ...]:
        return lan.members or self.names

    def lans_of(self, name: str) -> tuple[Lan, ...]:
        return tuple(lan for lan in self.lans if name in self.on(lan))

    def met(self, one: str, other: str) -> str | None:
        """The LAN that two of its members share."""
        return next((lan.name for lan in self.lans if {one, other} <= set(self.on(lan))), None)

    def forwards(self, name: str) -> bool:
        """Whether a route leads through this machine, so that the machine has to forward packets."""
        return any(route.via == name for route in self.routes)


def fill(word: str, subnets: Mapping[str, str]) -> str:
    """The word with the names of LANs replaced by the addresses that this sandbox got."""

    def address(found: re.Match[str]) -> str:
        subnet = subnets.get(found[1])
        if subnet is None:
            return found[0]
        if found[2] is None:
            return subnet
        network = ip_network(subnet)
        return str(network.network_address + int(found[2])) if int(found[2]) < network.num_addresses else found[0]

    return _SUBNET_WORD.sub(address, word)


SCENARIOS: dict[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        Scenario(name="one-host", summary="One Docker host and a machine outside it."),
        Scenario(name="two-hosts", summary="Two Docker hosts on one LAN, and a machine outside them.", hosts=("h1", "h2")),
        Scenario(
            name="three-hosts",
            summary="Three Docker hosts on one LAN, and a machine outside them.",
            hosts=("h1", "h2", "h3"),
        ),
        Scenario(
            name="routed",
            summary="One Docker host and a machine outside it; a router leads to a second LAN with a machine far away.",
            machines=("outside", ROUTER, "far"),
            lans=(Lan(members=("h1", "outside", ROUTER)), Lan(name="beyond", members=(ROUTER, "far"))),
            routes=(
                Route(on="h1", to="default", via=ROUTER),
                Route(on="outside", to="default", via=ROUTER),
                Route(on="far", to="default", via=ROUTER),
            ),
        ),
        Scenario(
            name="narrow",
            summary="Two Docker hosts and a machine outside them, on a LAN that carries 1,400 bytes in a packet and 10 Mbit/s.",
            hosts=("h1", "h2"),
            weather=tuple(
                StartWeather(place=name, weather=Weather(mtu=1400, rate_kbit=10_000)) for name in ("h1", "h2", "outside")
            ),
        ),
        Scenario(
            name="swarm",
            summary="Two Docker hosts that are a swarm already, and a machine outside them.",
            hosts=("h1", "h2"),
            swarm=("h1", "h2"),
        ),
    )
}
