"""Questions about interfaces that share a parent interface and its MAC address, as ipvlan makes them."""

from __future__ import annotations

from explorer.lessons.predicates.words import Who
from explorer.network.model import Interface, Neighbour, Place, Rule
from explorer.network.world import World, like


def ipvlan(world: World, *, place: Who, mode: str = "", name: str = "") -> bool:
    """A place that fits has an ipvlan interface; `mode` is l2, l3 or l3s."""
    return any(
        one.kind == "ipvlan" and like(one.name, name) and like(dict(one.detail).get("mode", ""), mode)
        for one in world.everywhere(place, "interfaces", Interface)
    )


def one_mac(world: World, *, knower: Who, first: Who, second: Who) -> bool:
    """`knower` has addresses of both places among its neighbours, with the same MAC address."""
    return bool(known_macs(world, knower, first) & known_macs(world, knower, second))


def same_card(world: World, *, first: Who, second: Who) -> bool:
    """Two network namespaces have interfaces with the same MAC address."""
    return any(
        one.netns != other.netns and bool(macs(world, one) & macs(world, other))
        for one in world.places(first)
        for other in world.places(second)
    )


def mac_rule(world: World, *, place: Who) -> bool:
    """A rule of the filter table drops frames whose MAC address differs from the one in the rule."""
    return any(
        one.chain == "INPUT" and one.target == "DROP" and "! --mac-source" in one.spec
        for one in world.everywhere(place, "filter", Rule)
    )


def macs(world: World, place: Place) -> set[str]:
    return {one.mac for one in world.seen(place, "interfaces", Interface) if one.mac and one.kind != "loopback"}


def known_macs(world: World, knower: str, who: str) -> set[str]:
    seen = world.everywhere(knower, "neighbours", Neighbour)
    return {one.mac for one in seen if one.mac and world.belongs(one.address, who)}


QUESTIONS = (ipvlan, one_mac, same_card, mac_rule)
