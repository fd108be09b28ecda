"""Clauses that several drivers use to explain the answers of a comparison: a switch on the host, a place on the LAN."""

from __future__ import annotations

from explorer.network.drivers.compared import Cell, Clause, Variant
from explorer.network.weather import PLAIN_MTU

AT_THE_LAN = "it is on the LAN itself and needs nobody to let it out"
NEIGHBOUR = "it is a neighbour on the LAN"
NOT_TRANSLATED = "MASQUERADE replaced the sender on the way out"
DNAT = "a rule of the host (DNAT) sends it on to the container"
IN_CONTAINERS = "the cards made for the containers are in the containers"
ENOUGH_ROUTES = "the routes the host had are enough"
NO_RULES = "the host's rules never see its packets"
NO_ADDRESS = "there is no address to ask"


def masqueraded(door: str) -> str:
    return f"it goes out by {door}, with the host's address on it (MASQUERADE)"


def listens(variant: Variant, cell: Cell) -> str:
    """What listens on a published port on the host itself."""
    if variant.daemon.get("userland-proxy") is False:
        return "a rule of the host (DNAT) takes it on its way out, before anybody would have to listen"
    return "docker-proxy, a process, listens there and hands it on"


def plain_mtu(by: str) -> Clause:
    """The clause for an MTU that was not taken from the LAN. `by` is who set it, to stand before the number."""
    return lambda variant, cell: f"{by} {PLAIN_MTU} bytes, whatever the LAN carries" if cell.number == PLAIN_MTU else ""


def usual_rules(variant: Variant, cell: Cell) -> str:
    """The rules of a network whose containers go out and are reached through the host."""
    if variant.internal:
        return "one lets its containers talk, two drop what would leave or come in"
    told = "for the way out, and to keep networks apart"
    if ":" not in variant.publish or "--ipv6" in variant.options:
        told = f"for the published port, {told}"
    if variant.daemon.get("userland-proxy") is False:
        told += "; rules for the host's own requests stand in for the process"
    told += "; and this engine drops, in table raw, what knocks at an address directly" if "raw" in cell.value else ""
    return told + (_at_loopback(variant.publish, cell) if variant.publish.startswith("127.") else "")


def _at_loopback(address: str, cell: Cell) -> str:
    """What the rules that were seen do with packets for the loopback address that arrive from the network; "" where they do not
    show it. The address of a port's DNAT rule matches whatever interface a packet comes by."""
    lines = [line.lower() for one in cell.evidence for line in one.output.splitlines() if address in line]
    if any(one.cut for one in cell.evidence) or not any("dnat" in line for line in lines):
        return ""
    if any("drop" in line for line in lines):
        return f"; and one drops packets for {address} that arrive from the network"
    return f"; none of them stops packets for {address} that a neighbour sends to this host's MAC address"


ON_SWITCH: dict[str, Clause] = {
    "address yes": "Docker took it from a private subnet that this host alone knows",
    "by-address yes": "both are ports of one bridge",
    "inward no": "its address means something on this host only: nobody else has a route to it",
    "from-host yes": "the host has an address of its own on that bridge",
    "across no": "the network ends at its host: nobody else has a route to that address",
    "host-routes some": "one, to the subnet behind the bridge",
    "host-fdb": "a switch has an entry for each of its ports, and each port one for every group it listens to",
    "same-host": "two cables and a switch between them, and the host's rules where the kernel has br_netfilter switched on",
}
ON_LAN: dict[str, Clause] = {
    "mtu value": "taken over from the parent interface, the host's card on the LAN",
    "address yes": "it is an address of the LAN itself",
    "outward yes": AT_THE_LAN,
    "seen-as its own": "nobody on the way translates",
    "seen-as the host's": AT_THE_LAN,
    "inward yes": NEIGHBOUR,
    "across yes": NEIGHBOUR,
    "from-host no": "the kernel lets nothing pass between a card and those made out of it",
    "host-interfaces none": IN_CONTAINERS,
    "host-routes none": ENOUGH_ROUTES,
    "host-rules none": NO_RULES,
    "host-fdb some": "no switch: the host's card is told the addresses of the cards made out of it",
    "same-host": "from card to card within the kernel, past no switch and no rule",
    "from-lan": "it ends at a card made out of the host's, before anything of the host's",
}
