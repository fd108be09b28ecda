"""The sentences about interfaces, addresses, routes, rules and name lookups of a host with Podman.

What Podman's networks have in common with Docker's (a bridge, veth pairs, macvlan, ARP) is explained by the same drivers; a
sentence of theirs that names Docker or its daemon is not used here. What netavark would not write is called not netavark's,
when Podman answered and the line is of a kind that its state decides.
"""

from __future__ import annotations

import re

from explorer.network import tracked, usual
from explorer.network.cause import NOT_PODMAN, UNKNOWN, Why, of_container
from explorer.network.cause import network as owner
from explorer.network.drivers import in_asking_order
from explorer.network.drivers.known import Known
from explorer.network.model import Chain, Connection, DockerNetwork, Interface, Item, Route, Rule
from explorer.network.names import title
from explorer.network.nft import words
from explorer.network.nft.facts import Elements, NftSet, Table
from explorer.network.read.podman import DEFAULT, DNS
from explorer.network.writes import netavark, outside
from explorer.network.writes.endpoints import STANDING
from explorer.network.writes.inside import End

METRIC = 100  # of every default route that netavark gives a container
STRANGE = Why("Not added by Podman.", (NOT_PODMAN,))
UNLIKE = Why("Not netavark's: for the networks and containers that Podman has now, it writes no such line.", (NOT_PODMAN,))
AGAIN = Why("Not netavark's: an equal line stands before it, and netavark writes each line once.", (NOT_PODMAN,))
_FOREIGN = re.compile(r"\b([Dd]ocker|daemon)")
_PORT = re.compile(r"veth\d{1,4}", re.ASCII)


def why(known: Known, item: Item) -> Why:
    if isinstance(item, Connection):
        return _lookup(known, item) or _plain(tracked.why(known, item))
    if isinstance(item, Rule | Chain | Table | NftSet | Elements):
        return _netfilter(known, item)
    if isinstance(item, Interface) and (told := _interface(known, item)):
        return told
    if isinstance(item, Route) and (told := _route(known, item)):
        return told
    return _of_drivers(known, item) or usual.why(known, item)


def why_address(known: Known, interface: Interface, cidr: str) -> Why:
    network = known.bridges.get(interface.name)
    if network and cidr in outside.addresses_of(network):
        server = " aardvark-dns, which knows its containers' names, listens here." if network.options.get(DNS) == "true" else ""
        role = "internal, so containers have no default route to it" if network.internal else "its containers' gateway"
        return Why(f"The host's own address on {title(network)}: {role}.{server}", (owner(network),))
    end = known.end_of(interface)
    if end and cidr in end.addresses and known.container:
        told = f"{known.container.name}'s address on {title(end.network)}, chosen by Podman (host-local)."
        return Why(told, of_container(known.container.name, end.network))
    return UNKNOWN


def _plain(told: Why) -> Why:
    """A sentence, when it speaks of nothing that only Docker has."""
    return UNKNOWN if _FOREIGN.search(told.text) else told


def _of_drivers(known: Known, item: Item) -> Why:
    return next((told for driver in in_asking_order() if (told := _plain(driver.why(known, item)))), UNKNOWN)


# --- netfilter --------------------------------------------------------------------------------------------------------


def _netfilter(known: Known, item: Rule | Chain | Table | NftSet | Elements) -> Why:
    if item.table == words.OURS:
        return words.why(item)
    if not known.on_host:
        told = words.why(item) or _plain(usual.why(known, item))
        return Why(f"{told.text} {STRANGE.text}".strip(), STRANGE.about) if _sure(known) and known.container else told
    if item.table != netavark.TABLE:
        told = words.why(item) or _plain(usual.why(known, item))
        return told if isinstance(item, Chain) and item.tool == "iptables" else _strange(known, told)
    book = netavark.book_of(known.docker) if known.docker else netavark.NOTHING
    if isinstance(item, Table):
        return netavark.TOLD
    if isinstance(item, Rule | Chain) and (found := book.find(item)):
        return found
    if not book.known:
        return UNKNOWN
    if isinstance(item, Rule) and (item.chain, item.spec) in book.rules:
        return AGAIN
    return UNKNOWN if _perhaps(item) else UNLIKE


def _strange(known: Known, told: Why) -> Why:
    """netavark has one table, so everything in another one is somebody else's."""
    return Why(f"{told.text} {STRANGE.text}".strip(), STRANGE.about) if _sure(known) else told


def _sure(known: Known) -> bool:
    return known.sure and not known.cut


def _perhaps(item: Rule | Chain | NftSet | Elements) -> bool:
    """Whether netavark may have written it for something that Podman does not tell: the port of a name server that does not
    listen on 53."""
    return isinstance(item, Rule) and item.chain == netavark.PORTS and "th dport 53 dnat" in item.spec


# --- interfaces and routes --------------------------------------------------------------------------------------------


def _interface(known: Known, item: Interface) -> Why:
    network = known.bridges.get(item.name)
    if network and outside.is_bridge(network, item):
        what = f"Podman's default network, {network.name}" if network.name == DEFAULT else title(network)
        inside = ", internal: no way out" if network.internal else ""
        told = f"The Linux bridge of {what}{inside}. netavark makes it with the first container and removes it with the last."
        return Why(told, (owner(network),))
    if item.kind == "veth" and item.master and known.on_host:
        return _port(known, item, known.bridges.get(item.master))
    end = known.end_of(item)
    if end and known.container and end.network.bridge:
        other = f"; the other end, {item.peer_name}," if item.peer_name and item.peer_place else "; the other end"
        told = f"{known.container.name}'s interface on {title(end.network)}: one end of a veth pair{other} is a port of "
        return Why(f"{told}{end.network.bridge}.", of_container(known.container.name, end.network))
    return UNKNOWN


def _port(known: Known, item: Interface, network: DockerNetwork | None) -> Why:
    """A port of a bridge. netavark lays one cable for each container of the network; another one was laid by hand."""
    if network is None or not item.peer_place:
        return UNKNOWN
    name = item.peer_place.rpartition("/")[2]
    told = f"{name}'s {item.peer_name or 'interface'} ends here; a port of {item.master} ({title(network)})."
    container = known.containers.get(name)
    on_it = container and container.state in STANDING and any(end.network == network.name for end in container.endpoints)
    if not _sure(known):
        return Why(told)
    laid = on_it and _PORT.fullmatch(item.name) and known.ports[item.master, item.peer_place] == 1
    shared = any(one.network_mode.startswith("container:") for one in known.containers.values())
    if not laid:
        return Why(told) if shared else Why(f"{told} {STRANGE.text}", STRANGE.about)
    return Why(told, (*of_container(name), owner(network)))


def _route(known: Known, item: Route) -> Why:
    end = known.end_of(known.interfaces.get(item.dev))
    if end is None or known.container is None or item.destination != "default":
        return UNKNOWN
    if not _is_default(end, item):
        return UNKNOWN
    where = f", {end.network.bridge} on the host" if end.network.bridge else ""
    told = f"Because of {title(end.network)}: everything else goes to its gateway {item.via}{where}."
    several = sum(one.network.internal is False for one in known.ends.values()) > 1
    more = " netavark gives each of a container's networks such a route, with the same metric." if several else ""
    return Why(f"{told}{more}", of_container(known.container.name, end.network))


def _is_default(end: End, item: Route) -> bool:
    gateways = (end.endpoint.gateway, end.endpoint.gateway6)
    return bool(item.via) and item.via in gateways and (item.protocol, item.metric) == ("static", METRIC)


# --- names ------------------------------------------------------------------------------------------------------------


def _lookup(known: Known, item: Connection) -> Why:
    if item.original.destination_port != 53:
        return UNKNOWN
    network = known.gateway_network(item.original.destination)
    if network is None or network.options.get(DNS) != "true":
        return UNKNOWN
    asker = known.at(item.original.source)
    who = asker.name if asker else item.original.source
    told = f"A name lookup: {who} asked aardvark-dns, the name server of {title(network)}, at {item.original.destination}."
    return Why(told, of_container(asker.name, network) if asker else (owner(network),))
