"""Driver host: it makes nothing. The container's processes use the host's own network namespace."""

from __future__ import annotations

from explorer.network.cause import HOST, UNKNOWN, Why
from explorer.network.drivers.known import Known
from explorer.network.model import Interface, Item


def why(known: Known, item: Item) -> Why:
    """A container on network host has no interface, address or published port of its own."""
    name = _name(known)
    if name and isinstance(item, Interface):
        return Why(f"The host's own: {name} is on network host and uses the host's network namespace.", (HOST,))
    return UNKNOWN


def why_address(known: Known, interface: Interface, cidr: str) -> Why:
    name = _name(known)
    return Why(f"The host's own address, because {name} is on network host.", (HOST,)) if name else UNKNOWN


def _name(known: Known) -> str:
    return known.container.name if known.container and known.container.network_mode == "host" else ""
