"""Any driver that is not part of Docker Engine: a program that Docker asks over a socket.

What such a driver puts on a host cannot be known beforehand. This module says what the daemon's names tell (which network an
address or subnet belongs to, and which driver answers for it) and what each of Docker's questions means. The rest stays
unexplained.
"""

from __future__ import annotations

from explorer.network.cause import DAEMON, UNKNOWN, Why, container, network, of_container
from explorer.network.drivers.known import Known
from explorer.network.drivers.registry import built_in
from explorer.network.model import Call, DockerNetwork, Interface, Item, Route, Rule
from explorer.network.names import title

QUESTIONS = {
    "Activate": "Docker has found the socket and asks what the program is. It says which of Docker's plugin APIs it serves.",
    "GetCapabilities": "Docker asks how far the driver's networks reach: this host (local), or several (global).",
    "CreateNetwork": "A network is wanted. Docker has chosen its subnet and gateway; what the network is, the driver decides.",
    "DeleteNetwork": "The network is being removed: the driver clears away what it made for it.",
    "CreateEndpoint": "A container is about to be connected. Docker has chosen its address; the driver makes its connection.",
    "DeleteEndpoint": "A container's connection is no longer wanted: the driver clears it away.",
    "Join": "Docker asks which interface to put into the container's namespace, and which gateway it is to use.",
    "Leave": "The container leaves the network; the driver may let go of its connection.",
    "EndpointOperInfo": "Docker asks whether there is more to tell about this connection, to show it to people.",
    "ProgramExternalConnectivity": "Docker asks for the way to the outside and for published ports. To answer is not to do it.",
    "RevokeExternalConnectivity": "Docker asks to end the way to the outside.",
    "DiscoverNew": "Docker tells of another host.",
    "DiscoverDelete": "Docker tells of another host that went.",
}


def why(known: Known, item: Item) -> Why:
    if isinstance(item, Call):
        return Why(QUESTIONS.get(item.method, ""), (DAEMON,)) if item.method in QUESTIONS else UNKNOWN
    if isinstance(item, Interface):
        return _interface(known, item)
    if isinstance(item, Route):
        return _route(known, item)
    return _rule(known, item) if isinstance(item, Rule) else UNKNOWN


def why_address(known: Known, interface: Interface, cidr: str) -> Why:
    address = cidr.partition("/")[0]
    own, endpoint = _own_network(known, interface), known.endpoint_of(interface)
    if own and endpoint and known.container and endpoint.address == address:
        return Why(
            f"{known.container.name}'s address on {title(own)}, given by the daemon's address management (IPAM).",
            of_container(known.container.name, own),
        )
    held = _remote(known.gateway_network(address)) if known.on_host else None
    if held:
        return Why(f"The gateway of {title(held)}, for which driver {held.driver} answers.", (network(held),))
    return UNKNOWN


def _interface(known: Known, item: Interface) -> Why:
    own = _own_network(known, item)
    if own and known.container:
        told = f"{known.container.name}'s interface on {title(own)}: made by driver {own.driver}, put here by Docker."
        return Why(told, of_container(known.container.name, own))
    held = _held(known, item)
    if held:
        return Why(f"Holds the gateway of {title(held)}, for which driver {held.driver} answers.", (network(held),))
    held = _held(known, known.interfaces.get(item.master))
    if held:
        name = item.peer_place.rpartition("/")[2]
        to = f"{name}'s {item.peer_name or 'interface'} ends here" if name else "What is connected here is not known"
        owners = (container(name), network(held)) if name and known.has_container(name) else (network(held),)
        return Why(f"A port of {item.master} ({title(held)}, driver {held.driver}). {to}.", owners)
    return UNKNOWN


def _route(known: Known, item: Route) -> Why:
    own = _own_network(known, known.interfaces.get(item.dev))
    if own and known.container:
        owners = of_container(known.container.name, own)
        if item.destination == "default" and item.via in own.gateways:
            return Why(f"Because of {title(own)}: driver {own.driver} named {item.via} as the gateway.", owners)
        if item.destination in own.subnets:
            return Why(f"Because of {title(own)}: addresses in it are reached directly through {item.dev}.", owners)
    held = _remote(known.subnet_network(item.destination)) if known.on_host else None
    if held:
        return Why(f"Leads to {title(held)}, for which driver {held.driver} answers, through {item.dev}.", (network(held),))
    return UNKNOWN


def _rule(known: Known, item: Rule) -> Why:
    """The sentence for a rule that names the network's interface. The rule itself does not show who made it."""
    for name in (item.in_interface, item.out_interface):
        held = _held(known, known.interfaces.get(name.removeprefix("!")))
        if held and known.on_host:
            return Why(
                f"About {title(held)}, for which driver {held.driver} answers. Who added it does not show.", (network(held),)
            )
    return UNKNOWN


def _remote(found: DockerNetwork | None) -> DockerNetwork | None:
    return found if found and found.driver and found.driver not in built_in() else None


def _own_network(known: Known, interface: Interface | None) -> DockerNetwork | None:
    return _remote(known.network_of(interface)) if interface else None


def _held(known: Known, interface: Interface | None) -> DockerNetwork | None:
    """The network whose gateway address this interface of the host has."""
    if interface is None or not known.on_host:
        return None
    for address in interface.addresses:
        if found := _remote(known.gateway_network(address.cidr.partition("/")[0])):
            return found
    return None
