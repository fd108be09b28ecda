"""Driver overlay: one network over several hosts. Frames between the hosts travel inside VXLAN.

What the driver makes (sources: Docker's documentation and real hosts). In a container: a first interface on the network, and
a second one on docker_gwbridge, which is the way out of its host. On the host: a separate namespace for each network in use,
with a bridge and a tunnel (`inside`); docker_gwbridge, which is an ordinary bridge network; and the chains DOCKER-INGRESS,
where services publish ports and the kernel has IPVS.
"""

from __future__ import annotations

from explorer.network.cause import DAEMON, PUBLISH, UNKNOWN, Why, container, network, of_container
from explorer.network.drivers.known import Known
from explorer.network.drivers.overlay import inside
from explorer.network.model import Chain, DockerNetwork, Frame, Interface, Item, Neighbour, Route, Rule
from explorer.network.names import title
from explorer.network.writes import ingress

DRIVER = "overlay"
GATEWAY_BRIDGE = "docker_gwbridge"
INGRESS = "DOCKER-INGRESS"
INGRESS_ABOUT = (network("ingress"), DAEMON)


def why(known: Known, item: Item) -> Why:
    if known.place.kind == "namespace":
        return inside.why(known, item)
    if isinstance(item, Frame):
        return _frame(known, item)
    if known.on_host:
        return _on_host(known, item)
    if isinstance(item, Interface):
        return _interface(known, item)
    if isinstance(item, Route):
        return _route(known, item)
    if isinstance(item, Rule):
        return _task_rule(known, item)
    return _neighbour(known, item) if isinstance(item, Neighbour) else UNKNOWN


def why_address(known: Known, interface: Interface, cidr: str) -> Why:
    address = cidr.partition("/")[0]
    if known.place.kind == "namespace":
        return inside.why_address(known, interface, address)
    mine, end = _network(known, interface), known.end_of(interface)
    if mine and end and known.container and cidr in end.addresses:
        return Why(
            f"{known.container.name}'s address on {title(mine)}, the same from every host of the swarm.",
            of_container(known.container.name, mine),
        )
    if known.way_out and known.way_out[0] == interface.name and cidr in known.way_out[1].addresses:
        return Why(f"{_name(known)}'s address on {GATEWAY_BRIDGE}, for the way out of this host.", _way_out(known))
    return UNKNOWN


def _network(known: Known, interface: Interface | None) -> DockerNetwork | None:
    found = known.network_of(interface) if interface else None
    return found if found and found.driver == DRIVER else None


def _name(known: Known) -> str:
    return known.container.name if known.container else known.place.name


def _networks(known: Known) -> list[DockerNetwork]:
    """The overlay networks of this place's container."""
    names = [endpoint.network for endpoint in known.container.endpoints] if known.container else []
    return [one for name in names if (one := known.networks.get(name)) and one.driver == DRIVER]


def _to_gateway_bridge(known: Known, interface: Interface | None) -> bool:
    """Whether this is the interface by which the container leaves its host."""
    return interface is not None and known.way_out is not None and known.way_out[0] == interface.name


def _way_out(known: Known) -> tuple[str, ...]:
    return (container(_name(known)), *(network(one) for one in _networks(known)), network(GATEWAY_BRIDGE))


# --- in a container ---------------------------------------------------------------------------------------------------


def _interface(known: Known, item: Interface) -> Why:
    if mine := _network(known, item):
        return Why(
            f"{_name(known)}'s interface on {title(mine)}; frames for other hosts are carried inside VXLAN.",
            of_container(_name(known), mine),
        )
    if _to_gateway_bridge(known, item):
        port = f": the other end, {item.peer_name}, is a port of {GATEWAY_BRIDGE}" if item.peer_name else ""
        return Why(
            f"{_name(known)}'s second interface, its way out of this host, since the overlay leads to members only{port}.",
            _way_out(known),
        )
    return UNKNOWN


def _route(known: Known, item: Route) -> Why:
    interface = known.interfaces.get(item.dev)
    mine, end = _network(known, interface), known.end_of(interface)
    if mine and end and end.is_route(item, item.dev):
        return Why(
            f"Because of {title(mine)}: its containers, on whichever host, are reached directly.",
            of_container(_name(known), mine),
        )
    if not _to_gateway_bridge(known, interface) or not known.way_out or not known.way_out[1].is_route(item, item.dev):
        return UNKNOWN
    if item.destination == "default":
        return Why(
            f"What is not for a network of {_name(known)}'s goes out of the host through {item.via}, {GATEWAY_BRIDGE}.",
            _way_out(known),
        )
    return Why(f"The subnet of {GATEWAY_BRIDGE}, with {_name(known)}'s address in it.", _way_out(known))


def _neighbour(known: Known, item: Neighbour) -> Why:
    interface = known.interfaces.get(item.dev)
    mine = _network(known, interface)
    if item.state == "PERMANENT":
        return UNKNOWN
    if mine is None:
        if _to_gateway_bridge(known, interface) and item.mac and known.gateway_network(item.address):
            return Why(f"{GATEWAY_BRIDGE} on the host, the way out: its MAC address, found by ARP.", _way_out(known))
        return UNKNOWN
    about = of_container(_name(known), mine)
    end = known.elsewhere.end(mine, item.address)
    if end and item.mac:
        here = end.host == known.place.host
        found = "neighbour discovery" if ":" in item.address else "ARP"
        by = f"found by {found}" if here else "answered here, from the daemon's table, so that nothing had to be asked across"
        return Why(f"{end.name} on {end.host}, on network {mine.name}: its MAC address, {by}.", about)
    if known.address_network(item.address) == mine and item.state in ("FAILED", "INCOMPLETE"):
        return Why(f"An address of {title(mine)} that nobody answers for.", about)
    return UNKNOWN


def _task_rule(known: Known, item: Rule) -> Why:
    """A rule that protects the ports of a service's container at its address on the network ingress."""
    endpoints = known.container.endpoints if known.container else ()
    mine = next((one.address for one in endpoints if one.network == "ingress" and one.address), "")
    if not mine or f"{mine}/32" not in (item.source, item.destination):
        return UNKNOWN
    about = (container(_name(known)), network("ingress"), PUBLISH)
    if item.target == "REDIRECT":
        return Why(
            f"The service publishes port {item.destination_port}: the packets go to the port its program listens on.", about
        )
    return Why(f"On network ingress, {mine} serves published ports and nothing else: the others are closed.", about)


# --- on the host ------------------------------------------------------------------------------------------------------


def _frame(known: Known, item: Frame) -> Why:
    """What one frame on the LAN carries, as far as both ends are known."""
    mine = next((one for one in known.networks.values() if item.vni in inside.vnis(one)), None)
    if mine is None or item.problem:
        return UNKNOWN
    ends = known.elsewhere.end(mine, item.inner_source_mac), known.elsewhere.end(mine, item.inner_destination_mac)
    hosts = known.elsewhere.hosts.get(item.outer_source), known.elsewhere.hosts.get(item.outer_destination)
    if not all(ends) or not all(hosts):
        return Why(f"A frame of {title(mine)}, inside a UDP datagram between two hosts.", (network(mine),))
    sender, receiver = (end.name for end in ends if end)
    return Why(
        f"A frame of {title(mine)} from {sender} to {receiver}, inside a UDP datagram from {hosts[0]} to {hosts[1]}.",
        (network(mine),),
    )


def _on_host(known: Known, item: Item) -> Why:
    if isinstance(item, Interface) and item.name == GATEWAY_BRIDGE and item.kind == "bridge" and item.name in known.bridges:
        return Why(
            "The bridge by which a container leaves this host when none of its networks has a gateway, as on overlay networks.",
            (network(GATEWAY_BRIDGE), DAEMON),
        )
    if isinstance(item, Chain) and item.name == INGRESS and (item.table, item.name) in known.book.chains:
        what = "one DNAT rule for each" if item.table == "nat" else "lets through packets for each"
        return Why(f"Docker's own chain for swarm services: {what} published port of a service.", INGRESS_ABOUT)
    return _ingress_rule(item) if isinstance(item, Rule) and known.book.known and known.in_swarm else UNKNOWN


def _ingress_rule(item: Rule) -> Why:
    """A rule of the routing mesh: packets to a service's published port go over docker_gwbridge to the namespace of the
    network ingress. The daemon does not tell what its services publish, so a rule for one port is not called Docker's."""
    found = ingress.MESH.get((item.table, item.spec))
    if found:
        return Why(found, INGRESS_ABOUT)
    if item.chain != INGRESS:
        return UNKNOWN
    if item.target == "DNAT" and item.destination_port:
        told = f"{item.protocol} port {item.destination_port} is sent to {item.to_destination}"
        return Why(f"In the chain for ports that swarm services publish: {told}. Which service, the daemon does not tell.")
    if item.target == "ACCEPT" and (item.destination_port or item.source_port):
        way = f"packets for {item.protocol} port {item.destination_port}" if item.destination_port else "answers from that port"
        return Why(f"In the chain for ports that swarm services publish: {way} may pass.")
    return UNKNOWN
