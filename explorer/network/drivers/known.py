"""The names that are known for one place, indexed for look-ups: a driver builds its sentences from these.

The names come from the place's own interfaces, the host's daemon, and the endpoints on other hosts (`Elsewhere`). A name that
is not here is not guessed.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field

from explorer.network.drivers.registry import built_in
from explorer.network.elsewhere import NOBODY, Elsewhere
from explorer.network.model import (
    DockerContainer,
    DockerNetwork,
    DockerState,
    Endpoint,
    Interface,
    Place,
    PublishedPort,
)

ANY_ADDRESS = ("", "0.0.0.0", "::")  # noqa: S104 - how a daemon writes "every address of the host"
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class Attached:
    """A container together with its endpoint on one network."""

    container: DockerContainer
    endpoint: Endpoint

    @property
    def name(self) -> str:
        return self.container.name


@dataclass(frozen=True)
class Known:
    place: Place
    docker: DockerState | None
    interfaces: dict[str, Interface] = field(default_factory=dict)
    bridges: dict[str, DockerNetwork] = field(default_factory=dict)
    networks: dict[str, DockerNetwork] = field(default_factory=dict)
    attached: dict[str, Attached] = field(default_factory=dict)  # by IPv4 address and by MAC
    container: DockerContainer | None = None  # the container that this namespace belongs to
    subnets: tuple[tuple[IPNetwork, DockerNetwork], ...] = ()
    elsewhere: Elsewhere = NOBODY  # endpoints on the other hosts

    @property
    def sure(self) -> bool:
        """Whether enough is known to say what Docker did not make: the daemon answered, and every network has a driver of
        Docker Engine. A third-party driver may put anything anywhere."""
        answered = self.docker is not None and not self.docker.error and bool(self.docker.networks)
        engines = built_in()
        return answered and all(network.driver in engines for network in self.networks.values())

    @property
    def in_swarm(self) -> bool:
        return any(network.scope == "swarm" for network in self.networks.values()) or "docker_gwbridge" in self.interfaces

    def has_container(self, name: str) -> bool:
        return any(container.name == name for container in self.docker.containers) if self.docker else False

    @property
    def on_host(self) -> bool:
        return self.place.kind == "host"

    def subnet_network(self, cidr: str) -> DockerNetwork | None:
        """The network that has exactly this subnet."""
        return next((network for network in self.networks.values() if cidr in network.subnets), None)

    def address_network(self, address: str) -> DockerNetwork | None:
        """The network whose subnet holds this address."""
        try:
            wanted = ipaddress.ip_address(address.partition("/")[0])
        except ValueError:
            return None
        return next((network for subnet, network in self.subnets if wanted in subnet), None)

    def gateway_network(self, address: str) -> DockerNetwork | None:
        """The network that has this address as its gateway; subnets of one daemon do not overlap."""
        return next((network for network in self.networks.values() if address in network.gateways), None)

    def at(self, address: str) -> Attached | None:
        """The container with this IP address (a `/32` is ignored) or MAC address."""
        return self.attached.get(address.removesuffix("/32").lower())

    def endpoint_of(self, interface: Interface) -> Endpoint | None:
        """The endpoint of this namespace's container that fits the interface: by IP address first, then by MAC address."""
        if self.container is None:
            return None
        addresses = {address.cidr.partition("/")[0] for address in interface.addresses}
        endpoints = [endpoint for endpoint in self.container.endpoints if endpoint.address or endpoint.mac]
        by_address = next((endpoint for endpoint in endpoints if endpoint.address in addresses), None)
        return by_address or next((endpoint for endpoint in endpoints if endpoint.mac == interface.mac), None)

    def network_of(self, interface: Interface) -> DockerNetwork | None:
        endpoint = self.endpoint_of(interface)
        return self.networks.get(endpoint.network) if endpoint else None

    def published(self, host_port: str, protocol: str, inside: str) -> tuple[DockerContainer, PublishedPort] | None:
        """The container that publishes `host_port` as `inside` (address:port)."""
        address, _, port = inside.rpartition(":")
        found = self.at(address)
        if found is None:
            return None
        for published in found.container.ports:
            if (str(published.host_port), published.protocol, str(published.container_port)) == (host_port, protocol, port):
                return found.container, published
        return None

    def published_at(self, host_port: int, protocol: str) -> tuple[DockerContainer, PublishedPort] | None:
        """The running container that publishes this port of the host, and the port; None when none does."""
        for container in self.docker.containers if self.docker else ():
            for published in container.ports:
                if container.state == "running" and (published.host_port, published.protocol) == (host_port, protocol):
                    return container, published
        return None


def know(place: Place, docker: DockerState | None, elsewhere: Elsewhere = NOBODY) -> Known:
    seen = place.views.get("interfaces")
    networks = docker.networks if docker else ()
    return Known(
        place=place,
        docker=docker,
        interfaces={item.name: item for item in seen.items if isinstance(item, Interface)} if seen else {},
        bridges={network.bridge: network for network in networks if network.bridge},
        networks={network.name: network for network in networks},
        attached=_attached(docker),
        container=_whose(place, docker),
        subnets=_subnets(networks),
        elsewhere=elsewhere,
    )


def _attached(docker: DockerState | None) -> dict[str, Attached]:
    found: dict[str, Attached] = {}
    for container in docker.containers if docker else ():
        for endpoint in container.endpoints:
            for key in (endpoint.address, endpoint.mac.lower()):
                if key:
                    found.setdefault(key, Attached(container, endpoint))
    return found


def _whose(place: Place, docker: DockerState | None) -> DockerContainer | None:
    if place.kind != "container" or docker is None:
        return None
    return next((container for container in docker.containers if container.name == place.name), None)


def _subnets(networks: tuple[DockerNetwork, ...]) -> tuple[tuple[IPNetwork, DockerNetwork], ...]:
    found: list[tuple[IPNetwork, DockerNetwork]] = []
    for network in networks:
        for subnet in network.subnets:
            try:
                found.append((ipaddress.ip_network(subnet), network))
            except ValueError:
                continue
    return tuple(found)


def spec(published: PublishedPort) -> str:
    """The published port as the argument of `docker run -p`."""
    address = "" if published.host_address in ANY_ADDRESS else f"{published.host_address}:"
    protocol = "" if published.protocol == "tcp" else f"/{published.protocol}"
    return f"{address}{published.host_port}:{published.container_port}{protocol}"


def title(network: DockerNetwork) -> str:
    """The network's title, such as `network bridge (172.17.0.0/16)`."""
    return f"network {network.name}" + (f" ({', '.join(network.subnets[:2])})" if network.subnets else "")
