"""Which place holds the other end of a veth. The kernel gives each end the index of the other; both must agree."""

from __future__ import annotations

from explorer.network.model import Interface, Observation, Place


def link_peers(places: dict[str, Place]) -> dict[str, Place]:
    """The same places with `Interface.peer_place` filled where exactly one place can be meant."""
    ends = _veth_ends(places)
    return {name: _linked(place, ends) for name, place in places.items()}


def _host(place: Place) -> str:
    return place.host or place.id.partition("/")[0]


def _interfaces(place: Place) -> list[Interface]:
    seen = place.views.get("interfaces")
    return [item for item in seen.items if isinstance(item, Interface)] if seen else []


def _veth_ends(places: dict[str, Place]) -> dict[tuple[str, int, int], list[str]]:
    """(host, own index, peer's index) → the places with such an end; a namespace of several names counts once."""
    ends: dict[tuple[str, int, int], list[str]] = {}
    for name, place in places.items():
        if place.shares:
            continue
        for interface in _interfaces(place):
            if interface.kind == "veth" and interface.peer_index is not None:
                ends.setdefault((_host(place), interface.index, interface.peer_index), []).append(name)
    return ends


def _linked(place: Place, ends: dict[tuple[str, int, int], list[str]]) -> Place:
    seen = place.views.get("interfaces")
    if seen is None:
        return place
    items = tuple(_with_peer(item, place, ends) if isinstance(item, Interface) else item for item in seen.items)
    if items == seen.items:
        return place
    linked: Observation = seen.model_copy(update={"items": items})
    return place.model_copy(update={"views": {**place.views, "interfaces": linked}})


def _with_peer(interface: Interface, place: Place, ends: dict[tuple[str, int, int], list[str]]) -> Interface:
    peer = ""
    if interface.kind == "veth" and interface.peer_index is not None:
        own = place.shares or place.id
        found = ends.get((_host(place), interface.peer_index, interface.index), [])
        elsewhere = [name for name in found if name != own]
        peer = elsewhere[0] if len(elsewhere) == 1 else ""
    elif interface.kind == "veth" and interface.peer_name:
        peer = place.shares or place.id  # named, not numbered: both ends are in this namespace
    return interface if peer == interface.peer_place else interface.model_copy(update={"peer_place": peer})
