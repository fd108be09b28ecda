"""What a daemon puts on the host for a bridge network besides rules: the bridge, its addresses and its route."""

from __future__ import annotations

import ipaddress
import re

from explorer.network.model import DockerNetwork, Interface, Route
from explorer.network.writes.bridges import PREFIX, subnet_of

CONNECTED6, GIVEN6 = 256, 1024  # metrics of IPv6 routes: with an address, and those that somebody gives
LINK_LOCAL, ENGINE_26S = "fe80::/64", "fe80::1/64"  # Engine 26 gives this address to every bridge with IPv6
PORT = re.compile(r"veth[0-9a-f]{7}", re.ASCII)


def has_address(network: DockerNetwork) -> bool:
    """Whether the host gets the gateway's address on the bridge."""
    return network.options.get(f"{PREFIX}bridge.inhibit_ipv4", "false") in ("false", "")


def addresses_of(network: DockerNetwork) -> set[str]:
    """The addresses that Docker gives the bridge, with the lengths of their prefixes."""
    found = set()
    for gateway in network.gateways:
        version = 6 if ":" in gateway else 4
        subnet = subnet_of(network, version)
        if subnet and (version == 6 or has_address(network)):
            found.add(f"{gateway.partition('/')[0]}/{ipaddress.ip_network(subnet).prefixlen}")
    return found


def is_bridge(network: DockerNetwork, item: Interface) -> bool:
    return network.driver == "bridge" and item.kind == "bridge" and item.name == network.bridge


def is_route(network: DockerNetwork, item: Route) -> bool:
    """Whether it is the route that the kernel adds with the address that Docker gives the bridge."""
    version = 6 if ":" in item.destination else 4
    gateway = next((told for told in network.gateways if (":" in told) == (version == 6)), "")
    if not gateway or item.dev != network.bridge or item.destination != subnet_of(network, version):
        return False
    if version == 6:
        return is_connected6(item)
    told = (item.type, item.via, item.metric, item.source, item.scope, item.protocol)
    return has_address(network) and told == ("unicast", "", None, gateway, "link", "kernel")


def is_connected6(item: Route) -> bool:
    """Whether it is a route that the kernel adds with an IPv6 address."""
    told = (item.type, item.via, item.metric, item.source, item.scope, item.protocol)
    return told == ("unicast", "", CONNECTED6, "", "", "kernel")
