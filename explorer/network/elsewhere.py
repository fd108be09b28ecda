"""Names of containers on the other hosts of a swarm: which place has an address, and which place has a MAC address on an
overlay network.

The daemon of a host names only its own containers. The names of the others come from what was seen on their hosts: the
addresses that the kernel shows there, under the names of the places.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from explorer.network.model import DockerNetwork, DockerState, Interface, Place
from explorer.network.writes.endpoints import GATEWAY_BRIDGE
from explorer.network.writes.written import WayOut


@dataclass(frozen=True, slots=True)
class End:
    """An endpoint of a swarm network: the name of its place, the name of its host, and the network's id."""

    name: str
    host: str
    network: str


@dataclass(frozen=True)
class Elsewhere:
    """`hosts` maps an address on the LAN to the host that has the address. `ends` maps (network id, MAC address or IP
    address) to an endpoint. `outward` has for each host the ends of docker_gwbridge in the namespaces there. `titles` names the
    namespaces that are no container's, by their place. `holders` has for each address that collided somewhere (`dadfailed`) the
    places that use it."""

    hosts: Mapping[str, str] = field(default_factory=dict)
    ends: Mapping[tuple[str, str], End] = field(default_factory=dict)
    outward: Mapping[str, tuple[WayOut, ...]] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)
    holders: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def end(self, network: DockerNetwork, mac_or_address: str) -> End | None:
        return self.ends.get((network.id, mac_or_address.lower()))

    def far_end(self, interface: Interface) -> str:
        """The other end of a veth pair, such as `web's eth0`; "" where its place is not known."""
        if not interface.peer_place:
            return ""
        if title := self.titles.get(interface.peer_place):
            serves = _SERVES.get(title.rpartition(" (")[2], "")
            return f"{interface.peer_name or 'A veth pair'} of the namespace {title}{serves}"
        name = interface.peer_place.rpartition("/")[2]
        return f"{name}'s {interface.peer_name}" if interface.peer_name else f"A veth pair from {name}"


_SERVES = {
    "load balancer)": ", where requests for a service's address are shared out,",
    "ingress_sbox": ", where published ports of services arrive,",
}
NOBODY = Elsewhere()


def look_elsewhere(places: Mapping[str, Place], docker: Mapping[str, DockerState]) -> Elsewhere:
    """Who is on the other hosts; empty as long as no host has a swarm network and no address collided."""
    holders = _holders(places)
    if not any(network.scope == "swarm" for state in docker.values() for network in state.networks):
        return Elsewhere(holders=holders) if holders else NOBODY
    hosts: dict[str, str] = {}
    ends: dict[tuple[str, str], End] = {}
    outward: dict[str, tuple[WayOut, ...]] = {}
    for place in places.values():
        if place.shares:
            continue
        if place.kind != "host" and (state := docker.get(place.host)) is not None:
            outward[place.host] = (*outward.get(place.host, ()), *_ways_out(place, state))
        if place.kind == "host":
            hosts |= dict.fromkeys(_addresses_on_the_lan(place), place.id)
        elif (state := docker.get(place.host)) is not None:
            ends |= dict(_ends(place, state))
    titles = {place.id: place.name for place in places.values() if place.kind == "namespace"}
    return Elsewhere(hosts, ends, outward, titles, holders)


def _holders(places: Mapping[str, Place]) -> dict[str, tuple[str, ...]]:
    """By address that failed its duplicate address detection in one place: the places in which it is used. An address of a
    link is only looked for on the same host."""
    failed: dict[str, set[str]] = {}
    used: dict[str, dict[str, str]] = {}
    for place in places.values():
        for interface in _interfaces(place) if not place.shares else ():
            for held in interface.addresses if interface.kind != "loopback" else ():
                address = held.cidr.partition("/")[0]
                if "dadfailed" in held.flags:
                    failed.setdefault(address, set()).add(place.host)
                elif held.family == "inet6":
                    used.setdefault(address, {})[place.id] = place.host
    return {
        address: tuple(name for name, host in used.get(address, {}).items() if not address.startswith("fe80:") or host in hosts)
        for address, hosts in failed.items()
    }


def _ways_out(place: Place, state: DockerState) -> Iterator[WayOut]:
    gateway = next((network for network in state.networks if network.name == GATEWAY_BRIDGE), None)
    for interface in _interfaces(place) if gateway else ():
        for held in interface.addresses if interface.kind == "veth" and not interface.master else ():
            address = held.cidr.partition("/")[0]
            if gateway and _holds(gateway, address):
                yield WayOut(place.name if place.kind == "container" else "", address)


def _interfaces(place: Place) -> Iterator[Interface]:
    seen = place.views.get("interfaces")
    yield from (item for item in (seen.items if seen else ()) if isinstance(item, Interface))


def _addresses_on_the_lan(host: Place) -> Iterator[str]:
    for interface in _interfaces(host):
        if interface.kind not in ("bridge", "loopback"):
            yield from (held.cidr.partition("/")[0] for held in interface.addresses if held.family == "inet")


def _ends(place: Place, state: DockerState) -> Iterator[tuple[tuple[str, str], End]]:
    networks = [network for network in state.networks if network.scope == "swarm"]
    for interface in _interfaces(place):
        if interface.kind == "bridge" or interface.master:  # no container lives in the network's own namespace
            continue
        for held in interface.addresses:
            address = held.cidr.partition("/")[0]
            network = next((one for one in networks if _holds(one, address)), None)
            if network:
                end = End(place.name, place.host, network.id)
                yield (network.id, address), end
                yield (network.id, interface.mac.lower()), end


def _holds(network: DockerNetwork, address: str) -> bool:
    try:
        return any(ipaddress.ip_address(address) in ipaddress.ip_network(subnet) for subnet in network.subnets)
    except ValueError:
        return False
