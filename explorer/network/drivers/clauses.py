"""Clauses that several drivers use to explain the answers of a comparison: a switch on the host, a place on the LAN."""

from __future__ import annotations

from explorer.network.drivers.compared import Cell, Clause, Variant

AT_THE_LAN = "it is on the LAN itself and needs nobody to let it out"
NEIGHBOUR = "it is a neighbour on the LAN"
NOT_TRANSLATED = "MASQUERADE replaced the sender on the way out"
DNAT = "a rule of the host (DNAT) sends it on to the container"
IN_CONTAINERS = "the cards made for the containers are in the containers"
ENOUGH_ROUTES = "the routes the host had are enough"
NO_RULES = "no packet of its passes rules of the host"
NO_ADDRESS = "there is no address to ask"


def masqueraded(door: str) -> str:
    return f"it goes out by {door}, with the host's address on it (MASQUERADE)"


def listens(variant: Variant, cell: Cell) -> str:
    """What listens on a published port on the host itself."""
    if variant.daemon.get("userland-proxy") is False:
        return "a rule of the host (DNAT) takes it on its way out, before anybody would have to listen"
    return "docker-proxy, a process, listens there and hands it on"


def usual_rules(variant: Variant, cell: Cell) -> str:
    """The rules of a network whose containers go out and are reached through the host."""
    if variant.internal:
        return "one lets its containers talk, two drop what would leave or come in"
    told = "for the published port, for the way out, and to keep networks apart"
    if variant.daemon.get("userland-proxy") is False:
        told += "; rules for the host's own requests stand in for the process"
    return f"{told}; and this engine drops, in table raw, what knocks at an address directly" if "raw" in cell.value else told


ON_SWITCH: dict[str, Clause] = {
    "address yes": "Docker took it from a private subnet that this host alone knows",
    "by-address yes": "both are ports of one bridge",
    "inward no": "its address means something on this host only: nobody else has a route to it",
    "from-host yes": "the host has an address of its own on that bridge",
    "across no": "the network ends at its host: nobody else has a route to that address",
    "host-routes some": "one, to the subnet behind the bridge",
    "host-fdb": "a switch has an entry for each of its ports, and each port one for every group it listens to",
    "same-host": "two cables, a switch between them, and the host's rules",
}
ON_LAN: dict[str, Clause] = {
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
