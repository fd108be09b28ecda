"""Questions about a LAN on which containers are neighbours: whose MAC address is known, who does not answer, who has which
address."""

from __future__ import annotations

from explorer.lessons.predicates.words import Who
from explorer.network.model import Interface, Neighbour, Place
from explorer.network.world import World

SILENT = ("FAILED", "INCOMPLETE")


def known_by_own_mac(world: World, *, place: Who, knower: Who) -> bool:
    """`knower` has an address of `place` with a MAC address of `place` itself, not with one of its host."""
    for found in world.places(place):
        own = cards(world, found) - cards(world, world.snapshot.places.get(found.host))
        if any(
            one.mac in own and one.address in world.addresses(found.id)
            for other in world.places(knower)
            if other.id != found.id
            for one in world.seen(other, "neighbours", Neighbour)
        ):
            return True
    return False


def unanswered(world: World, *, place: Who, of: Who) -> bool:
    """`place` asked for the MAC address of `of` on the link, and nobody answered."""
    return any(
        one.state in SILENT and not one.mac and world.belongs(one.address, of)
        for one in world.everywhere(place, "neighbours", Neighbour)
    )


def same_address(world: World, *, first: Who, second: Who) -> bool:
    """Two network namespaces have the same IP address."""
    return any(
        one.netns != other.netns and world.addresses(one.id) & world.addresses(other.id)
        for one in world.places(first)
        for other in world.places(second)
    )


def cards(world: World, place: Place | None) -> set[str]:
    """The MAC addresses of a place's interfaces."""
    seen = world.seen(place, "interfaces", Interface) if place else ()
    return {one.mac for one in seen if one.mac and one.kind != "loopback"}


QUESTIONS = (known_by_own_mac, unanswered, same_address)
