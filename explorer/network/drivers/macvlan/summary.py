"""The closing card of driver macvlan: what is on the LAN, and how little is on the host."""

from __future__ import annotations

from collections.abc import Iterator

from explorer.network.drivers.summary import Fact, counted, interfaces, listed
from explorer.network.model import Connection, Interface, Neighbour, Place, Route, Rule, View
from explorer.network.world import World, bare

TABLES: tuple[View, ...] = ("nat", "filter")


def facts(world: World, host: Place) -> Iterator[Fact]:
    networks = {one.name: one for one in world.networks(host.id) if one.driver == "macvlan"}
    if not networks:
        return
    cards = [
        (place, one) for place in world.places(f"{host.id}/*") for one in interfaces(world, place) if one.kind == "macvlan"
    ]
    yield "Networks", listed(f"{one.name} on {one.options.get('parent', 'no parent')}" for one in networks.values())
    yield "On the LAN", listed(f"{place.name} ({address(one)}, {one.mac})" for place, one in cards)
    yield "Known there by", listed(knower(world, place, one) for place, one in cards if knower(world, place, one))
    yield "Added to the host", added(world, host, {bare(address(one)) for _, one in cards})
    yield "The host's own way", own_way(world, host)


def address(one: Interface) -> str:
    return next((held.cidr for held in one.addresses if held.family == "inet"), "no address")


def knower(world: World, place: Place, card: Interface) -> str:
    """A host or machine that has this MAC address among its neighbours."""
    known = [
        other.id
        for other in world.snapshot.places.values()
        if other.id != place.id and any(one.mac == card.mac for one in world.seen(other, "neighbours", Neighbour))
    ]
    return f"{place.name} by {listed(known)}" if known else ""


def added(world: World, host: Place, addresses: set[str]) -> str:
    """How many rules name these addresses and how many connections were translated for them, as a part of a sentence."""
    naming = [rule for view in TABLES for rule in world.seen(host, view, Rule) if named(rule) & addresses]
    tracked = [one for one in world.seen(host, "connections", Connection) if one.snat and one.original.source in addresses]
    return (
        f"{counted(len(naming), 'rule names', 'rules name')} these addresses, "
        f"{counted(len(tracked), 'connection was', 'connections were')} translated for them"
    )


def named(rule: Rule) -> set[str]:
    return {bare(word) for word in (rule.source, rule.destination, rule.to_destination.partition(":")[0]) if word}


def own_way(world: World, host: Place) -> str:
    """The host's own macvlan interfaces, and the routes through them."""
    shims = [one for one in interfaces(world, host) if one.kind == "macvlan"]
    if not shims:
        return "None: the host cannot reach these containers over the parent"
    names = {one.name for one in shims}
    to = [one.destination for one in world.seen(host, "routes", Route) if one.dev in names]
    return f"{listed(f'{one.name} ({address(one)})' for one in shims)}{', the way to ' * bool(to)}{listed(to)}"
