"""The closing card of "start here": which place has which network namespace."""

from __future__ import annotations

from collections.abc import Iterator

from explorer.network.drivers.summary import Fact, cables, counted, interfaces, listed
from explorer.network.model import Place
from explorer.network.world import World


def facts(world: World, host: Place) -> Iterator[Fact]:
    inside = [place for place in world.places(f"{host.id}/*") if place.kind == "container"]
    own = [place.name for place in inside if not place.shares and place.netns != host.netns]
    sharing = [place.name for place in inside if place.shares or place.netns == host.netns]
    yield (
        "Network namespaces",
        f"{counted(1 + len(own), 'is', 'are')} in use: the host's{', and one for each of ' * bool(own)}{listed(own)}",
    )
    yield "In the host's own", listed(sharing)
    bare = [place.name for place in inside if [one.name for one in interfaces(world, place)] == ["lo"]]
    yield "With nothing but lo", listed(bare)
    yield "Networks and their drivers", listed(f"{one.name} ({one.driver})" for one in world.networks(host.id))
    yield "Added to the host", cables(world, host)
