"""Driver bridge: a Linux bridge on the host, a veth pair for every container, and rules for the way in and out.

What it puts where, by Docker's documentation and by looking: on the host `docker0` (default network `bridge`) or
`br-<first 12 of the network's id>`, a veth port per container, the connected route, MASQUERADE for the subnet, and one
DNAT with one ACCEPT per published port; in the container `eth0`, its address, and a default route to the bridge.
"""

from __future__ import annotations

from explorer.network.drivers.bridge_rules import chain, rule
from explorer.network.drivers.known import Known, title
from explorer.network.model import Chain, DockerNetwork, FdbEntry, Interface, Item, Neighbour, Route, Rule


def why(known: Known, item: Item) -> str:
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
    return chain(known, item) if isinstance(item, Chain) else ""


def why_address(known: Known, interface: Interface, cidr: str) -> str:
    address = cidr.partition("/")[0]
    network = known.bridges.get(interface.name)
    if network and address in network.gateways:
        if network.internal:
            return f"The host's own address on {title(network)}; internal, so containers have no default route to it."
        return f"The gateway of {title(network)}: its containers send here what is not for their own subnet."
    own = _own_network(known, interface)
    endpoint = known.endpoint_of(interface)
    if own and endpoint and endpoint.address == address and known.container:
        return f"{known.container.name}'s address on {title(own)}, given by the daemon's address management (IPAM)."
    return ""


def _own_network(known: Known, interface: Interface | None) -> DockerNetwork | None:
    """The bridge network behind an interface in a container's namespace."""
    network = known.network_of(interface) if interface else None
    return network if network and network.driver == "bridge" else None


# --- interfaces ------------------------------------------------------------------------------------------------------


def _interface(known: Known, item: Interface) -> str:
    network = known.bridges.get(item.name)
    if network and item.kind == "bridge":
        return _bridge(item, network)
    if item.name == "docker0" and item.kind == "bridge" and known.on_host:
        return "The Linux bridge that Docker makes for its default network, bridge."
    if item.kind == "veth" and item.master and known.on_host:
        return _port(known, item)
    own = _own_network(known, item)
    if own and known.container and item.kind == "veth":
        other = f"; the other end, {item.peer_name}," if item.peer_name and item.peer_place else "; the other end"
        return f"{known.container.name}'s interface on {title(own)}: one end of a veth pair{other} is a port of {own.bridge}."
    return ""


def _bridge(item: Interface, network: DockerNetwork) -> str:
    if item.name == "docker0":
        told = f"The Linux bridge of Docker's default network, bridge ({', '.join(network.subnets[:2])})"
    elif item.name == f"br-{network.id[:12]}":
        told = f"The Linux bridge of user-defined {title(network)}; its name is br- and the start of the network's ID"
    else:
        told = f"The Linux bridge of user-defined {title(network)}"
    if network.internal:
        told += ", internal: no way out"
    return f"{told}. No container is connected, so it is DOWN." if "NO-CARRIER" in item.flags else f"{told}."


def _port(known: Known, item: Interface) -> str:
    network = known.bridges.get(item.master)
    of = f"{item.master} ({title(network)})" if network and network.name != "bridge" else item.master
    if item.peer_place:
        container = item.peer_place.rpartition("/")[2]
        end = f"{container}'s {item.peer_name}" if item.peer_name else f"A veth pair from {container}"
        return f"{end} ends here; a port of {of}."
    return f"The host's end of a veth pair; a port of {of}." if network or item.master == "docker0" else ""


# --- routes ----------------------------------------------------------------------------------------------------------


def _route(known: Known, item: Route) -> str:
    network = known.bridges.get(item.dev)
    if network and item.destination in network.subnets:
        return f"Because of {title(network)}: its containers are reached directly through {item.dev}."
    own = _own_network(known, known.interfaces.get(item.dev))
    if own is None:
        return ""
    if item.destination == "default" and item.via in own.gateways:
        return f"Because of {title(own)}: everything else goes to its gateway {item.via}, {own.bridge} on the host."
    if item.destination in own.subnets:
        return f"Because of {title(own)}: addresses in it are reached directly through {item.dev}, without a router."
    return ""


# --- neighbours, FDB -------------------------------------------------------------------------------------------------


def _neighbour(known: Known, item: Neighbour) -> str:
    network = known.bridges.get(item.dev) or _own_network(known, known.interfaces.get(item.dev))
    if network is None:
        return ""
    if item.address in network.gateways:
        who = f"The gateway of {title(network)}, {network.bridge} on the host"
    elif (found := known.at(item.address)) and found.endpoint.network == network.name:
        who = f"{found.name} on {title(network)}"
    else:
        return _nobody(known, network, item)
    return f"{who}: {_found(item)}"


def _nobody(known: Known, network: DockerNetwork, item: Neighbour) -> str:
    """Not said unless the address belongs to the network: anything can be typed into a neighbour table."""
    if known.address_network(item.address) != network:
        return ""
    told = f"An address of {title(network)} that no container has now"
    return f"{told}; the entry is left from before." if item.mac else f"{told}, so nobody answers ARP for it."


def _found(item: Neighbour) -> str:
    if item.mac:
        return "its MAC address, found by ARP."
    return "no answer to ARP, so no MAC address is known." if item.state in ("FAILED", "INCOMPLETE") else "no MAC address."


def _fdb(known: Known, item: FdbEntry) -> str:
    if not item.master or not known.on_host:
        return ""
    if item.dev == item.master:
        return f"The MAC address of {item.dev} itself: frames for it are for the host."
    port = known.interfaces.get(item.dev)
    if "permanent" in item.flags and port and port.mac == item.mac:
        return f"The MAC address of the port {item.dev} itself, kept as long as it is a port of {item.master}."
    behind = known.at(item.mac)
    if behind is None and port and port.peer_place:
        return f"{item.master} learned that this MAC address is behind {item.dev}, the port of {port.peer_place}."
    if behind is None:
        return ""
    return f"{item.master} learned from a frame that {behind.name}'s MAC address is behind its port {item.dev}."
