"""Driver macvlan: the container's interface sits on a parent interface of the host and has its own MAC address.

On the host the driver adds only the parent interface, and only where there is none. A person may add a macvlan interface to
the host to reach the containers; this module explains that interface too and says that a person made it.
"""

from __future__ import annotations

from explorer.network.cause import KERNEL, NOT_DOCKER, UNKNOWN, Why, container, of_container, of_network
from explorer.network.drivers.known import Known
from explorer.network.model import DockerNetwork, FdbEntry, Interface, Item, Neighbour, Route
from explorer.network.names import title

DRIVER = "macvlan"
UNHEARD = ("FAILED", "INCOMPLETE")


def why(known: Known, item: Item) -> Why:
    if isinstance(item, Interface):
        return _inside(known, item) or _parent(known, item) or _shim(known, item)
    if isinstance(item, Route):
        return _route(known, item) or _shim_route(known, item)
    if isinstance(item, Neighbour):
        return _neighbour(known, item) or _from_host(known, item)
    return _heard_for(known, item) if isinstance(item, FdbEntry) else UNKNOWN


def why_address(known: Known, interface: Interface, cidr: str) -> Why:
    network, end = _network(known, interface), known.end_of(interface)
    if network and end and known.container and cidr in end.addresses:
        told = f"{known.container.name}'s address on {title(network)}, seen on the LAN as it is."
        return Why(told, of_container(known.container.name, network))
    if _own_card(known, interface) and not cidr.startswith("fe80:"):
        return Why(f"Not added by Docker: an address of the host's own on {interface.name}.", (NOT_DOCKER,))
    return UNKNOWN


# --- in the container ------------------------------------------------------------------------------------------------


def _inside(known: Known, item: Interface) -> Why:
    network = _network(known, item)
    if network is None or known.container is None:
        return UNKNOWN
    name, parent = known.container.name, network.options.get("parent", "an interface")
    mode = dict(item.detail).get("mode", "")
    kind = f"macvlan, mode {mode}" if mode else "macvlan"
    told = f"{name}'s interface on {title(network)} ({kind}): on {parent} of the host, with a MAC address of its own there."
    return Why(told, of_container(name, network))


def _route(known: Known, item: Route) -> Why:
    end, network = known.end_of(known.interfaces.get(item.dev)), _network(known, known.interfaces.get(item.dev))
    if network is None or end is None or known.container is None or not end.is_route(item, item.dev):
        return UNKNOWN
    about = of_container(known.container.name, network)
    if item.destination != "default":
        return Why(f"Because of {title(network)}: its neighbours on the LAN are reached directly.", about)
    if _named_gateway(known, network):
        told = f"everything else goes to its gateway {item.via}, which has to be a router on that LAN."
    else:
        told = f"no gateway was named, so Docker wrote {item.via} here; whether a router has it is not known to Docker."
    return Why(f"Because of {title(network)}: {told}", about)


def _named_gateway(known: Known, network: DockerNetwork) -> bool:
    """Whether somebody chose the network's gateway."""
    told = known.docker.networks if known.docker else ()
    return any(one.id == network.id and bool(one.gateways) for one in told)


def _neighbour(known: Known, item: Neighbour) -> Why:
    """The sentence for a neighbour entry: Docker names its containers and gateways; another machine of the LAN has no name."""
    network = _network(known, known.interfaces.get(item.dev))
    if network is None or known.container is None or item.state == "PERMANENT":
        return UNKNOWN
    sister = known.at(item.address)
    if sister and sister.endpoint.network == network.name:
        who, about = f"{sister.name} on {title(network)}", (container(sister.name), *of_network(network))
    elif any(route.via == item.address for route in _defaults(known)):
        who, about = f"The gateway of {network.name}", of_container(known.container.name, network)
    else:
        who, about = f"A neighbour on the LAN of {network.name}", of_container(known.container.name, network)
    by = "neighbour discovery" if ":" in item.address else "ARP"
    if item.mac:
        other = sister.other_mac(item.mac) if sister and sister.endpoint.network == network.name else ""
        return Why(f"{who}: {other or f'its MAC address, found by {by}.'}", about)
    return Why(f"{who}: nobody answered {by}, so no MAC address is known.", about) if item.state in UNHEARD else UNKNOWN


# --- on the host -----------------------------------------------------------------------------------------------------


def _parent(known: Known, item: Interface) -> Why:
    """A parent interface that Docker made because none was named (`dm-…`), or one that carries one tag of a trunk."""
    network = next((one for one in _networks(known) if one.options.get("parent") == item.name), None)
    if not known.on_host:
        return UNKNOWN
    if item.kind == "dummy" and item.name.startswith("dm-"):
        of = network or next((one for one in _networks(known) if item.name == f"dm-{one.id[:12]}"), None)
        told = "an interface that leads nowhere, made by Docker because no parent was named."
        return Why(f"The parent of {title(of)}: {told}", of_network(of)) if of else UNKNOWN
    if network and item.kind == "vlan":
        tag = dict(item.detail).get("id", item.name.rpartition(".")[2])
        return Why(f"The parent of {title(network)}: the frames of {_below(item) or 'a trunk'} with the 802.1Q tag {tag}.")
    return UNKNOWN


def _own_card(known: Known, item: Interface | None) -> bool:
    """A macvlan interface that stays on the host. Docker's own macvlan interfaces are on the host only for a moment, under
    names that begin with veth."""
    return item is not None and known.on_host and item.kind == "macvlan" and not item.name.startswith("veth")


def _shim(known: Known, item: Interface) -> Why:
    if not _own_card(known, item):
        return UNKNOWN
    parent = _below(item) or "its parent"
    told = (
        f"a macvlan interface of the host's own on {parent}; unlike {parent} itself, it can talk to macvlan containers there."
    )
    return Why(f"Not added by Docker: {told}", (NOT_DOCKER,))


def _shim_route(known: Known, item: Route) -> Why:
    if not _own_card(known, known.interfaces.get(item.dev)):
        return UNKNOWN
    if item.protocol == "kernel":
        return Why(f"The kernel added this route with the address of {item.dev}: that subnet is reached directly.", (KERNEL,))
    reached = known.at(item.destination)
    to = f"{reached.name} is" if reached else f"{item.destination} is"
    return Why(f"Not added by Docker: {to} reached through {item.dev}, the host's own macvlan interface.", (NOT_DOCKER,))


def _from_host(known: Known, item: Neighbour) -> Why:
    """What the host knows of a macvlan container: over the parent interface nothing, over the host's own macvlan interface
    its MAC address."""
    found = known.at(item.address) if known.on_host else None
    network = known.networks.get(found.endpoint.network) if found else None
    if found is None or network is None or network.driver != DRIVER:
        return UNKNOWN
    about = (container(found.name), *of_network(network))
    if item.dev == network.options.get("parent") and item.state in UNHEARD:
        told = f"the host asked through the parent {item.dev}, and the kernel does not hand that to the interfaces on it."
        return Why(f"{found.name} on network {network.name}: {told}", about)
    if item.mac and _own_card(known, known.interfaces.get(item.dev)):
        return Why(f"{found.name} on network {network.name}: its MAC address, found through {item.dev}.", about)
    return UNKNOWN


def _heard_for(known: Known, item: FdbEntry) -> Why:
    """The kernel tells a parent interface the MAC address of each interface that is made on it."""
    found = known.at(item.mac) if known.on_host and {"self", "permanent"} <= set(item.flags) else None
    network = known.networks.get(found.endpoint.network) if found else None
    if found is None or network is None or network.driver != DRIVER or item.dev != network.options.get("parent"):
        return UNKNOWN
    told = f"{item.dev} takes frames for {found.name}'s MAC address too: the kernel tells it of the interfaces made on it."
    return Why(told, of_container(found.name, network))


# --- names -----------------------------------------------------------------------------------------------------------


def _network(known: Known, interface: Interface | None) -> DockerNetwork | None:
    network = known.network_of(interface) if interface else None
    return network if network and network.driver == DRIVER else None


def _below(item: Interface) -> str:
    """The name of the interface that this one sits on, when that interface is in the same namespace."""
    link = dict(item.detail).get("link", "")
    return "" if link.startswith("if") and link[2:].isdigit() else link


def _networks(known: Known) -> list[DockerNetwork]:
    return [one for one in known.networks.values() if one.driver == DRIVER]


def _defaults(known: Known) -> list[Route]:
    seen = known.place.views.get("routes")
    return [one for one in seen.items if isinstance(one, Route) and one.destination == "default" and one.via] if seen else []
