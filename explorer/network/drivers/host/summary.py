"""The closing card of driver host: which containers use the host's namespace, and what was not added for them."""

from __future__ import annotations

from collections.abc import Iterator

from explorer.network.drivers.bridge.summary import way_in
from explorer.network.drivers.summary import Fact, cables, counted, interfaces, listed
from explorer.network.model import Place
from explorer.network.world import World


def facts(world: World, host: Place) -> Iterator[Fact]:
    inside = [place for place in world.places(f"{host.id}/*") if place.kind == "container"]
    sharing = [place for place in inside if place.shares or place.netns == host.netns]
    own = [place for place in inside if place not in sharing]
    yield "In the host's own namespace", f"{listed(place.name for place in sharing)}{f' (net:[{host.netns}])' * bool(sharing)}"
    yield "Added to the host for them", added(world, host, sharing)
    held = [
        address.cidr
        for one in interfaces(world, host)
        for address in one.addresses
        if one.kind not in ("bridge", "loopback") and address.family == "inet"
    ]
    yield "Their address", f"the host's: {listed(held)}" if sharing and held else ""
    yield "With a namespace of their own", listed(f"{place.name} (net:[{place.netns}])" for place in own)
    yield "Added to the host for those", cables(world, host)
    yield "Ports led into another namespace", way_in(world, host)


def added(world: World, host: Place, sharing: list[Place]) -> str:
    if not sharing:
        return ""
    names = {place.id for place in sharing}
    ends = [one.name for one in interfaces(world, host) if one.peer_place in names]
    return f"{counted(len(ends), 'veth', 'veths')}: {listed(ends)}" if ends else "No interface: nothing leads to them"
