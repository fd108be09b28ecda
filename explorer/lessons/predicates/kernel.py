"""Questions about what the kernel shows of a network namespace: interfaces, routes, neighbours."""

from __future__ import annotations

from explorer.lessons.predicates.words import Who
from explorer.network.model import Interface, Neighbour, Route
from explorer.network.world import World, bare, like

UNREACHED = ("FAILED", "INCOMPLETE", "")


def own_namespace(world: World, *, place: Who) -> bool:
    """A place that fits could be read and has a network namespace that it shares with no host."""
    hosts = {found.netns for found in world.snapshot.places.values() if found.kind == "host"}
    return any(
        found.netns and found.netns not in hosts and not found.shares and "interfaces" in found.views
        for found in world.places(place)
        if found.kind != "host"
    )


def shares_namespace(world: World, *, place: Who, of: Who) -> bool:
    """A place that fits uses the namespace of `of`."""
    others = {found.netns for found in world.places(of) if found.netns}
    names = {found.id for found in world.places(of)}
    return any(found.id not in names and (found.shares in names or found.netns in others) for found in world.places(place))


def interface(
    world: World,
    *,
    place: Who,
    name: str = "",
    kind: str = "",
    master: str = "",
    state: str = "",
    peer: Who = "",
    address: Who = "",
    only: bool = False,
    count: int = 1,
) -> bool:
    """At least `count` interfaces of one place fit; with `only`, that place has no other."""
    for found in world.places(place):
        seen = list(world.seen(found, "interfaces", Interface))
        fitting = [
            one
            for one in seen
            if like(one.name, name)
            and like(one.kind, kind)
            and like(one.master, master)
            and like(one.state, state)
            and like(one.peer_place, peer)
            and (not address or any(world.belongs(held.cidr, address) for held in one.addresses))
        ]
        if len(fitting) >= count and not (only and len(fitting) < len(seen)):
            return True
    return False


def route(world: World, *, place: Who, destination: str = "", via: Who = "", dev: str = "", only: bool = False) -> bool:
    """A route that fits; `via` may be a place. With `only`, there is no other."""
    for found in world.places(place):
        seen = list(world.seen(found, "routes", Route))
        fitting = [
            one for one in seen if like(one.destination, destination) and like(one.dev, dev) and world.belongs(one.via, via)
        ]
        if fitting and not (only and len(fitting) < len(seen)):
            return True
    return False


def gateway(world: World, *, place: Who, bridge: str, host: Who = "h1") -> bool:
    """The default route of `place` leads to the address of `bridge` on `host`."""
    held = {
        bare(address.cidr)
        for one in world.everywhere(host, "interfaces", Interface)
        if like(one.name, bridge)
        for address in one.addresses
    }
    return any(one.destination == "default" and one.via in held for one in world.everywhere(place, "routes", Route))


def neighbour(world: World, *, place: Who, of: Who) -> bool:
    """`place` knows the MAC address of `of`: the two have exchanged packets on one link."""
    return any(
        world.belongs(one.address, of) and one.mac and one.state not in UNREACHED
        for one in world.everywhere(place, "neighbours", Neighbour)
    )


QUESTIONS = (own_namespace, shares_namespace, interface, route, gateway, neighbour)
