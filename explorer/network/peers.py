"""Which place holds the other end of a veth pair, and the name of that end. Each end carries the index of the other; both
must agree."""

from __future__ import annotations

from explorer.network.model import Interface, Observation, Place

Ends = dict[tuple[str, int, int], list[tuple[str, str]]]


def link_peers(places: dict[str, Place]) -> dict[str, Place]:
    """The same places. `Interface.peer_place` and `peer_name` are filled where exactly one interface fits."""
    ends = _veth_ends(places)
    return {name: _linked(place, ends) for name, place in places.items()}


def _host(place: Place) -> str:
    return place.host or place.id.partition("/")[0]


def _interfaces(place: Place) -> list[Interface]:
    seen = place.views.get("interfaces")
    return [item for item in seen.items if isinstance(item, Interface)] if seen else []


def _veth_ends(places: dict[str, Place]) -> Ends:
    """(host, own index, peer's index) → (place, name) of the ends that fit. A namespace with several names counts once."""
    ends: Ends = {}
    for name, place in places.items():
        if place.shares:
            continue
        for interface in _interfaces(place):
            if interface.kind == "veth" and interface.peer_index is not None:
                ends.setdefault((_host(place), interface.index, interface.peer_index), []).append((name, interface.name))
    return ends


def _linked(place: Place, ends: Ends) -> Place:
    seen = place.views.get("interfaces")
    if seen is None:
        return place
    items = tuple(_with_peer(item, place, ends) if isinstance(item, Interface) else item for item in seen.items)
    if items == seen.items:
        return place
    linked: Observation = seen.model_copy(update={"items": items})
    return place.model_copy(update={"views": {**place.views, "interfaces": linked}})


def _with_peer(interface: Interface, place: Place, ends: Ends) -> Interface:
    if interface.kind != "veth":
        return interface
    own = place.shares or place.id
    name, peer = interface.peer_name, ""
    if interface.peer_index is not None:
        found = ends.get((_host(place), interface.peer_index, interface.index), [])
        elsewhere = [end for end in found if end[0] != own]
        peer, name = elsewhere[0] if len(elsewhere) == 1 else ("", "")
    elif interface.peer_name:
        peer = own  # a name instead of a number: both ends are in this namespace
    if (peer, name) == (interface.peer_place, interface.peer_name):
        return interface
    return interface.model_copy(update={"peer_place": peer, "peer_name": name})
