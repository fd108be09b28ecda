"""Driver overlay: one network over several hosts; frames between them travel inside VXLAN. The way out of a host is a
bridge of its own, docker_gwbridge."""

from __future__ import annotations

from explorer.network.cause import DAEMON, UNKNOWN, Why, of_container
from explorer.network.drivers.known import Known, title
from explorer.network.model import DockerNetwork, Interface, Item, Route

DRIVER = "overlay"


def why(known: Known, item: Item) -> Why:
    name = known.container.name if known.container else ""
    if isinstance(item, Interface) and (network := _network(known, item)):
        return Why(
            f"{name}'s interface on {title(network)}; frames for other hosts are carried inside VXLAN.",
            of_container(name, network),
        )
    if isinstance(item, Route):
        network = _network(known, known.interfaces.get(item.dev))
        if network and item.destination in network.subnets:
            return Why(
                f"Because of {title(network)}: its containers, on whichever host, are reached directly.",
                of_container(name, network),
            )
    if isinstance(item, Interface) and item.name == "docker_gwbridge" and item.kind == "bridge":
        return Why(
            "The bridge through which containers on overlay networks reach what is outside them.",
            ("network:docker_gwbridge", DAEMON),
        )
    return UNKNOWN


def why_address(known: Known, interface: Interface, cidr: str) -> Why:
    network, endpoint = _network(known, interface), known.endpoint_of(interface)
    if network and endpoint and known.container and endpoint.address == cidr.partition("/")[0]:
        return Why(
            f"{known.container.name}'s address on {title(network)}, the same from every host of the swarm.",
            of_container(known.container.name, network),
        )
    return UNKNOWN


def _network(known: Known, interface: Interface | None) -> DockerNetwork | None:
    network = known.network_of(interface) if interface else None
    return network if network and network.driver == DRIVER else None
