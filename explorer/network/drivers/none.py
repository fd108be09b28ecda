"""Driver null, network none: a network namespace of the container's own with a loopback interface and nothing else."""

from __future__ import annotations

from explorer.network.drivers.known import Known
from explorer.network.model import Interface, Item


def why(known: Known, item: Item) -> str:
    if known.container and known.container.network_mode == "none" and isinstance(item, Interface) and item.kind == "loopback":
        return f"All that {known.container.name} has: network none gives a container loopback only."
    return ""


def why_address(known: Known, interface: Interface, cidr: str) -> str:
    return ""
