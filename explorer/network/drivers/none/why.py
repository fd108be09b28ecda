"""Driver null, network none: the container has its own network namespace with only a loopback interface."""

from __future__ import annotations

from explorer.network.cause import UNKNOWN, Why, container
from explorer.network.drivers.known import Known
from explorer.network.model import Interface, Item


def why(known: Known, item: Item) -> Why:
    if known.container and known.container.network_mode == "none" and isinstance(item, Interface) and item.kind == "loopback":
        name = known.container.name
        alone = all(one.kind == "loopback" for one in known.interfaces.values())
        told = f"Network none gives a container loopback only{f': it is all that {name} has' if alone else ''}."
        return Why(told, (container(name), "network:none"))
    return UNKNOWN


def why_address(known: Known, interface: Interface, cidr: str) -> Why:
    return UNKNOWN
