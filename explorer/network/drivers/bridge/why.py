"""Driver bridge: a Linux bridge on the host, a veth pair for every container, and rules for the way in and out.

What the driver makes (sources: Docker's documentation and real hosts). On the host: `docker0` (default network `bridge`) or
`br-<first 12 characters of the network's id>`, a veth port per container, the connected route, MASQUERADE for the subnet, and
one DNAT with one ACCEPT rule per published port. In the container: `eth0`, its address, and a default route to the bridge.
"""

from __future__ import annotations

from explorer.network.cause import DAEMON, KERNEL, UNKNOWN, Why, of_container, of_network
from explorer.network.drivers.bridge.rules import chain, rule
from explorer.network.drivers.known import Known, title
from explorer.network.model import Chain, DockerNetwork, FdbEntry, Interface, Item, Neighbour, Route, Rule


def why(known: Known, item: Item) -> Why:
    if isinstance(item, Interface):
        return _interface(known, item)
    if isinstance(item, Route):
        return _route(known, item)
    if isinstance(item, Neighbour):
        return _neighbour(known, item)
    if isinstance(item, FdbEntry):
        return _fdb(known, item)
    if isinstance(item, Rule):
        return rule(known, item)
    return chain(known, item) if isinstance(item, Chain) else UNKNOWN


def why_address(known: Known, interface: Interface, cidr: str) -> Why:
    address = cidr.partition("/")[0]
    network = known.bridges.get(interface.name)
    if network and address in network.gateways:
        if network.internal:
            told = f"The host's own address on {title(network)}; internal, so containers have no default route to it."
            return Why(told, of_network(network))
        told = f"The gateway of {title(network)}: its containers send here what is not for their own subnet."
        return Why(told, of_network(network))
    own = _own_network(known, interface)
    endpoint = known.endpoint_of(interface)
    if own and endpoint and endpoint.address == address and known.container:
        told = f"{known.container.name}'s address on {title(own)}, given by the daemon's address management (IPAM)."
        return Why(told, of_container(known.container.name, own))
    return UNKNOWN


def _own_network(known: Known, interface: Interface | None) -> DockerNetwork | None:
    """The bridge network of an interface in a container's namespace."""
    network = known.network_of(interface) if interface else None
    return network if network and network.driver == "bridge" else None


# --- interfaces ------------------------------------------------------------------------------------------------------


def _interface(known: Known, item: Interface) -> Why:
    network = known.bridges.get(item.name)
    if network and item.kind == "bridge":
        return _bridge(item, network)
    if item.name == "docker0" and item.kind == "bridge" and known.on_host:
        return Why("The Linux bridge that Docker makes for its default network, bridge.", ("network:bridge", DAEMON))
    if item.kind == "veth" and item.master and known.on_host:
        return _port(known, item)
    own = _own_network(known, item)
    if own and known.container and item.kind == "veth":
        other = f"; the other end, {item.peer_name}," if item.peer_name and item.peer_place else "; the other end"
        told = f"{known.container.name}'s interface on {title(own)}: one end of a veth pair{other} is a port of {own.bridge}."
        return Why(told, of_container(known.container.name, own))
    return UNKNOWN


def _bridge(item: Interface, network: DockerNetwork) -> Why:
    if item.name == "docker0":
        told = f"The Linux bridge of Docker's default network, bridge ({', '.join(network.subnets[:2])})"
    elif item.name == f"br-{network.id[:12]}":
        told = f"The Linux bridge of user-defined {title(network)}; its name is br- and the start of the network's ID"
    else:
        told = f"The Linux bridge of user-defined {title(network)}"
    if network.internal:
        told += ", internal: no way out"
    return Why(
        f"{told}. No container is connected, so it is DOWN." if "NO-CARRIER" in item.flags else f"{told}.", of_network(network)
    )


def _port(known: Known, item: Interface) -> Why:
    network = known.bridges.get(item.master)
    of = f"{item.master} ({title(network)})" if network and network.name != "bridge" else item.master
    if item.peer_place:
        other = item.peer_place.rpartition("/")[2]
        end = f"{other}'s {item.peer_name}" if item.peer_name else f"A veth pair from {other}"
        return Why(f"{end} ends here; a port of {of}.", _behind(known, item, network))
    if network or item.master == "docker0":
        return Why(f"The host's end of a veth pair; a port of {of}.", _behind(known, item, network))
    return UNKNOWN


def _behind(known: Known, port: Interface | None, network: DockerNetwork | None) -> tuple[str, ...]:
    """The owners of a port: the container whose namespace holds the other end, then the network."""
    name = port.peer_place.rpartition("/")[2] if port else ""
    owner = of_container(name) if known.has_container(name) else ()
    return (*owner, *of_network(network)) if network else owner


# --- routes ----------------------------------------------------------------------------------------------------------


def _route(known: Known, item: Route) -> Why:
    network = known.bridges.get(item.dev)
    if network and item.destination in network.subnets:
        return Why(f"Because of {title(network)}: its containers are reached directly through {item.dev}.", of_network(network))
    own = _own_network(known, known.interfaces.get(item.dev))
    if own is None or known.container is None:
        return UNKNOWN
    about = of_container(known.container.name, own)
    if item.destination == "default" and item.via in own.gateways:
        return Why(f"Because of {title(own)}: everything else goes to its gateway {item.via}, {own.bridge} on the host.", about)
    if item.destination in own.subnets:
        return Why(
            f"Because of {title(own)}: addresses in it are reached directly through {item.dev}, without a router.", about
        )
    return UNKNOWN


# --- neighbours, FDB -------------------------------------------------------------------------------------------------


def _neighbour(known: Known, item: Neighbour) -> Why:
    network = known.bridges.get(item.dev) or _own_network(known, known.interfaces.get(item.dev))
    if network is None:
        return UNKNOWN
    if item.address in network.gateways:
        who, about = f"The gateway of {title(network)}, {network.bridge} on the host", of_network(network)
    elif (found := known.at(item.address)) and found.endpoint.network == network.name:
        who, about = f"{found.name} on {title(network)}", of_container(found.name, network)
    else:
        return _nobody(known, network, item)
    return Why(f"{who}: {_found(item)}", about)


def _nobody(known: Known, network: DockerNetwork, item: Neighbour) -> Why:
    """The sentence for a neighbour that nobody answers for. It is given only for an address of the network, because anything
    can be typed into a neighbour table."""
    if known.address_network(item.address) != network:
        return UNKNOWN
    told = f"An address of {title(network)} that no container has now"
    told = f"{told}; the entry is left from before." if item.mac else f"{told}, so nobody answers ARP for it."
    return Why(told, of_network(network))


def _found(item: Neighbour) -> str:
    if item.mac:
        return "its MAC address, found by ARP."
    return "no answer to ARP, so no MAC address is known." if item.state in ("FAILED", "INCOMPLETE") else "no MAC address."


def _fdb(known: Known, item: FdbEntry) -> Why:
    if not item.master or not known.on_host:
        return UNKNOWN
    network, port = known.bridges.get(item.master), known.interfaces.get(item.dev)
    if item.dev == item.master:
        owner = of_network(network) if network else (KERNEL,)
        return Why(f"The MAC address of {item.dev} itself: frames for it are for the host.", owner)
    whose = _behind(known, port, network)
    if "permanent" in item.flags and port and port.mac == item.mac:
        return Why(f"The MAC address of the port {item.dev} itself, kept as long as it is a port of {item.master}.", whose)
    behind = known.at(item.mac)
    if behind is None and port and port.peer_place:
        return Why(f"{item.master} learned that this MAC address is behind {item.dev}, the port of {port.peer_place}.", whose)
    if behind is None:
        return UNKNOWN
    told = f"{item.master} learned from a frame that {behind.name}'s MAC address is behind its port {item.dev}."
    return Why(told, of_container(behind.name, network))
