"""On which addresses and ports of the host Docker listens: docker-proxy for each published port, or the daemon itself where
there is no docker-proxy, so that nobody else takes the port."""

from __future__ import annotations

import ipaddress

from explorer.network.model import DockerContainer, DockerState, PublishedPort
from explorer.network.writes.endpoints import STANDING

Socket = tuple[str, str, int]  # protocol, address, port


def listeners(state: DockerState) -> dict[Socket, tuple[DockerContainer, PublishedPort]]:
    """Every socket that a published port has on the host, with its container."""
    return {
        (port.protocol, port.host_address, port.host_port): (container, port)
        for container in state.containers
        if container.state in STANDING
        for port in container.ports
    }


def listener_at(state: DockerState, protocol: str, address: str, port: int) -> tuple[DockerContainer, PublishedPort] | None:
    """The published port whose socket takes what is sent to this address and port."""
    try:
        version = ipaddress.ip_address(address).version
    except ValueError:
        return None
    every = "::" if version == 6 else "0.0.0.0"  # noqa: S104 - how a daemon writes "every address of the host"
    sockets = listeners(state)
    return sockets.get((protocol, address, port)) or sockets.get((protocol, every, port))
