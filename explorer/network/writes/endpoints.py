"""Which of a container's networks leads out of it, and with which address its ports are published there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from explorer.network.model import DockerContainer, DockerNetwork, DockerState, Endpoint, PublishedPort
from explorer.network.writes.bridges import Bridge
from explorer.network.writes.written import WayOut

STANDING = ("running", "paused", "restarting")
GATEWAY_BRIDGE = "docker_gwbridge"


@dataclass(frozen=True, slots=True)
class Opened:
    """One published port of a container: the bridge on which its rules are, and the container's address there."""

    who: str
    bridge: Bridge
    port: PublishedPort
    address: str
    version: int


def leads_out(networks: dict[str, DockerNetwork], container: DockerContainer, version: int) -> Endpoint | None:
    """The endpoint with the container's default gateway for this version of IP. Of several, Docker takes the one of highest
    priority, then the one whose network's name comes first."""
    fit = [end for end in container.endpoints if _leads_out(networks.get(end.network), end, version)]
    return min(fit, key=lambda end: (-end.priority, end.network), default=None)


def _leads_out(network: DockerNetwork | None, end: Endpoint, version: int) -> bool:
    if network is None or network.internal or network.driver in ("overlay", "null", "host"):
        return False
    return bool(end.address6 and end.gateway6) if version == 6 else bool(end.address and end.gateway)


def on_overlay(networks: dict[str, DockerNetwork], container: DockerContainer) -> bool:
    """Whether the container is on an overlay network that has a way out."""
    on = (networks.get(end.network) for end in container.endpoints)
    return any(one is not None and one.driver == "overlay" and not one.internal for one in on)


def opened(state: DockerState, bridges: Sequence[Bridge], outward: Sequence[WayOut]) -> Iterator[Opened]:
    networks = {network.name: network for network in state.networks}
    by_network = {bridge.network.name: bridge for bridge in bridges}
    ways = {way.owner: way.address for way in outward if way.owner}
    for container in state.containers:
        if container.state not in STANDING or not (container.ports or container.opened):
            continue
        for version in (4, 6):
            end = leads_out(networks, container, version)
            bridge = by_network.get(end.network) if end else None
            address = (end.address6 if version == 6 else end.address) if end else ""
            if end is None and version == 4 and on_overlay(networks, container):
                bridge, address = by_network.get(GATEWAY_BRIDGE), ways.get(container.name, "")
            if bridge is None or bridge.internal or not address:
                continue
            for port in (*container.ports, *container.opened):
                if (":" in port.host_address) == (version == 6):
                    yield Opened(container.name, bridge, port, address, version)
