"""The closing card of third-party drivers: what Docker asked, and which of the answers are in the kernel now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from explorer.network.drivers.registry import built_in
from explorer.network.drivers.summary import Fact, cables, counted, interfaces, listed
from explorer.network.model import Call, DockerNetwork, Interface, Place, Rule, View
from explorer.network.world import World

VIEWS: tuple[View, View] = ("filter", "nat")


def facts(world: World, host: Place) -> Iterator[Fact]:
    networks = [one for one in world.networks(host.id) if one.driver and one.driver not in built_in()]
    yield "Networks", listed(f"{one.name} (driver {one.driver})" for one in networks)
    yield "Asked of the drivers", questions(world, host)
    held = [one for one in interfaces(world, host) if holds(one, networks)]
    yield "Made in the kernel", listed(f"{one.name}, a {one.kind}" for one in held)
    yield "Cables", cables(world, host)
    yield "Rules", rules(world, host, {one.name for one in held})


def questions(world: World, host: Place) -> str:
    """The calls in the view; these are the newest only, because the journal is cut."""
    calls = list(world.seen(host, "calls", Call))
    times = Counter(one.method for one in calls)
    return listed(f"{method} {'' if number == 1 else f'{number} times'}".rstrip() for method, number in times.most_common())


def holds(one: Interface, networks: list[DockerNetwork]) -> bool:
    gateways = {gateway for network in networks for gateway in network.gateways}
    return any(address.cidr.partition("/")[0] in gateways for address in one.addresses)


def rules(world: World, host: Place, names: set[str]) -> str:
    if not names:
        return ""
    filtered, translated = (
        sum(bool({one.in_interface, one.out_interface} & names) for one in world.seen(host, view, Rule)) for view in VIEWS
    )
    return (
        f"{counted(filtered, 'names', 'name')} a driver's bridge in the filter table, {translated or 'none'} in the nat table"
    )
