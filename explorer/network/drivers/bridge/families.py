"""Why a bridge network answers a comparison as it does, by IPv4 and by IPv6."""

from __future__ import annotations

from explorer.network.drivers.clauses import NO_ADDRESS, ON_SWITCH
from explorer.network.drivers.compared import Cell, Clause, Variant

NO_IPV6 = "its network was made without --ipv6"
NO_IPV4 = "its network was made with --ipv4=false"
ON_BRIDGE = "both are ports of one bridge"
PROXIED = "docker-proxy, a process of the host, took the connection and made one of its own to the container"
NO_WAY_BACK = (
    "its address leaves the host as it is, since no rule of ip6tables replaces it, and nobody outside has a route back to it"
)


def _without(variant: Variant, cell: Cell) -> str:
    """Why something of IPv6 is missing: for a network that has IPv6 nothing is known here."""
    return "" if "--ipv6" in variant.options else NO_IPV6


def _no_ipv4(variant: Variant, cell: Cell) -> str:
    return NO_IPV4 if "--ipv4=false" in variant.options else ""


def no_way_in(variant: Variant, cell: Cell) -> str:
    return no_address(variant, cell) or str(ON_SWITCH[f"{cell.row} no"])


def _no_routes(variant: Variant, cell: Cell) -> str:
    missing = _no_ipv4(variant, cell)
    return f"{missing}, and routes of IPv6 are not counted here" if missing else ""


def _rules(variant: Variant, cell: Cell) -> str:
    told = "for the way out, and to keep networks apart"
    return told if ":" in variant.publish and "--ipv6" not in variant.options else f"for the published port, {told}"


def no_address(variant: Variant, cell: Cell) -> str:
    missing = _without(variant, cell) or _no_ipv4(variant, cell)
    return f"{NO_ADDRESS}: {missing}" if missing and cell.word == "no address" else ""


def _address(variant: Variant, cell: Cell) -> str:
    if "--subnet" in variant.options:
        return "Docker took it from the subnet of IPv6 that the network was given"
    return "the network was given no subnet: Docker took one from its own pool of unique local prefixes"


def _outward(variant: Variant, cell: Cell) -> str:
    return _without(variant, cell) or NO_WAY_BACK


def _inward(variant: Variant, cell: Cell) -> str:
    return no_address(variant, cell) or "its address means something on this host only: nobody else has a route to it"


def _published(variant: Variant, cell: Cell) -> str:
    if "--ipv6" in variant.options:
        return "the port is published on [::] too, and leads to the container's IPv6 address"
    return "docker-proxy listens at [::] and asks the container by IPv4"


REASONS: dict[str, Clause] = {
    "address no": _no_ipv4,
    "from-host no": no_address,
    "inward no": no_way_in,
    "across no": no_way_in,
    "host-routes none": _no_routes,
    "address6 yes": _address,
    "address6 no": _without,
    "gateway4 yes": "it is the bridge's own IPv4 address, on the host",
    "gateway4 no": _no_ipv4,
    "gateway6 yes": "it is the bridge's own IPv6 address, on the host",
    "gateway6 no": _without,
    "dns4 yes": "Docker's name server knows the container's IPv4 address",
    "dns4 no": _no_ipv4,
    "dns6 yes": "Docker's name server knows the container's IPv6 address as well",
    "dns6 no": _without,
    "ping4 yes": ON_BRIDGE,
    "ping4 no": no_address,
    "ping6 yes": ON_BRIDGE,
    "ping6 no": no_address,
    "outward6 yes": "it goes out by the host, with the host's IPv6 address on it (MASQUERADE, of ip6tables)",
    "outward6 no": _outward,
    "seen-as6 the host's": "MASQUERADE of ip6tables replaced the sender on the way out",
    "seen-as6 none": "no request of its was answered",
    "inward6 no": _inward,
    "published6 yes": _published,
    "published6-as outside's": "a rule of ip6tables (DNAT) changed the destination alone",
    "published6-as the host's IPv6": f"{PROXIED}, by IPv6",
    "published6-as the host's IPv4": f"{PROXIED}, by IPv4",
    "host-published6 yes": "docker-proxy, a process, listens there and hands it on",
    "rules4 some": _rules,
    "rules4 none": _no_ipv4,
    "rules6 some": "the same as for IPv4, by ip6tables",
    "rules6 none": lambda variant, cell: (
        _without(variant, cell) or "this engine writes rules of IPv6 only where somebody turned on its experimental ip6tables"
    ),
}
