"""The names that are known for one place, indexed for look-ups: a driver builds its sentences from these.

The names come from the place's own interfaces, the host's daemon, and the endpoints on other hosts (`Elsewhere`). A name that
is not here is not guessed.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from explorer.network.drivers.registry import built_in
from explorer.network.elsewhere import NOBODY, Elsewhere
from explorer.network.model import (
    Chain,
    DockerContainer,
    DockerNetwork,
    DockerState,
    Endpoint,
    Interface,
    Item,
    Place,
    PublishedPort,
    Rule,
)
from explorer.network.packets.dns import EMBEDDED_SERVER
from explorer.network.writes import RuleBook, complete, host_rules, nft_book
from explorer.network.writes.inside import End, ends_of, own, way_out_of
from explorer.network.writes.nft_book import NftBook
from explorer.network.writes.rules import seen_proxy
from explorer.network.writes.sockets import listener_at

DNS_TABLE = "docker-dns"  # of Docker's nftables backend
Subnets = dict[tuple[int, int], dict[int, DockerNetwork]]  # (IP version, prefix length) → its leading bits → the network


@dataclass(frozen=True)
class Attached:
    """A container together with its endpoint on one network."""

    container: DockerContainer
    endpoint: Endpoint

    @property
    def name(self) -> str:
        return self.container.name

    def other_mac(self, mac: str) -> str:
        """Words for a neighbour entry that has another MAC address than Docker gave the container; "" when it has not."""
        given = self.endpoint.mac.lower()
        if not mac or not given or mac.lower() == given:
            return ""
        return f"Docker gave it the MAC address {given}, and this entry has another one."


@dataclass(frozen=True)
class Known:
    """`docker` is what the daemon says. In `networks` and what is made of it, a gateway that Docker chose without saying so is
    filled in."""

    place: Place
    docker: DockerState | None
    interfaces: dict[str, Interface] = field(default_factory=dict)
    bridges: dict[str, DockerNetwork] = field(default_factory=dict)
    networks: dict[str, DockerNetwork] = field(default_factory=dict)
    attached: dict[str, Attached] = field(default_factory=dict)  # by IP address and by MAC address
    container: DockerContainer | None = None  # the container that this namespace belongs to
    subnets: Subnets = field(default_factory=dict)
    elsewhere: Elsewhere = NOBODY  # endpoints on the other hosts
    owners: dict[str, tuple[str, ...]] = field(default_factory=dict)  # of interfaces, each once it was asked for

    @property
    def sure(self) -> bool:
        """Whether enough is known to say what Docker did not make: the daemon answered, and every network has a driver of
        Docker Engine. A third-party driver may put anything anywhere."""
        answered = self.docker is not None and not self.docker.error and bool(self.docker.networks)
        engines = built_in()
        return answered and all(network.driver in engines for network in self.networks.values())

    @property
    def podman(self) -> bool:
        """Whether the host has Podman, whose lines have sentences of their own."""
        return self.docker is not None and self.docker.engine == "podman"

    @property
    def cut(self) -> bool:
        """Whether the daemon names more than is kept."""
        return self.docker is not None and self.docker.cut

    @property
    def plain_namespace(self) -> bool:
        """Whether this is a container's own namespace, which Docker has filled for its networks."""
        mode = self.container.network_mode if self.container else ""
        return bool(mode) and mode not in ("host", "none") and not mode.startswith("container:")

    @property
    def in_swarm(self) -> bool:
        return any(network.scope == "swarm" for network in self.networks.values()) or "docker_gwbridge" in self.interfaces

    def has_container(self, name: str) -> bool:
        return name in self.containers

    @cached_property
    def containers(self) -> dict[str, DockerContainer]:
        return {container.name: container for container in self.docker.containers} if self.docker else {}

    @cached_property
    def ports(self) -> Counter[tuple[str, str]]:
        """How many ports of a bridge lead to a place: by (bridge, place)."""
        return Counter((item.master, item.peer_place) for item in self.interfaces.values() if item.master)

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
        bits = int(wanted)
        for (version, length), found in self.subnets.items():
            if version == wanted.version and (network := found.get(bits >> (wanted.max_prefixlen - length))):
                return network
        return None

    def gateway_network(self, address: str) -> DockerNetwork | None:
        """The network that has this address as its gateway; subnets of one daemon do not overlap."""
        return next((network for network in self.networks.values() if address in network.gateways), None)

    def at(self, address: str) -> Attached | None:
        """The container with this IP address (a `/32` is ignored) or MAC address."""
        return self.attached.get(address.removesuffix("/32").removesuffix("/128").lower())

    @cached_property
    def book(self) -> RuleBook:
        """The rules that this host's daemon would write now."""
        if self.docker is None or self.podman or not self.on_host:
            return RuleBook()
        if self.nft_book.known:
            return RuleBook(known=True)  # it writes to nftables, and nothing to iptables
        seen = (item for view in ("nat", "filter", "raw") for item in self._items(view) if isinstance(item, Chain))
        chains = frozenset((chain.table, chain.name) for chain in seen if chain.tool == "iptables")
        return host_rules(self.docker, self.elsewhere.outward.get(self.place.id, ()), self.proxy, chains)

    @cached_property
    def nft_book(self) -> NftBook:
        """What this host's daemon would write now to nftables, if that is its backend."""
        items = self._items("raw")
        chains = (item for view in ("nat", "filter") for item in self._items(view) if isinstance(item, Chain))
        if self.docker is None or self.docker.error or not self.on_host or not nft_book.has_backend(items, chains):
            return nft_book.NOTHING
        return nft_book.host_lines(self.docker, self.elsewhere.outward.get(self.place.id, ()), nft_book.seen_proxy(items))

    def _items(self, view: str) -> tuple[Item, ...]:
        seen = self.place.views.get(view)
        return seen.items if seen else ()

    @cached_property
    def proxy(self) -> bool | None:
        """Whether the host's daemon uses docker-proxy; None when its rules do not show it."""
        return nft_book.seen_proxy(self._items("raw")) if self.nft_book.known else seen_proxy(self.rules("nat"))

    @cached_property
    def masqueraded(self) -> frozenset[str]:
        """The names of the networks of which Docker's rule that replaces source addresses is there."""
        by_way = {f"!{network.bridge}": network for network in self.bridges.values()}
        found = set()
        for rule in (*self.rules("nat"), *self.rules("raw")):
            network = by_way.get(rule.out_interface)
            dockers = self.nft_book.find(rule) if rule.tool == "nft" else self.book.find(rule)
            if network and rule.source in network.subnets and dockers is not None:
                found.add(network.name)
        return frozenset(found)

    @cached_property
    def server_specs(self) -> tuple[str, ...]:
        """The rules of the nat table, and those of Docker's table of nft for it, that name Docker's name server."""
        rules = (*self.rules("nat"), *(rule for rule in self.rules("raw") if rule.table == DNS_TABLE))
        return tuple(rule.spec for rule in rules if EMBEDDED_SERVER in rule.spec)

    def rules(self, view: str) -> Iterator[Rule]:
        return (item for item in self._items(view) if isinstance(item, Rule))

    @cached_property
    def ends(self) -> dict[str, End]:
        """The interfaces that Docker made in this container's namespace, by name, each with its network."""
        if self.docker is None or self.container is None:
            return {}
        return own(ends_of(self.docker, self.container), self.interfaces.values())

    @cached_property
    def way_out(self) -> tuple[str, End] | None:
        """The name of the interface by which a container on an overlay network leaves its host, and the interface's end."""
        if self.docker is None or self.container is None:
            return None
        for item in self.interfaces.values():
            if item.kind != "veth" or item.master or item.name in self.ends:
                continue
            for held in item.addresses if item.kind == "veth" else ():
                if end := way_out_of(self.docker, self.container, held.cidr.partition("/")[0]):
                    return (item.name, end) if end.fits(item) else None
        return None

    def end_of(self, interface: Interface | None) -> End | None:
        return self.ends.get(interface.name) if interface else None

    def endpoint_of(self, interface: Interface) -> Endpoint | None:
        """The endpoint of this namespace's container to which the interface belongs."""
        end = self.end_of(interface)
        return end.endpoint if end else None

    def network_of(self, interface: Interface) -> DockerNetwork | None:
        endpoint = self.endpoint_of(interface)
        return self.networks.get(endpoint.network) if endpoint else None

    def published(self, host_port: str, protocol: str, inside: str) -> tuple[DockerContainer, PublishedPort] | None:
        """The container that publishes `host_port` as `inside` (address:port)."""
        address, _, port = inside.rpartition(":")
        found = self.at(address.removeprefix("[").removesuffix("]"))
        if found is None:
            return None
        for published in found.container.ports:
            if (str(published.host_port), published.protocol, str(published.container_port)) == (host_port, protocol, port):
                return found.container, published
        return None

    def published_at(self, protocol: str, address: str, port: int) -> tuple[DockerContainer, PublishedPort] | None:
        """The container whose published port takes what is sent to this address and port of the host, and the port."""
        return listener_at(self.docker, protocol, address, port) if self.docker else None


def know(place: Place, docker: DockerState | None, elsewhere: Elsewhere = NOBODY) -> Known:
    seen = place.views.get("interfaces")
    networks = complete(docker).networks if docker else ()
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
            for key in (endpoint.address, endpoint.address6, endpoint.mac.lower()):
                if key:
                    found.setdefault(key, Attached(container, endpoint))
    return found


def _whose(place: Place, docker: DockerState | None) -> DockerContainer | None:
    if place.kind != "container" or docker is None:
        return None
    return next((container for container in docker.containers if container.name == place.name), None)


def _subnets(networks: tuple[DockerNetwork, ...]) -> Subnets:
    found: Subnets = {}
    for network in networks:
        for subnet in network.subnets:
            try:
                read = ipaddress.ip_network(subnet)
            except ValueError:
                continue
            bits = int(read.network_address) >> (read.max_prefixlen - read.prefixlen)
            found.setdefault((read.version, read.prefixlen), {}).setdefault(bits, network)
    return found
