"""What the snapshot knows of a place that a packet passes: its interfaces, routes and rules, and words for them."""

from __future__ import annotations

import ipaddress

from explorer.network.drivers import links
from explorer.network.drivers.known import Known, know
from explorer.network.journeys.kernel import Looked
from explorer.network.model import Chain, DockerState, Interface, Neighbour, Place, Route, Rule, View
from explorer.network.packets import Packet


class Scene:
    def __init__(self, places: dict[str, Place], docker: dict[str, DockerState]) -> None:
        self.places, self.docker = places, docker
        self._interfaces = {
            (place.id, item.name): item
            for place in places.values()
            for item in self._items(place, "interfaces")
            if isinstance(item, Interface)
        }
        self._known: dict[str, Known] = {}

    @staticmethod
    def _items(place: Place, view: View) -> tuple[object, ...]:
        seen = place.views.get(view)
        return seen.items if seen else ()

    def interface(self, place: str, device: str) -> Interface | None:
        return self._interfaces.get((place, device))

    def master(self, place: str, device: str) -> str:
        found = self.interface(place, device)
        return found.master if found else ""

    def why(self, place: str, view: View, key: str) -> str:
        seen = self.places[place].views.get(view) if place in self.places else None
        return next((line.why for line in seen.lines if line.key == key and line.why), "") if seen and key else ""

    def known(self, place: str) -> Known | None:
        if place not in self.places:
            return None
        if place not in self._known:
            found = self.places[place]
            self._known[place] = know(found, self.docker.get(found.host or place.partition("/")[0]))
        return self._known[place]

    def chain(self, place: str, table: str, name: str) -> Chain | None:
        """A chain of nft's as the view shows it."""
        found = self.places.get(place)
        items = self._items(found, "raw") if found else ()
        fits = (item for item in items if isinstance(item, Chain) and item.tool == "nft")
        return next((item for item in fits if (item.table, item.name) == (table, name)), None)

    def rules(self, place: str, table: str) -> list[Rule]:
        """The rules of a chain, in the order of the table."""
        found = self.places.get(place)
        views: tuple[View, ...] = ("nat", "filter", "raw")
        items = (item for view in views for item in (self._items(found, view) if found else ()))
        return [item for item in items if isinstance(item, Rule) and item.table == table]

    def route(self, place: str, destination: str) -> Route | None:
        """The route that the kernel takes: the longest prefix; of equal prefixes, the smallest metric."""
        found = self.places.get(place)
        best: tuple[int, int, Route] | None = None
        for item in self._items(found, routes_of(destination)) if found else ():
            if not isinstance(item, Route) or (length := _matches(item.destination, destination)) is None:
                continue
            rank = (length, -(item.metric or 0), item)
            if best is None or rank[:2] > best[:2]:
                best = rank
        return best[2] if best else None

    def neighbour(self, place: str, address: str) -> Neighbour | None:
        found = self.places.get(place)
        items = self._items(found, "neighbours") if found else ()
        return next((item for item in items if isinstance(item, Neighbour) and item.address == address), None)

    def owner(self, address: str) -> str:
        """The place that has this address, or ""."""
        for (place, _name), item in self._interfaces.items():
            if any(held.cidr.partition("/")[0] == address for held in item.addresses) and not address.startswith("127."):
                return self.places[place].id
        return ""

    def holds(self, place: str, address: str) -> str:
        """The interface of the place that has this address, or ""."""
        for (owner, name), item in self._interfaces.items():
            if owner == place and any(held.cidr.partition("/")[0] == address for held in item.addresses):
                return name
        return ""

    @property
    def whole(self) -> bool:
        """Whether every place could be read: otherwise what nobody has may be there."""
        return not any(place.error for place in self.places.values())

    def is_bridge(self, place: str, device: str) -> bool:
        found = self.interface(place, device)
        return bool(found and found.kind == "bridge")

    def is_child(self, place: str, device: str) -> bool:
        """Whether the interface stands on another one, as a macvlan does."""
        found = self.interface(place, device)
        return bool(found and found.kind in links("child"))

    def with_mac(self, mac: str) -> list[tuple[str, str]]:
        """(place, interface) of every interface with this MAC address; ports of a bridge come last."""
        held = [(bool(item.master), place, name) for (place, name), item in self._interfaces.items() if item.mac == mac]
        return [(place, name) for _port, place, name in sorted(held)]

    # --- in words ---

    def port(self, place: str, device: str) -> str:
        """An interface in words: `vethab12 (web's eth0)`."""
        found = self.interface(place, device)
        if found and found.peer_place and found.peer_name:
            return f"{device} ({found.peer_place.rpartition('/')[2]}'s {found.peer_name})"
        return device

    def bridge(self, place: str, device: str) -> str:
        known = self.known(place)
        network = known.bridges.get(device) if known else None
        return f"{device} (network {network.name})" if network and network.name != device else device

    def leaves(self, place: str, device: str, bridge: str) -> str:
        if bridge:
            return f"{place}: bridge {self.bridge(place, bridge)} sends it out of its port {self.port(place, device)}"
        found = self.interface(place, device)
        if found and found.kind in links("child"):
            return f"leaves {place} by {device}, a {found.kind} of its host's interface: straight onto the LAN"
        return f"leaves {place} by {device}"

    def arrives(self, place: str, device: str, bridge: str) -> str:
        if bridge:
            return f"arrives at {place} on {self.port(place, device)}, a port of bridge {self.bridge(place, bridge)}"
        return f"arrives at {place} on {device}"

    def switched(self, place: str, device: str) -> str:
        bridge = self.bridge(place, self.master(place, device))
        return f"{place}: bridge {bridge} switches it to its port {self.port(place, device)}"

    def flooded(self, place: str, device: str, ports: tuple[str, ...]) -> str:
        bridge, names = self.bridge(place, self.master(place, device)), [self.port(place, port) for port in ports]
        return f"{place}: bridge {bridge} does not know where that MAC address is, and sends it out of {', '.join(names)}"

    def tunnel(self, packet: Packet) -> str:
        outer, vxlan = packet.find("IPv4", depth=0), packet.find("VXLAN")
        if outer is None or vxlan is None:
            return ""
        return f"inside VXLAN {vxlan.get('VNI')}, from {outer.get('source')} to {outer.get('destination')}"

    def routed(self, place: str, destination: str, looked: Looked | None, device: str) -> tuple[str, str]:
        """Which route the kernel took, and why the route is there. Where it was not asked, the place's table says it."""
        route = self.route(place, destination)
        if looked and looked.kind and looked.matched:
            via = f" through {looked.via}" if looked.via else ""
            same = route if route and route.destination == looked.matched else None
            text = f"{place} routes it: {destination} is reached by {looked.device}{via} (route {looked.matched})"
            return text, self.why(place, routes_of(destination), same.key) if same else ""
        if route is None:
            return f"{place} routes it to {destination} by {device}", ""
        via = f" through {route.via}" if route.via else ""
        return (
            f"{place} routes it: {destination} is reached by {route.dev or device}{via} (route {route.destination})",
            self.why(place, routes_of(destination), route.key),
        )


def routes_of(address: str) -> View:
    """The view that has the route to this address."""
    return "routes6" if ":" in address else "routes"


def _matches(prefix: str, address: str) -> int | None:
    """The prefix length of the route when its destination contains the address."""
    everything = "::/0" if ":" in address else "0.0.0.0/0"
    try:
        network = ipaddress.ip_network(everything if prefix == "default" else prefix, strict=False)
        return network.prefixlen if ipaddress.ip_address(address) in network else None
    except ValueError:
        return None
