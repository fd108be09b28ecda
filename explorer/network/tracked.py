"""One sentence on a tracked connection: who talks to whom, what was translated, and why."""

from __future__ import annotations

from explorer.network.cause import PUBLISH, UNKNOWN, Why, container
from explorer.network.drivers.known import Known
from explorer.network.embedded_dns import SERVER
from explorer.network.model import Connection, DockerContainer
from explorer.network.names import spec


def why(known: Known, item: Connection) -> Why:
    told = _told(known, item)
    return Why(told, _about(known, item)) if told else UNKNOWN


def _about(known: Known, item: Connection) -> tuple[str, ...]:
    """The owners of the connection: the containers at its ends; the side that answers comes first."""
    ends = (known.at(item.reply.source), known.at(item.original.source))
    names = tuple(dict.fromkeys(container(end.name) for end in ends if end))
    published = (PUBLISH,) if item.dnat and names and known.on_host else ()
    return (*names, *published)


def _told(known: Known, item: Connection) -> str:
    told = _dns(item) or _published(known, item) or _masqueraded(known, item) or _plain(known, item)
    if told.startswith("the "):
        told = f"The {told[4:]}"
    if told and "UNREPLIED" in item.flags and item.protocol in ("tcp", "udp", "icmp") and "VXLAN" not in told:
        return f"{told} No answer yet."
    return told


def _who(known: Known, address: str) -> str:
    found = known.at(address)
    if found:
        return found.name
    network = known.gateway_network(address)
    own = [name for name, interface in known.interfaces.items() if _has(interface.addresses, address)]
    if network and own and known.on_host:
        return f"the host (as {own[0]})"
    if network:
        return f"the gateway of network {network.name}"
    if own and known.place.kind in ("host", "machine"):
        return known.place.name or known.place.id
    return address


def _has(addresses: tuple[object, ...], address: str) -> bool:
    return any(getattr(found, "cidr", "").partition("/")[0] == address for found in addresses)


def _end(address: str, port: int | None) -> str:
    if port is None:
        return address
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _dns(item: Connection) -> str:
    if item.original.destination == SERVER and item.original.destination_port == 53:
        return f"A name lookup: Docker's embedded DNS server at {SERVER} was asked; its real port is in the reply."
    return ""


def _published(known: Known, item: Connection) -> str:
    """The sentence for a connection whose destination was translated on the host, because a published port was used."""
    if not item.dnat or not known.on_host:
        return ""
    original, reply = item.original, item.reply
    inside = _end(reply.source, reply.source_port)
    found = known.published(str(original.destination_port or ""), item.protocol, inside)
    who = _who(known, original.source)
    asked = _end(original.destination, original.destination_port)
    if found:
        return f"{who} asked {asked}, which {found[0].name} publishes as {spec(found[1])}: sent to {inside} (DNAT)."
    return f"{who} asked {asked}: sent to {inside} (DNAT)."


def _masqueraded(known: Known, item: Connection) -> str:
    if not item.snat or not known.on_host:
        return ""
    found = known.at(item.original.source)
    network = known.address_network(item.original.source)
    target = _end(item.original.destination, item.original.destination_port)
    who = found.name if found else item.original.source
    because = f" because network {network.name} is masqueraded" if network and network.name in known.masqueraded else ""
    return f"{who} to {target}: its source address was replaced by {item.reply.destination}{because}."


def _plain(known: Known, item: Connection) -> str:
    original = item.original
    if item.snat or item.dnat:
        return ""
    if original.destination.startswith(("224.", "ff")):
        return f"{_who(known, original.source)} announced to a multicast group; not translated."
    proxied = _through_proxy(known, item)
    if proxied:
        return proxied
    if swarm := _of_swarm(known, item):
        return swarm
    source, target = _who(known, original.source), _who(known, original.destination)
    if source == original.source and target == original.destination:
        return ""
    return f"{source} to {_end(target, original.destination_port)} over {item.protocol}; no address was translated."


_SWARM = {
    ("tcp", 2377): "the swarm's management: what runs where",
    ("tcp", 7946): "gossip between the swarm's hosts: who has which address on which network",
    ("udp", 7946): "gossip between the swarm's hosts: who is alive, and news of networks",
    ("udp", 4789): "frames of overlay networks, inside VXLAN",
}


def _of_swarm(known: Known, item: Connection) -> str:
    """The sentence for a connection between the hosts of a swarm."""
    original = item.original
    what = _SWARM.get((item.protocol, original.destination_port or 0))
    ends = [known.elsewhere.hosts.get(address, "") for address in (original.source, original.destination)]
    return f"{ends[0]} to {ends[1]}: {what}." if what and known.on_host and all(ends) else ""


def _proxied_from(known: Known, container: DockerContainer) -> str:
    """The address from which docker-proxy asks a container that is on one bridge network alone: the host's own on that
    bridge. "" where more than one network could be meant, and where the container has IPv6: then the kernel may take another
    address of the host, as long as that of a new bridge is tentative."""
    ends = [end for end in container.endpoints if end.network in known.networks and not end.address6]
    network = known.networks[ends[0].network] if len(ends) == 1 else None
    if network is None or not network.bridge:
        return ""
    gateway = next((told for told in network.gateways if ":" not in told), "")
    return f"{gateway.partition('/')[0]}, the host's address on network {network.name}" if gateway else ""


def _through_proxy(known: Known, item: Connection) -> str:
    """The sentence for a connection to a published port that is not translated: one to the host's loopback, or one by IPv6 to a
    container without it. docker-proxy listens there."""
    original, to = item.original, item.original.destination
    local = to.startswith("127.") or to == "::1"
    own = ":" in to and any(_has(one.addresses, to) for one in known.interfaces.values())
    if not known.on_host or not (local or own) or original.destination_port is None:
        return ""
    found = known.published_at(item.protocol, to, original.destination_port)
    if found is None or known.proxy is False:
        return ""
    if not local:
        asked = f"{_who(known, original.source)} asked {_end(to, original.destination_port)}"
        sees = _proxied_from(known, found[0]) or "the host's address"
        return f"{asked}, published by {found[0].name}: docker-proxy took it, no DNAT. The container sees {sees}."
    return (
        f"The host asked its own port {original.destination_port}, published by {found[0].name}: docker-proxy took it, no DNAT."
    )
