"""Driver macvlan: the container's interface sits on a parent interface of the host, with a MAC address of its own."""

from __future__ import annotations

from explorer.network.cause import UNKNOWN, Why, of_container
from explorer.network.drivers.known import Known, title
from explorer.network.model import DockerNetwork, Interface, Item, Route

DRIVER = "macvlan"


def why(known: Known, item: Item) -> Why:
    name = known.container.name if known.container else ""
    if isinstance(item, Interface) and (network := _network(known, item)):
        parent = network.options.get("parent", "an interface")
        return Why(
            f"{name}'s interface on {title(network)}: on {parent} of the host, with a MAC address of its own on that LAN.",
            of_container(name, network),
        )
    if isinstance(item, Route) and (network := _network(known, known.interfaces.get(item.dev))):
        if item.destination == "default" and item.via in network.gateways:
            return Why(
                f"Because of {title(network)}: everything else goes to its gateway {item.via}, a router on that LAN.",
                of_container(name, network),
            )
        if item.destination in network.subnets:
            return Why(
                f"Because of {title(network)}: its neighbours on the LAN are reached directly.", of_container(name, network)
            )
    return UNKNOWN


def why_address(known: Known, interface: Interface, cidr: str) -> Why:
    network, endpoint = _network(known, interface), known.endpoint_of(interface)
    if network and endpoint and known.container and endpoint.address == cidr.partition("/")[0]:
        return Why(
            f"{known.container.name}'s address on {title(network)}, seen on the LAN as it is.",
            of_container(known.container.name, network),
        )
    return UNKNOWN


def _network(known: Known, interface: Interface | None) -> DockerNetwork | None:
    network = known.network_of(interface) if interface else None
    return network if network and network.driver == DRIVER else None
