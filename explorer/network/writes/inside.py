"""What a daemon puts into the namespace of a container: for each of its networks an interface, its addresses and its routes.

The daemon does not say which interface of the namespace belongs to which network; the MAC address that it gave, and the
addresses, do. So an interface is found first (`own`), and its lines are then held against what the daemon would write for it.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass

from explorer.network.model import DockerContainer, DockerNetwork, DockerState, Endpoint, Interface, Route
from explorer.network.writes.bridges import PREFIX, complete, subnet_of
from explorer.network.writes.endpoints import GATEWAY_BRIDGE, leads_out, on_overlay
from explorer.network.writes.outside import GIVEN6, is_connected6

KINDS = {"bridge": "veth", "overlay": "veth", "macvlan": "macvlan", "ipvlan": "ipvlan"}


@dataclass(frozen=True, slots=True)
class End:
    """A container's connection to one network, as it should show in its namespace. `default` is the gateway of its default
    route, "" when another connection or none has it; `default6` that of IPv6. `bare` marks a default route without a gateway
    (ipvlan, mode L3)."""

    network: DockerNetwork
    endpoint: Endpoint
    addresses: tuple[str, ...]
    default: str = ""
    bare: bool = False
    default6: str = ""

    def fits(self, item: Interface) -> bool:
        """Whether Docker could have made this interface for the connection: its kind, and its name or what it was given."""
        if self.network.driver not in KINDS:  # another driver's interface may be of any kind
            return item.kind != "loopback" and not item.master
        prefix = self.network.options.get(f"{PREFIX}container_iface_prefix", "eth")
        named = re.fullmatch(re.escape(prefix) + r"\d{1,3}", item.name, re.ASCII)
        return item.kind == KINDS[self.network.driver] and not item.master and named is not None

    def is_route(self, item: Route, dev: str) -> bool:
        """Whether the route is exactly one that comes with the connection."""
        if item.dev == dev and item.metric is not None:
            return self._is_route6(item)
        if item.dev != dev or item.type != "unicast":
            return False
        address = self.endpoint.address
        subnet = subnet_of(self.network, 4)
        if subnet and item.destination == subnet:
            return (item.via, item.source, item.scope, item.protocol) == ("", address, "link", "kernel")
        if item.destination != "default":
            return False
        if self.bare:
            return (item.via, item.source, item.scope, item.protocol) == ("", "", "link", "")
        return bool(self.default) and (item.via, item.source, item.scope, item.protocol) == (self.default, "", "", "")

    def _is_route6(self, item: Route) -> bool:
        """IPv6 routes have a metric, those of Docker for IPv4 have none."""
        if item.destination == subnet_of(self.network, 6):
            return bool(self.endpoint.address6) and is_connected6(item)
        told = (item.destination, item.type, item.via, item.source, item.protocol, item.metric)
        return bool(self.default6) and told == ("default", "unicast", self.default6, "", "", GIVEN6)


def ends_of(state: DockerState, container: DockerContainer) -> list[End]:
    networks = {network.name: network for network in complete(state).networks}
    first, first6 = (leads_out(networks, container, version) for version in (4, 6))
    found = []
    for endpoint in container.endpoints:
        network = networks.get(endpoint.network)
        if network is None or network.driver in ("null", "host"):
            continue
        bare = network.driver == "ipvlan" and network.options.get("ipvlan_mode", "l2").startswith("l3")
        default = endpoint.gateway if endpoint is first and not bare else ""
        default6 = endpoint.gateway6 if endpoint is first6 and not bare else ""
        bare = bare and not network.internal
        found.append(End(network, endpoint, tuple(_addresses(network, endpoint)), default, bare, default6))
    return found


def way_out_of(state: DockerState, container: DockerContainer, address: str) -> End | None:
    """The second interface of a container on an overlay network, with this address on docker_gwbridge."""
    networks = {network.name: network for network in complete(state).networks}
    gateway = networks.get(GATEWAY_BRIDGE)
    if gateway is None or not on_overlay(networks, container):
        return None
    try:
        subnet = ipaddress.ip_network(subnet_of(gateway, 4))
        if ipaddress.ip_address(address) not in subnet:
            return None
    except ValueError:
        return None
    endpoint = Endpoint(network=GATEWAY_BRIDGE, address=address, prefix=subnet.prefixlen)
    leads = leads_out(networks, container, 4) is None
    default = next((told for told in gateway.gateways if ":" not in told), "") if leads else ""
    return End(gateway, endpoint, tuple(_addresses(gateway, endpoint)), default)


def own(ends: Iterable[End], interfaces: Iterable[Interface]) -> dict[str, End]:
    """The interfaces that Docker made, by name. The MAC address that the daemon gave decides; without one, an address does.
    Of two interfaces that fit one connection, neither is taken."""
    found: dict[str, End] = {}
    fitting = list(interfaces)
    for end in ends:
        able = [item for item in fitting if end.fits(item)]
        by_mac = [item for item in able if end.endpoint.mac and item.mac.lower() == end.endpoint.mac.lower()]
        by_address = [item for item in able if {held.cidr for held in item.addresses} & set(end.addresses)]
        for chosen in (by_mac, by_address):
            if len(chosen) == 1 and chosen[0].name not in found:
                found[chosen[0].name] = end
                break
    return found


def _addresses(network: DockerNetwork, endpoint: Endpoint) -> Iterable[str]:
    """The addresses with the lengths of their prefixes, which are those of the network's subnets where they are not told."""
    for version, address, prefix in ((4, endpoint.address, endpoint.prefix), (6, endpoint.address6, endpoint.prefix6)):
        subnet = subnet_of(network, version) if address and not prefix else ""
        length = prefix or (ipaddress.ip_network(subnet).prefixlen if subnet else 0)
        if address and length:
            yield f"{address}/{length}"
