"""Why one column's answer is what it is: a clause that follows the column's name, chosen by what was really answered.

An answer that nothing here explains gets a clause that says so; a reason is never given to an answer it does not fit.
"""

from __future__ import annotations

from collections.abc import Callable

from explorer.network.comparison.model import Cell
from explorer.network.comparison.variants import Variant

UNEXPLAINED = "that is what came out, and nothing here says why: look at the evidence"
ON_LAN = ("macvlan", "ipvlan")
ON_SWITCH = ("bridge", "third-party")
Clause = Callable[[Variant, Cell], str]


def reason(variant: Variant, cell: Cell) -> str:
    """ "" where a row explains all its columns together (times and rates)."""
    if cell.mark in ("failed", "unknown", "lacks"):
        return cell.why or UNEXPLAINED
    clause = _CLAUSES.get(cell.row)
    return clause(variant, cell) or UNEXPLAINED if clause else ""


def _netns(variant: Variant, cell: Cell) -> str:
    if cell.mark == "yes":
        return "Docker made a network namespace for it"
    return "it runs in the host's own, with everything in it" if variant.driver == "host" else ""


def _interfaces(variant: Variant, cell: Cell) -> str:
    return {
        "bridge": "eth0 is one end of a cable (veth) whose other end is a port of a bridge on the host",
        "third-party": "eth0 is one end of a cable (veth) that the driver made and plugged into a bridge of its own",
        "host": "it sees the interfaces of the host",
        "none": "nobody put anything into its namespace but the loopback that every namespace has",
        "macvlan": "eth0 is a second card, made out of the host's",
        "ipvlan": "eth0 is a second card, made out of the host's and sharing its MAC address",
        "overlay": "eth0 leads to the overlay, eth1 to docker_gwbridge, its way out",
    }[variant.driver]


def _address(variant: Variant, cell: Cell) -> str:
    no = {"host": "it answers at the host's addresses", "none": "nobody gave it one"}
    private = "Docker took it from a private subnet that this host alone knows"
    lan = "it is an address of the LAN itself"
    swarm = "Docker took it from the overlay's subnet, which is the same on every host of the swarm"
    yes = {"bridge": private, "third-party": private, "macvlan": lan, "ipvlan": lan, "overlay": swarm}
    return (yes if cell.mark == "yes" else no).get(variant.driver, "")


def _mac(variant: Variant, cell: Cell) -> str:
    if cell.mark == "yes":
        cable = "its end of the cable is an Ethernet card of its own"
        return "the card made for it has one of its own, and the LAN sees it" if variant.driver == "macvlan" else cable
    return {
        "host": "it uses the host's card",
        "none": "a loopback has none",
        "ipvlan": "all cards made this way share the one of the host's card",
    }.get(variant.driver, "")


def _mtu(variant: Variant, cell: Cell) -> str:
    if cell.mark == "no":
        return _no_network(variant, "there is no card")
    if variant.driver == "none":
        return ""
    if variant.driver == "overlay":
        wrapped = 1500 - int(cell.number or 0)
        return f"{wrapped} bytes are left free for what the tunnel puts around each packet" if wrapped > 0 else ""
    return "as much as the LAN carries, since nothing is put around a packet"


def _by_address(variant: Variant, cell: Cell) -> str:
    if cell.mark == "yes":
        return {
            "bridge": "both are ports of one bridge",
            "third-party": "both are ports of one bridge",
            "host": "both are in the host's namespace, so the server is at the host's own address",
            "macvlan": "the kernel hands frames from one made card to the other",
            "ipvlan": "the kernel hands packets from one made card to the other",
            "overlay": "both are ports of the overlay's switch on this host",
        }.get(variant.driver, "")
    return _apart(variant) or _no_network(variant, "there is neither an address to ask nor a cable")


def _by_name(variant: Variant, cell: Cell) -> str:
    if cell.mark == "yes":
        return "on a network that one made, Docker's name server at 127.0.0.11 knows the containers"
    if cell.mark == "partly":
        return f"the name server answers, but {apart}" if (apart := _apart(variant)) else ""
    if variant.driver == "host":
        return "Docker's name server serves networks that one made, and the host's is none of them"
    return _no_network(variant, "on no network there is no name server to ask")


def _outward(variant: Variant, cell: Cell) -> str:
    if cell.mark == "yes":
        return _by_the_door(variant, "it goes out by {}, with the host's address on it (MASQUERADE)")
    if variant.internal:
        return "a network made with --internal has no default route"
    if variant.driver == "third-party":
        return "its packets arrive with a sender nobody outside has a route to: this driver does not masquerade"
    return _no_network(variant, "without an interface there is no route")


def _seen_as(variant: Variant, cell: Cell) -> str:
    if cell.word == "none":
        return "no request of its was answered"
    if cell.word == "its own":
        return "nobody on the way translates" if variant.driver in ON_LAN else ""
    if cell.word == "the host's":
        return _by_the_door(variant, "MASQUERADE replaced the sender on the way out")
    return ""


def _by_the_door(variant: Variant, translated: str) -> str:
    return {
        "bridge": translated.format("the host"),
        "overlay": translated.format("docker_gwbridge"),
        "host": "it is the host that asks, as far as anybody can tell",
        "macvlan": "it is on the LAN itself and needs nobody to let it out",
        "ipvlan": "it is on the LAN itself and needs nobody to let it out",
    }.get(variant.driver, "")


def _inward(variant: Variant, cell: Cell) -> str:
    if cell.mark == "yes":
        return {
            "host": "a port it listens at is a port of the host",
            "macvlan": "it is a neighbour on the LAN",
            "ipvlan": "it is a neighbour on the LAN",
        }.get(variant.driver, "")
    if variant.driver in ON_SWITCH:
        return "its address means something on this host only: nobody else has a route to it"
    if variant.driver == "overlay":
        return "its address means something on the overlay only, and outside is not on it"
    return _no_network(variant, "there is no address to ask")


def _published(variant: Variant, cell: Cell) -> str:
    if cell.mark == "yes":
        return "a rule of the host (DNAT) sends it on to the container" if variant.driver in ("bridge", "overlay") else ""
    if variant.publish == "127.0.0.1" and cell.row == "published":
        return "it was published at 127.0.0.1, for the host alone"
    told = _unpublished(variant)
    started = [one for one in cell.evidence if one.command.startswith("docker run")]
    if not told or not started:
        return told
    warned = any("WARNING" in one.output for one in started)
    return f"{told}; Docker {'warned of it' if warned else 'did not say so'}"


def _unpublished(variant: Variant) -> str:
    if variant.internal:
        return "nothing of an internal network is published"
    return {
        "host": "-p was discarded, since there is no second namespace to lead to",
        "none": "-p leads nowhere",
        "macvlan": "-p does nothing, since the host is not on the way",
        "ipvlan": "-p does nothing, since the host is not on the way",
        "third-party": "ports are the driver's work, and this one does none of it",
    }.get(variant.driver, "")


def _from_host(variant: Variant, cell: Cell) -> str:
    if cell.mark == "yes":
        if variant.driver in ON_SWITCH:
            return "the host has an address of its own on that bridge"
        return "it is a port of the host itself" if variant.driver == "host" else ""
    if variant.driver in ON_LAN:
        return "the kernel lets nothing pass between a card and those made out of it"
    if variant.driver == "overlay":
        return "the host is not on the overlay: its switch is in a namespace of its own"
    return _no_network(variant, "there is no address to ask")


def _host_published(variant: Variant, cell: Cell) -> str:
    if cell.mark != "yes":
        return _published(variant, cell)
    if variant.daemon.get("userland-proxy") is False:
        return "a rule of the host (DNAT) takes it on its way out, before anybody would have to listen"
    return "docker-proxy, a process, listens there and hands it on" if variant.driver in ("bridge", "overlay") else ""


def _across(variant: Variant, cell: Cell) -> str:
    if cell.mark == "yes" and variant.driver == "overlay":
        return "the hosts carry its frames to each other inside UDP (VXLAN)"
    if variant.driver == "overlay":
        return ""
    if cell.mark == "no" and variant.driver in ON_SWITCH:
        return "the network ends at its host: nobody else has a route to that address"
    return _inward(variant, cell)


def _host_interfaces(variant: Variant, cell: Cell) -> str:
    if not cell.number:
        return {
            "host": "there is nothing to connect",
            "none": "nothing is connected",
            "macvlan": "the cards made for the containers are in the containers",
            "ipvlan": "the cards made for the containers are in the containers",
        }.get(variant.driver, "")
    return {
        "bridge": "a bridge, and the host's end of a cable for each container",
        "third-party": "a bridge of the driver's, and the host's end of a cable for each container",
        "overlay": "docker_gwbridge with its cables, and out of sight the overlay's bridges, cables and tunnels (vxlan)",
    }.get(variant.driver, "")


def _host_routes(variant: Variant, cell: Cell) -> str:
    if not cell.number:
        return "the routes the host had are enough" if variant.driver in ("host", "none", *ON_LAN) else ""
    return {
        "bridge": "one, to the subnet behind the bridge",
        "third-party": "one, to the subnet behind the bridge",
        "overlay": "one to the subnet of docker_gwbridge, and out of sight those of the overlay's namespaces",
    }.get(variant.driver, "")


def _host_rules(variant: Variant, cell: Cell) -> str:
    if not cell.number:
        nothing = "no packet of its passes rules of the host"
        host = "it lives under the rules the host has"
        return {"host": host, "none": nothing, "macvlan": nothing, "ipvlan": nothing}.get(variant.driver, "")
    if variant.internal:
        return "one lets its containers talk, two drop what would leave or come in"
    if variant.driver == "third-party":
        return "the driver lets its containers talk, and does nothing else"
    if variant.driver not in ("bridge", "overlay"):
        return ""
    told = "for the published port, for the way out, and to keep networks apart"
    if variant.daemon.get("userland-proxy") is False:
        told += "; rules for the host's own requests stand in for the process"
    return f"{told}; and this engine drops, in table raw, what knocks at an address directly" if "raw" in cell.value else told


def _host_fdb(variant: Variant, cell: Cell) -> str:
    if variant.driver in ON_SWITCH:
        return "a switch has an entry for each of its ports, and each port one for every group it listens to"
    if variant.driver == "overlay":
        return "docker_gwbridge has its ports, and out of sight the overlay which host each container of the others is on"
    if variant.driver in ON_LAN and cell.number:
        return "no switch: the host's card is told the addresses of the cards made out of it"
    return "there is no switch" if not cell.number else ""


def _proxies(variant: Variant, cell: Cell) -> str:
    if cell.number:
        return "for the published port, docker-proxy holds it open and serves those whom no rule catches"
    if variant.daemon.get("userland-proxy") is False:
        held = any("dockerd" in one.output for one in cell.evidence)
        told = "it is switched off in daemon.json, and rules do all the work"
        return f"{told}; the daemon listens there only to keep the port from others" if held else told
    return "nothing is published" if _unpublished(variant) else ""


def _apart(variant: Variant) -> str:
    if any(word.endswith("enable_icc=false") for word in variant.options):
        return "a rule drops what goes from one port of this bridge to another (ICC is off)"
    return ""


def _no_network(variant: Variant, why: str) -> str:
    return why if variant.driver == "none" else ""


_CLAUSES: dict[str, Clause] = {
    "netns": _netns,
    "interfaces": _interfaces,
    "address": _address,
    "mac": _mac,
    "mtu": _mtu,
    "by-address": _by_address,
    "by-name": _by_name,
    "outward": _outward,
    "seen-as": _seen_as,
    "inward": _inward,
    "published": _published,
    "from-host": _from_host,
    "host-published": _host_published,
    "across": _across,
    "host-interfaces": _host_interfaces,
    "host-routes": _host_routes,
    "host-rules": _host_rules,
    "host-fdb": _host_fdb,
    "proxies": _proxies,
}
