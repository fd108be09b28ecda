"""The namespace that an overlay network has on a host: a bridge, and as one of its ports the tunnel to the other hosts.

The kernel says which network it is: the tunnel's VXLAN id is the id that the daemon gave the network. The daemon writes the
entries that say on which host a MAC address is, from what the hosts tell each other (gossip). The bridge learns the other
entries from passing frames.
"""

from __future__ import annotations

from explorer.network.cause import NOT_DOCKER, UNKNOWN, Why, network
from explorer.network.drivers.known import Known
from explorer.network.model import DockerNetwork, FdbEntry, Interface, Item, Neighbour, Route
from explorer.network.names import title

WRITTEN = {"static", "extern_learn"}  # entries of programs: the kernel marks none that it learned so
VNIS = "com.docker.network.driver.overlay.vxlanid_list"


def why(known: Known, item: Item) -> Why:
    mine = lives_here(known)
    if mine is None:
        return UNKNOWN
    about = (network(mine),)
    if isinstance(item, Neighbour):
        return _neighbour(known, mine, item)
    if isinstance(item, FdbEntry) and item.destination:
        return _beyond(known, mine, item)
    if isinstance(item, Interface):
        told = _interface(known, mine, item)
    elif isinstance(item, FdbEntry):
        told = _fdb(known, mine, item)
    elif isinstance(item, Route) and item.destination in mine.subnets and item.protocol == "kernel":
        told = f"The subnet of network {mine.name}: the kernel added this route with the switch's address."
    else:
        told = ""
    return Why(told, about) if told else UNKNOWN


def why_address(known: Known, interface: Interface, address: str) -> Why:
    mine = lives_here(known)
    if mine and interface.kind == "bridge" and address in mine.gateways:
        return Why(
            f"The gateway address of {title(mine)}, the same on every host; the containers' default route is another one.",
            (network(mine),),
        )
    return UNKNOWN


def vnis(mine: DockerNetwork) -> set[int]:
    words = mine.options.get(VNIS, "").split(",") if mine.driver == "overlay" else []
    return {int(word) for word in words if word.isascii() and word.isdigit()}


def lives_here(known: Known) -> DockerNetwork | None:
    """The overlay network whose tunnel is in this namespace."""
    here = {
        int(value)
        for one in known.interfaces.values()
        if one.kind == "vxlan"
        for name, value in one.detail
        if name == "id" and value.isascii() and value.isdigit()
    }
    return next((one for one in known.networks.values() if vnis(one) & here), None)


def _interface(known: Known, mine: DockerNetwork, item: Interface) -> str:
    if item.kind == "bridge":
        return f"The switch of {title(mine)} on this host, in a namespace of its own; the tunnel is a port of it."
    if item.kind == "vxlan":
        number = dict(item.detail).get("id", "")
        return f"The tunnel of {title(mine)}: frames for other hosts are sent to them inside UDP, marked VXLAN {number}."
    if item.kind == "veth" and item.master and item.peer_place:
        return f"{known.elsewhere.far_end(item)} ends here; a port of {item.master}."
    return f"One end of a veth pair; a port of {item.master}, the switch of network {mine.name}." if item.master else ""


def _neighbour(known: Known, mine: DockerNetwork, item: Neighbour) -> Why:
    if "PERMANENT" not in item.state or not item.mac:
        return UNKNOWN
    end = known.elsewhere.end(mine, item.address)
    if end is None:
        return Why(f"An entry that no packet taught: {item.address} on network {mine.name}. Who has it is not known here.")
    if end.host == known.place.host or known.elsewhere.end(mine, item.mac) != end or item.dev not in _tunnels(known):
        return Why(f"Not Docker's: for {end.name} on {end.host}, the daemon writes another entry.", (NOT_DOCKER,))
    told = f"{end.name} on {end.host}: its MAC address, written here by the daemon, so that no ARP question has to cross."
    return Why(told, (network(mine),))


def _tunnels(known: Known) -> set[str]:
    return {name for name, item in known.interfaces.items() if item.kind == "vxlan"}


def _beyond(known: Known, mine: DockerNetwork, item: FdbEntry) -> Why:
    """An entry that sends frames through the tunnel. It is the daemon's when it leads to the host on which that MAC address
    is; where the address is not known, nobody can tell."""
    end, host = known.elsewhere.end(mine, item.mac), known.elsewhere.hosts.get(item.destination)
    where = f"{host}, {item.destination}" if host else item.destination
    if end is None:
        told = f"Frames for this MAC address go through the tunnel to {where}. Who has the address is not known here."
        return Why(told, (network(mine),) if host else ())
    told = f"Frames for {end.name}'s MAC address go through the tunnel to {where}."
    if host != end.host or item.dev not in _tunnels(known):
        return Why(f"{told} Not Docker's: {end.name} is on {end.host}.", (NOT_DOCKER,))
    if "permanent" in item.flags:
        return Why(f"{told} The daemon wrote this entry; it was not learned.", (network(mine),))
    if WRITTEN & set(item.flags):
        return Why(f"{told} Somebody wrote this entry; the daemon's are permanent.", (NOT_DOCKER,))
    return Why(f"{told} The tunnel learned it from a frame that came from there.", (network(mine),))


def _fdb(known: Known, mine: DockerNetwork, item: FdbEntry) -> str:
    end = known.elsewhere.end(mine, item.mac)
    who = f"{end.name}'s MAC address" if end else "this MAC address"
    port = known.interfaces.get(item.dev)
    if not item.master or port is None:
        return ""
    if "permanent" in item.flags and port.mac == item.mac:
        kept = "itself" if item.dev == item.master else f"itself, kept as long as it is a port of {item.master}"
        return f"The MAC address of {item.dev} {kept}."
    if {"permanent", "static"} & set(item.flags):
        return ""
    behind = (
        "the tunnel: on another host"
        if port.kind == "vxlan"
        else f"the port of {port.peer_place}"
        if port.peer_place
        else "a port"
    )
    return f"{item.master} learned from a frame that {who} is behind {item.dev}, {behind}."
