"""Driver ipvlan: the container's interface sits on a parent interface of the host and shares its MAC address."""

from __future__ import annotations

from explorer.network.cause import NOT_DOCKER, UNKNOWN, Why, of_container
from explorer.network.drivers.known import Known
from explorer.network.model import DockerNetwork, Interface, Item, Route
from explorer.network.names import title

DRIVER = "ipvlan"


def why(known: Known, item: Item) -> Why:
    name = known.container.name if known.container else ""
    if isinstance(item, Interface) and (network := _network(known, item)):
        mode = network.options.get("ipvlan_mode", "l2")
        parent = network.options.get("parent", "an interface")
        return Why(
            f"{name}'s interface on {title(network)}: on {parent} of the host and with its MAC address (mode {mode}).",
            of_container(name, network),
        )
    if isinstance(item, Interface) and item.kind == DRIVER and known.on_host:
        return _own_card(item)
    if isinstance(item, Route) and known.on_host and (card := known.interfaces.get(item.dev)) and card.kind == DRIVER:
        text = f"Through {item.dev}, the host's own ipvlan interface: the way to whoever shares the card with it."
        return Why(text, (NOT_DOCKER,))
    end = known.end_of(known.interfaces.get(item.dev)) if isinstance(item, Route) else None
    if isinstance(item, Route) and end and end.network.driver == DRIVER and end.is_route(item, item.dev):
        network = end.network
        if item.destination == "default":
            gateway = (
                f"goes to its gateway {item.via}" if item.via else f"leaves through {item.dev}, without a gateway (mode L3)"
            )
            return Why(f"Because of {title(network)}: everything else {gateway}.", of_container(name, network))
        return Why(
            f"Because of {title(network)}: addresses in it are reached directly through {item.dev}.",
            of_container(name, network),
        )
    return UNKNOWN


def _own_card(item: Interface) -> Why:
    link = dict(item.detail).get("link", "")
    on = f" on {link}" if link else ""
    return Why(f"An ipvlan interface of the host's own{on}, with the same MAC address. Not added by Docker.", (NOT_DOCKER,))


def why_address(known: Known, interface: Interface, cidr: str) -> Why:
    network, end = _network(known, interface), known.end_of(interface)
    if network and end and known.container and cidr in end.addresses:
        return Why(
            f"{known.container.name}'s address on {title(network)}, seen on the LAN as it is.",
            of_container(known.container.name, network),
        )
    return UNKNOWN


def _network(known: Known, interface: Interface | None) -> DockerNetwork | None:
    network = known.network_of(interface) if interface else None
    return network if network and network.driver == DRIVER else None
