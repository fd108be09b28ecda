"""One sentence that says why a place reached another place or did not, from the snapshot and the outcome of the packet.

The kernel's facts (addresses, routes, interfaces) are used first, Docker's names second. Where neither explains the outcome,
the sentence says so.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping

from explorer.network.drivers import links
from explorer.network.grid import Told, addresses_of, interfaces_of
from explorer.network.model import DockerContainer, DockerNetwork, DockerState, Place, Route

UNKNOWN = "No answer, and nothing in this picture says why: follow the packet to see where it ends."
ICC = "com.docker.network.bridge.enable_icc"


class Scene:
    """A snapshot with the look-ups that a reason needs."""

    def __init__(self, places: Mapping[str, Place], docker: Mapping[str, DockerState]) -> None:
        self.places, self.docker = places, docker

    def container(self, place: Place) -> DockerContainer | None:
        state = self.docker.get(place.host)
        found = (one for one in state.containers if one.name == place.name) if state else iter(())
        return next(found, None) if place.kind == "container" else None

    def networks(self, place: Place) -> dict[str, DockerNetwork]:
        """The Docker networks of a container, by name."""
        own, state = self.container(place), self.docker.get(place.host)
        names = {endpoint.network for endpoint in own.endpoints} if own else set()
        return {
            net.name: net
            for net in (state.networks if state else ())
            if net.name in names and net.driver not in ("null", "host")
        }

    def shared(self, one: Place, other: Place) -> DockerNetwork | None:
        """A network that both places are on. Places on two hosts share only a network that spans the hosts."""
        mine, theirs = self.networks(one), self.networks(other)
        same_host = one.host == other.host
        both = [net for name, net in mine.items() if name in theirs and (same_host or net.id == theirs[name].id)]
        return both[0] if both else None

    def child(self, place: Place) -> str:
        """The kernel's link kind of the interface that leads out, when that interface is made on top of the host's interface
        (macvlan, ipvlan); else ""."""
        return next((one.kind for one in interfaces_of(place) if one.kind in links("child")), "")


def why(scene: Scene, source: Place, target: Place, told: Told) -> str:
    simple = {
        "no-address": f"{target.id} has no address: only a loopback interface, so there is nothing to send to.",
        "unmeasured": "Not measured: the time for the whole grid ran out.",
        "stranger": f"{told.address} is an address of {told.by or 'somebody else'} too, and the packet went there.",
    }
    if told.outcome in simple:
        return simple[told.outcome]
    if told.outcome == "no-name":
        return _no_name(scene, source, target)
    if told.outcome == "no-route":
        return _no_route(source, told.address)
    if told.outcome == "answered":
        return _answered(scene, source, target, told.address)
    reason = _apart(scene, source, target, told.address)
    if told.outcome == "one-way":
        return f"The request arrived in {target.id}; its answer did not come back."
    if told.outcome == "refused":
        return (
            f"{told.by} sent it back as undeliverable. {reason}".strip()
            if reason
            else f"{told.by} sent it back as undeliverable."
        )
    return reason or UNKNOWN


def _answered(scene: Scene, source: Place, target: Place, address: str) -> str:
    net = scene.shared(source, target)
    if net and _within(address, net):
        spans = "an overlay that spans their hosts" if source.host != target.host else _by_which(net)
        return f"Same network: both are on {net.name}, {spans}."
    if _on_link(source, address):
        if source.kind == "host" and target.host == source.id:
            return f"{source.id} has an interface of its own on {target.name}'s network."
        if target.id == source.host:
            return f"{address} is its own host's address on a network they share."
        return f"Both have addresses in the same subnet, on the same LAN: {address} needs no router."
    if target.id == source.host:
        return f"It sends to its gateway, and that is {target.id} itself: a host answers at every address it has."
    if source.kind == "container" and _on_link_host(scene, source, address):
        return f"{source.host} forwards it and puts its own address on it (masquerading), so {target.id} can answer."
    return f"A route leads to {address}, and one leads back."


def _by_which(net: DockerNetwork) -> str:
    if net.driver == "bridge":
        return f"and {net.bridge or 'its bridge'} switches between them"
    return f"a {net.driver} network"


def _no_route(source: Place, address: str) -> str:
    if not any(True for _ in addresses_of(source)):
        return f"{source.id} has no address and no route: it has only a loopback interface."
    if not any(route.destination == "default" for route in _routes(source)):
        return f"{source.id} has no default route, and no other that leads to {address}."
    return f"{source.id} has no usable route to {address}."


def _no_name(scene: Scene, source: Place, target: Place) -> str:
    name = target.name
    if source.kind != "container":
        if target.kind == "container":
            return f"Container names are known to Docker's DNS inside user-defined networks; {source.id} stands outside them."
        return f"Nobody {source.id} can ask knows the name {name}."
    own = scene.networks(source)
    if not own:
        return f"{source.id} is on no network: there is no name server it could ask."
    if target.kind != "container":
        return f"Nobody {source.id} can ask knows the name {name}."
    if set(own) == {"bridge"}:
        return "The default bridge has no DNS for container names: names work on user-defined networks only."
    if scene.shared(source, target) is None:
        return f"Docker's DNS tells a container only the names on its own networks, and {target.id} is on none of them."
    return f"They share a network, and still its DNS does not tell the name {name}."


def _apart(scene: Scene, source: Place, target: Place, address: str) -> str:
    """What separates the two places from each other; "" when the snapshot shows nothing."""
    return _child(scene, source, target) or _isolated(scene, source, target) or _beyond(scene, source, target, address)


def _child(scene: Scene, source: Place, target: Place) -> str:
    for inner, host in ((source, target), (target, source)):
        if host.kind == "host" and inner.host == host.id and (kind := scene.child(inner)):
            return f"{inner.id} is a {kind} child of {host.id}'s card, and the two do not hear each other through it."
    return ""


def _isolated(scene: Scene, source: Place, target: Place) -> str:
    mine, theirs = scene.networks(source), scene.networks(target)
    if net := scene.shared(source, target):
        if net.options.get(ICC) == "false":
            return f"{net.name} was made with enable_icc=false: its containers may not talk to each other."
        return ""
    for place, nets in ((source, mine), (target, theirs)):
        if nets and all(net.internal for net in nets.values()):
            return f"{place.id} is only on {_names(nets)}, which is internal: there is no way out of it and none in."
    both_bridges = all(net.driver == "bridge" for net in (*mine.values(), *theirs.values()))
    if mine and theirs and source.host == target.host and both_bridges:
        return f"{_names(mine)} and {_names(theirs)} are different bridges, and Docker keeps bridge networks apart."
    return ""


def _beyond(scene: Scene, source: Place, target: Place, address: str) -> str:
    """The reason for a container of another host: the address of a container has a meaning on its own host only."""
    if target.kind != "container" or (source.host or source.id) == target.host or scene.child(target):
        return ""
    return f"{address} is known on {target.host} only; from elsewhere, a published port is the way in."


def _names(nets: Mapping[str, DockerNetwork]) -> str:
    return " and ".join(sorted(nets)[:3])


def _within(address: str, net: DockerNetwork) -> bool:
    try:
        return any(ipaddress.IPv4Address(address) in ipaddress.ip_network(subnet) for subnet in net.subnets)
    except ValueError:
        return False


def _on_link(place: Place, address: str) -> bool:
    try:
        wanted = ipaddress.IPv4Address(address)
    except ValueError:
        return False
    return any(wanted in own.network for own, _ in addresses_of(place))


def _on_link_host(scene: Scene, source: Place, address: str) -> bool:
    host = scene.places.get(source.host)
    return host is not None and _on_link(host, address)


def _routes(place: Place) -> list[Route]:
    seen = place.views.get("routes")
    return [item for item in seen.items if isinstance(item, Route)] if seen else []
