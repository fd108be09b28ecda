"""The closing card of driver bridge: switches, veth pairs, the way out and the way in."""

from __future__ import annotations

from collections.abc import Iterator

from explorer.network.drivers.summary import Fact, cables, counted, interfaces, listed, rules
from explorer.network.model import DockerNetwork, Interface, Place, Route, Rule
from explorer.network.world import World


def facts(world: World, host: Place) -> Iterator[Fact]:
    networks = [one for one in world.networks(host.id) if one.driver == "bridge"]
    bridges = {one.bridge: one for one in networks if one.bridge}
    yield "Switches", listed(switch(one, bridges) for one in interfaces(world, host) if one.kind == "bridge")
    yield "Cables", cables(world, host)
    routes = [one for one in world.seen(host, "routes", Route) if one.dev in bridges]
    yield "Routes", f"{listed(one.destination for one in routes)}{', each through its switch' * bool(routes)}"
    yield "The way out", way_out(world, host)
    yield "The way in", way_in(world, host)
    yield "Borders", borders(world, host)


def switch(one: Interface, bridges: dict[str, DockerNetwork]) -> str:
    address = next((held.cidr for held in one.addresses if held.family == "inet"), "no address")
    network = bridges.get(one.name)
    return f"{one.name} ({f'network {network.name}, ' if network else ''}{address})"


def way_out(world: World, host: Place) -> str:
    found = rules(world, host, "nat", "MASQUERADE")
    networks = [one for one in found if one.source.partition("/")[2] not in ("", "32")]
    if not networks:
        return ""
    sent = counted(sum(one.packets or 0 for one in networks), "connection", "connections")
    return f"{counted(len(networks), 'MASQUERADE rule', 'MASQUERADE rules')}, {sent} sent out with the host's address"


def way_in(world: World, host: Place) -> str:
    found = [one for one in rules(world, host, "nat", "DNAT") if one.destination_port]
    if not found:
        return "No port is published: no rule leads from a port of the host to a container"
    return listed(f"port {one.destination_port} to {owner(world, host, one)}{only_local(one)}" for one in found)


def owner(world: World, host: Place, rule: Rule) -> str:
    """The container that a DNAT rule leads to, or the bare address when no container has it."""
    address = rule.to_destination.rpartition(":")[0]
    names = [place.name for place in world.places(f"{host.id}/*") if address in world.addresses(place.id)]
    return names[0] if names else rule.to_destination


def only_local(rule: Rule) -> str:
    return " at 127.0.0.1" if rule.destination.startswith("127.") else ""


def borders(world: World, host: Place) -> str:
    """Where a packet from one network to another is dropped. Engine 26 and 28 have these rules in different tables."""
    bridges = {f"!{one.bridge}" for one in world.networks(host.id) if one.driver == "bridge" and one.bridge}
    found = [one for one in rules(world, host, "filter", "DROP") if "ISOLATION" in one.chain]
    found += [one for one in rules(world, host, "raw", "DROP") if one.in_interface in bridges]
    if not found:
        return ""
    ended = counted(sum(one.packets or 0 for one in found), "packet", "packets")
    return f"{counted(len(found), 'DROP rule', 'DROP rules')} between the switches, {ended} ended there"
