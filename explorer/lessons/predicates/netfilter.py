"""Questions about rules and tracked connections."""

from __future__ import annotations

from explorer.lessons.predicates.words import Who, flows
from explorer.network.model import Connection, Rule, View
from explorer.network.world import World, like


def rule(
    world: World,
    *,
    place: Who = "h1",
    table: str = "",
    chain: str = "",
    target: str = "",
    protocol: str = "",
    source: Who = "",
    destination: Who = "",
    to: Who = "",
    in_interface: str = "",
    out_interface: str = "",
    destination_port: int = 0,
    counted: bool = False,
) -> bool:
    """A netfilter rule fits. `counted` requires that at least one packet met the rule. `to` is the target of a DNAT."""
    views: tuple[View, ...] = ("nat", "filter", "raw")
    for view in views:
        for one in world.everywhere(place, view, Rule):
            if (
                like(one.table, table)
                and like(one.chain, chain)
                and like(one.target, target)
                and like(one.protocol, protocol)
                and world.belongs(one.source, source)
                and world.belongs(one.destination, destination)
                and (not to or world.belongs(one.to_destination.rpartition(":")[0], to))
                and like(one.in_interface, in_interface)
                and like(one.out_interface, out_interface)
                and (not destination_port or one.destination_port == str(destination_port))
                and (not counted or bool(one.packets))
            ):
                return True
    return False


def connection(
    world: World,
    *,
    place: Who = "h1",
    protocol: str = "",
    source: Who = "",
    destination: Who = "",
    destination_port: int = 0,
    answered_by: Who = "",
    answered_to: Who = "",
    snat: bool | None = None,
    dnat: bool | None = None,
) -> bool:
    """A tracked connection that was answered fits. `answered_by` and `answered_to` are the ends of the answer."""
    return any(
        like(one.protocol, protocol)
        and "UNREPLIED" not in {flag.strip("[]") for flag in one.flags}
        and flows(world, one.original, source, destination, destination_port)
        and world.belongs(one.reply.source, answered_by)
        and world.belongs(one.reply.destination, answered_to)
        and (snat is None or one.snat == snat)
        and (dnat is None or one.dnat == dnat)
        for one in world.everywhere(place, "connections", Connection)
    )


QUESTIONS = (rule, connection)
