"""The closing card of driver ipvlan: which containers share the interface, in which mode, and how little is on the host."""

from __future__ import annotations

from collections.abc import Iterator

from explorer.network.drivers.summary import Fact, counted, interfaces, listed
from explorer.network.model import DockerNetwork, Interface, Neighbour, Place, Request, Route
from explorer.network.world import World, bare


def facts(world: World, host: Place) -> Iterator[Fact]:
    networks = [one for one in world.networks(host.id) if one.driver == "ipvlan"]
    if not networks:
        return
    cards = [(place, one) for place in world.places(f"{host.id}/*") for one in interfaces(world, place) if one.kind == "ipvlan"]
    yield "Networks", listed(network(one) for one in networks)
    yield "On the card", listed(f"{place.name} ({address(one)}, mode {mode(one)})" for place, one in cards)
    yield "Under one MAC address", shared(world, host, cards)
    yield "Known on the LAN", listed(known(world, {one.mac for _, one in cards}))
    yield "Who asked outside", asked(world, {bare(address(one)) for _, one in cards})
    yield "Added to the host", added(world, host, cards)


def network(one: DockerNetwork) -> str:
    parent = one.options.get("parent", "no parent")
    return f"{one.name} on {parent}, mode {one.options.get('ipvlan_mode', 'l2')} ({listed(one.subnets)})"


def mode(one: Interface) -> str:
    return dict(one.detail).get("mode", "unknown").upper()


def address(one: Interface) -> str:
    return next((held.cidr for held in one.addresses if held.family == "inet"), "no address")


def shared(world: World, host: Place, cards: list[tuple[Place, Interface]]) -> str:
    """The host's MAC address and every place that uses it."""
    mine = {one.mac for one in interfaces(world, host) if one.mac and one.kind != "loopback"}
    names = [place.name for place, one in cards if one.mac in mine]
    used = {one.mac for _, one in cards} & mine
    return f"{listed(sorted(used))}: {listed([host.id, *names])}" if used else ""


def known(world: World, macs: set[str]) -> Iterator[str]:
    """Which addresses the LAN's machines have learned with one of these MAC addresses."""
    for place in world.snapshot.places.values():
        if place.kind == "machine":
            held = [one.address for one in world.seen(place, "neighbours", Neighbour) if one.mac in macs]
            if held:
                yield f"{place.id} has {counted(len(held), 'address', 'addresses')} beside it: {listed(held)}"


def asked(world: World, addresses: set[str]) -> str:
    """How often the machines' logs name these containers' own addresses."""
    seen = [
        one
        for place in world.snapshot.places.values()
        for one in world.seen(place, "requests", Request)
        if one.source in addresses
    ]
    return f"{counted(len(seen), 'request', 'requests')} under the containers' own addresses" if seen else ""


def added(world: World, host: Place, cards: list[tuple[Place, Interface]]) -> str:
    """The number of the host's own ipvlan interfaces and of routes to the containers; mostly none."""
    shims = [one.name for one in interfaces(world, host) if one.kind == "ipvlan"]
    wanted = {bare(address(one)) for _, one in cards}
    routes = [one for one in world.seen(host, "routes", Route) if bare(one.destination) in wanted or one.dev in shims]
    return (
        f"{counted(len(shims), 'interface', 'interfaces')} and {counted(len(routes), 'route', 'routes')} for these containers"
    )
