"""What a daemon puts on the host for a bridge network besides rules: the bridge, its addresses and its route."""

from __future__ import annotations

import ipaddress
import re

from explorer.network.model import DockerNetwork, Interface, Route
from explorer.network.writes.bridges import PREFIX, subnet_of

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
    gateway = next((told for told in network.gateways if ":" not in told), "")
    return bool(
        gateway
        and has_address(network)
        and item.dev == network.bridge
        and item.destination == subnet_of(network, 4)
        and (item.type, item.via, item.metric) == ("unicast", "", None)
        and (item.source, item.scope, item.protocol) == (gateway, "link", "kernel")
    )
