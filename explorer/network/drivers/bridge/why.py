"""Driver bridge: a Linux bridge on the host, a veth pair for every container, and rules for the way in and out.

What the driver makes (sources: Docker's documentation and real hosts). On the host: `docker0` (default network `bridge`) or
`br-<first 12 characters of the network's id>`, a veth port per container, the connected route, MASQUERADE for the subnet, and
one DNAT with one ACCEPT rule per published port. In the container: `eth0`, its address, and a default route to the bridge.
"""

from __future__ import annotations

from explorer.network.cause import KERNEL, NOT_DOCKER, UNKNOWN, Why, of_container, of_network
from explorer.network.drivers.bridge.chains import chain
from explorer.network.drivers.known import Known
from explorer.network.model import Chain, DockerContainer, DockerNetwork, FdbEntry, Interface, Item, Neighbour, Route
from explorer.network.names import title
from explorer.network.writes import outside
from explorer.network.writes.bridges import subnet_of
from explorer.network.writes.endpoints import GATEWAY_BRIDGE, STANDING
from explorer.network.writes.inside import End
from explorer.network.writes.rules import takes_from_pool


def why(known: Known, item: Item) -> Why:
    if isinstance(item, Interface):
        return _interface(known, item)
    if isinstance(item, Route):
        return _route(known, item)
    if isinstance(item, Neighbour):
        return _neighbour(known, item)
    if isinstance(item, FdbEntry):
        return _fdb(known, item)
    return chain(known, item) if isinstance(item, Chain) else UNKNOWN


def why_address(known: Known, interface: Interface, cidr: str) -> Why:
    network = known.bridges.get(interface.name)
    if network and cidr in outside.addresses_of(network):
        if network.internal:
            told = f"The host's own address on {title(network)}; internal, so containers have no default route to it."
            return Why(told, of_network(network))
        told = f"The gateway of {title(network)}: its containers send here what is not for their own subnet."
        return Why(f"{told}{_own_pool(known, network, cidr)}", of_network(network))
    if network and network.ipv6 and cidr == outside.ENGINE_26S:
        told = f"The bridge of {title(network)} has IPv6: this Docker gives each such bridge this link-local address too."
        return Why(told, of_network(network))
    own = _own_end(known, interface)
    if own and cidr in own.addresses and known.container:
        told = f"{known.container.name}'s address on {title(own.network)}, given by the daemon's address management (IPAM)."
        return Why(told, of_container(known.container.name, own.network))
    return UNKNOWN


def _own_pool(known: Known, network: DockerNetwork, cidr: str) -> str:
    """Says of an IPv6 address whose subnet is one of the engine's own pool where the subnet comes from."""
    subnet = subnet_of(network, 6) if ":" in cidr else ""
    if not subnet or known.docker is None or not takes_from_pool(known.docker, subnet):
        return ""
    return (
        f" The prefix {subnet} is one of this engine's own, {known.docker.pool6}, which it makes of its ID: Docker takes one "
        "itself for a network with IPv6 that was given none."
    )


def _own_end(known: Known, interface: Interface | None) -> End | None:
    """The end of a bridge network that an interface in a container's namespace is."""
    end = known.end_of(interface)
    return end if end and end.network.driver == "bridge" else None


# --- interfaces ------------------------------------------------------------------------------------------------------


def _interface(known: Known, item: Interface) -> Why:
    network = known.bridges.get(item.name)
    if network and outside.is_bridge(network, item):
        return _bridge(known, item, network)
    if item.kind == "veth" and item.master and known.on_host:
        return _port(known, item)
    own = _own_end(known, item)
    if own and known.container:
        other = f"; the other end, {item.peer_name}," if item.peer_name and item.peer_place else "; the other end"
        told = (
            f"{known.container.name}'s interface on {title(own.network)}: "
            f"one end of a veth pair{other} is a port of {own.network.bridge}."
        )
        return Why(told, of_container(known.container.name, own.network))
    return UNKNOWN


def _bridge(known: Known, item: Interface, network: DockerNetwork) -> Why:
    if item.name == "docker0":
        told = f"The Linux bridge of Docker's default network, bridge ({', '.join(network.subnets[:2])})"
    elif item.name == f"br-{network.id[:12]}":
        told = f"The Linux bridge of user-defined {title(network)}; its name is br- and the start of the network's ID"
    else:
        told = f"The Linux bridge of user-defined {title(network)}"
    if network.internal:
        told += ", internal: no way out"
    return Why(f"{told}.{_without_carrier(known, item, network)}", of_network(network))


def _without_carrier(known: Known, item: Interface, network: DockerNetwork) -> str:
    """Why a bridge has no carrier: it has none as long as no port of it is up."""
    if "NO-CARRIER" not in item.flags:
        return ""
    if any(port.master == item.name for port in known.interfaces.values()):
        return " None of its ports is up, so it is DOWN."
    if any(_is_on(container, network) for container in known.containers.values()):
        return " A container is connected, but no port is there, so it is DOWN."
    return " No container is connected, so it is DOWN."


def _is_on(container: DockerContainer, network: DockerNetwork) -> bool:
    return container.state in STANDING and any(end.network == network.name for end in container.endpoints)


def _port(known: Known, item: Interface) -> Why:
    """The sentence for a port of a bridge. Docker makes one port for each container of the network; a port that leads to
    somebody else, or a second one, was put there by hand."""
    network = known.bridges.get(item.master)
    of = f"{item.master} ({title(network)})" if network and network.name != "bridge" else item.master
    if item.peer_place:
        other = item.peer_place.rpartition("/")[2]
        told = f"{known.elsewhere.far_end(item)} ends here; a port of {of}."
        if network and known.sure and not _dockers_port(known, item, network, other):
            return Why(f"{told} Not added by Docker.", (NOT_DOCKER,))
        return Why(told, _behind(known, item, network))
    if network and outside.PORT.fullmatch(item.name):
        return Why(f"The host's end of a veth pair; a port of {of}.", _behind(known, item, network))
    return UNKNOWN


def _dockers_port(known: Known, item: Interface, network: DockerNetwork, other: str) -> bool:
    """Whether Docker has laid this cable: it leads to a container of the network, and no other port of the bridge does. The
    containers of overlay networks have a cable to docker_gwbridge, which the daemon does not tell."""
    if not outside.PORT.fullmatch(item.name):
        return False
    if network.name == GATEWAY_BRIDGE:
        return True
    container = known.containers.get(other)
    return container is not None and _is_on(container, network) and known.ports[item.master, item.peer_place] == 1


def _behind(known: Known, port: Interface | None, network: DockerNetwork | None) -> tuple[str, ...]:
    """The owners of a port: the container whose namespace holds the other end, then the network."""
    name = port.peer_place.rpartition("/")[2] if port else ""
    owner = of_container(name) if known.has_container(name) else ()
    return (*owner, *of_network(network)) if network else owner


# --- routes ----------------------------------------------------------------------------------------------------------


def _route(known: Known, item: Route) -> Why:
    network = known.bridges.get(item.dev)
    if network and outside.is_route(network, item):
        return Why(f"Because of {title(network)}: its containers are reached directly through {item.dev}.", of_network(network))
    own = _own_end(known, known.interfaces.get(item.dev))
    if own is None or known.container is None or not own.is_route(item, item.dev):
        return UNKNOWN
    of, about = own.network, of_container(known.container.name, own.network)
    if item.destination == "default":
        return Why(f"Because of {title(of)}: everything else goes to its gateway {item.via}, {of.bridge} on the host.", about)
    return Why(f"Because of {title(of)}: addresses in it are reached directly through {item.dev}, without a router.", about)


# --- neighbours, FDB -------------------------------------------------------------------------------------------------


def _neighbour(known: Known, item: Neighbour) -> Why:
    own = _own_end(known, known.interfaces.get(item.dev))
    network = known.bridges.get(item.dev) or (own.network if own else None)
    if network is None or item.state == "PERMANENT":
        return UNKNOWN
    if item.address in network.gateways:
        who, about = f"The gateway of {title(network)}, {network.bridge} on the host", of_network(network)
    elif (found := known.at(item.address)) and found.endpoint.network == network.name:
        who, about = f"{found.name} on {title(network)}", of_container(found.name, network)
        if other := found.other_mac(item.mac):
            return Why(f"{who}: {other}", about)
    elif (found := known.at(item.mac)) and found.endpoint.network == network.name and item.address.startswith("fe80:"):
        who, about = f"{found.name} on {title(network)}, under its link-local address", of_container(found.name, network)
    else:
        return _nobody(known, network, item)
    by = "neighbour discovery" if ":" in item.address else "ARP"
    return Why(f"{who}: {_found(item, by)}", about)


def _nobody(known: Known, network: DockerNetwork, item: Neighbour) -> Why:
    """The sentence for a neighbour that nobody answers for. It is given only for an address of the network, because anything
    can be typed into a neighbour table."""
    if known.address_network(item.address) != network:
        return UNKNOWN
    by = "neighbour discovery" if ":" in item.address else "ARP"
    told = f"An address of {title(network)} that no container has now"
    told = (
        f"{told}; the entry is left from before, or somebody else answered."
        if item.mac
        else f"{told}, so nobody answers {by} for it."
    )
    return Why(told, of_network(network))


def _found(item: Neighbour, by: str) -> str:
    if item.mac:
        return f"its MAC address, found by {by}."
    return f"no answer to {by}, so no MAC address is known." if item.state in ("FAILED", "INCOMPLETE") else "no MAC address."


def _fdb(known: Known, item: FdbEntry) -> Why:
    if not item.master or not known.on_host:
        return UNKNOWN
    network, port = known.bridges.get(item.master), known.interfaces.get(item.dev)
    if item.dev == item.master and port and port.mac == item.mac:
        owner = of_network(network) if network else (KERNEL,)
        return Why(f"The MAC address of {item.dev} itself: frames for it are for the host.", owner)
    whose = _behind(known, port, network)
    if "permanent" in item.flags and port and port.mac == item.mac:
        return Why(f"The MAC address of the port {item.dev} itself, kept as long as it is a port of {item.master}.", whose)
    if {"permanent", "static"} & set(item.flags):
        return UNKNOWN
    behind = known.at(item.mac)
    if behind is None and port and port.peer_place:
        return Why(f"{item.master} learned that this MAC address is behind {item.dev}, the port of {port.peer_place}.", whose)
    if behind is None:
        return UNKNOWN
    told = f"{item.master} learned from a frame that {behind.name}'s MAC address is behind its port {item.dev}."
    return Why(told, of_container(behind.name, network))
