"""A bridge network as the daemon acts on it: its options read as Docker reads them, and its gateways, told or chosen."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

from explorer.network.model import DockerNetwork, DockerState, Endpoint

PREFIX = "com.docker.network."
FALSE = ("false", "False", "FALSE", "0", "f", "F")
REMEMBERED = 64


@dataclass(frozen=True, slots=True)
class Family:
    """What a network has of IPv4 or of IPv6. `mode` is the gateway mode (Engine 28). `source` is the address that its packets
    get on the way out when that is not the one of the outgoing interface."""

    version: int
    subnet: str
    mode: str = "nat"
    source: str = ""

    @property
    def before(self) -> str:
        """What stands before a table's name."""
        return "ip6 " if self.version == 6 else ""

    @property
    def whole(self) -> int:
        """The length of a prefix that holds one address."""
        return 128 if self.version == 6 else 32

    @property
    def routed(self) -> bool:
        return self.mode == "routed"

    @property
    def open(self) -> bool:
        return self.mode == "nat-unprotected"


@dataclass(frozen=True, slots=True)
class Bridge:
    network: DockerNetwork
    name: str
    internal: bool
    icc: bool
    masquerade: bool
    trusted: tuple[str, ...]
    families: tuple[Family, ...]

    def family(self, version: int) -> Family | None:
        return next((one for one in self.families if one.version == version), None)


def is_on(options: dict[str, str], name: str) -> bool:
    """Whether an option that is on by default was not turned off."""
    return options.get(f"{PREFIX}{name}", "true") not in FALSE


def bridges(state: DockerState) -> list[Bridge]:
    return [_bridge(network) for network in state.networks if network.driver == "bridge" and network.bridge]


def _bridge(network: DockerNetwork) -> Bridge:
    options = network.options
    trusted = options.get(f"{PREFIX}bridge.trusted_host_interfaces", "")
    return Bridge(
        network=network,
        name=network.bridge,
        internal=network.internal,
        icc=is_on(options, "bridge.enable_icc"),
        masquerade=is_on(options, "bridge.enable_ip_masquerade"),
        trusted=tuple(name for name in trusted.split(":") if name),
        families=tuple(_families(network)),
    )


def _families(network: DockerNetwork) -> Iterator[Family]:
    for version, wanted in ((4, network.ipv4), (6, network.ipv6)):
        subnet = subnet_of(network, version) if wanted else ""
        if subnet:
            mode = network.options.get(f"{PREFIX}bridge.gateway_mode_ipv{version}", "nat")
            yield Family(version, subnet, mode, network.options.get(f"{PREFIX}host_ipv{version}", ""))


def subnet_of(network: DockerNetwork, version: int) -> str:
    """The network's first subnet of this version, in its shortest form; a bridge network has at most one."""
    for subnet in network.subnets:
        try:
            found = ipaddress.ip_network(subnet, strict=False)
        except ValueError:
            continue
        if found.version == version:
            return str(found)
    return ""


# --- gateways --------------------------------------------------------------------------------------------------------

_completed: OrderedDict[int, tuple[DockerState, DockerState]] = OrderedDict()


def complete(state: DockerState) -> DockerState:
    """The same state with every gateway that Docker chose without saying so. The answer for a state is remembered."""
    known = _completed.get(id(state))
    if known is not None and known[0] is state:
        return known[1]
    ends: dict[str, list[Endpoint]] = {}
    for container in state.containers:
        for endpoint in container.endpoints:
            ends.setdefault(endpoint.network, []).append(endpoint)
    networks = tuple(_with_gateways(network, ends.get(network.name, [])) for network in state.networks)
    made = state if networks == state.networks else state.model_copy(update={"networks": networks})
    _completed[id(state)] = (state, made)
    while len(_completed) > REMEMBERED:
        _completed.popitem(last=False)
    return made


def _with_gateways(network: DockerNetwork, ends: list[Endpoint]) -> DockerNetwork:
    told = set(filter(None, (_version(gateway) for gateway in network.gateways)))
    missing = [version for version in (4, 6) if version not in told and subnet_of(network, version)]
    if not missing or network.driver in ("null", "host", "overlay"):
        return network
    chosen = tuple(filter(None, (_chosen(network, version, ends) for version in missing)))
    return network.model_copy(update={"gateways": (*network.gateways, *chosen)}) if chosen else network


def _version(address: str) -> int:
    try:
        return ipaddress.ip_address(address.partition("/")[0]).version
    except ValueError:
        return 0


def _chosen(network: DockerNetwork, version: int, ends: list[Endpoint]) -> str:
    """The gateway that the daemon names for a connected container; where it names none, the one that it takes by itself: the
    first address that it may give out. A network without a way out in this version of IP has no gateway of its own."""
    named = {(end.gateway6 if version == 6 else end.gateway) for end in ends} - {""}
    if named:
        return named.pop() if len(named) == 1 else ""
    if network.driver != "bridge" or network.options.get(f"{PREFIX}bridge.inhibit_ipv4") == "true":
        return ""
    if network.internal and network.options.get(f"{PREFIX}bridge.gateway_mode_ipv{version}") == "isolated":
        return ""
    subnet = ipaddress.ip_network(subnet_of(network, version))
    for part in network.ranges:
        try:
            within = ipaddress.ip_network(part, strict=False)
        except ValueError:
            continue
        if within.version == version:
            first = within.network_address
            return str(first if first != subnet.network_address else first + 1)
    return str(subnet.network_address + 1)
