"""The closing card of driver none: which containers have only lo, and what a person built for others."""

from __future__ import annotations

from collections.abc import Iterator

from explorer.network.drivers.summary import Fact, interfaces, listed
from explorer.network.model import Place, Route
from explorer.network.world import World


def facts(world: World, host: Place) -> Iterator[Fact]:
    names = [container.name for container in world.running(host.id) if container.network_mode == "none"]
    inside = [place for place in world.places(f"{host.id}/*") if place.name in names and place.kind == "container"]
    yield "On the network none", listed(names)
    yield "With nothing but lo", listed(place.name for place in inside if only_lo(world, place))
    yield "Cables laid by hand", listed(cables(world, host, inside))
    yield "Addresses that Docker does not know", listed(addresses(world, inside))
    yield "Ways out", listed(ways_out(world, inside))


def only_lo(world: World, place: Place) -> bool:
    return [one.name for one in interfaces(world, place)] == ["lo"]


def cables(world: World, host: Place, inside: list[Place]) -> Iterator[str]:
    names = {place.id: place.name for place in inside}
    for one in interfaces(world, host):
        if one.peer_place in names:
            plugged = f", a port of {one.master}" if one.master else ""
            yield f"{one.name} (to {names[one.peer_place]}{plugged})"


def addresses(world: World, inside: list[Place]) -> Iterator[str]:
    for place in inside:
        for one in interfaces(world, place):
            for held in one.addresses:
                if one.kind != "loopback" and held.family == "inet":
                    yield f"{held.cidr} ({place.name})"


def ways_out(world: World, inside: list[Place]) -> Iterator[str]:
    for place in inside:
        for one in world.seen(place, "routes", Route):
            if one.destination == "default":
                yield f"{place.name} by {one.via or one.dev}"
