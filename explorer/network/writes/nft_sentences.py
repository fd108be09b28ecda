"""The sentences about the lines of Docker's nftables backend that `sentences` has not: its tables, chains, maps and jumps."""

from __future__ import annotations

from explorer.network.cause import DAEMON, INTERNAL, Why, of_container, of_network
from explorer.network.model import DockerNetwork
from explorer.network.names import title

PUBLISHED = "nat-prerouting-and-output"


def table(version: int) -> Why:
    family = "IPv6" if version == 6 else "IPv4"
    told = f"Docker's own table for bridge networks and {family}: its daemon writes to nftables, and not to iptables."
    return Why(told, (DAEMON,))


BASES = {
    "filter-FORWARD": "Docker's own chain: forwarded packets go on to the chains of the networks they go to and come from.",
    "nat-POSTROUTING": "Docker's own chain: packets about to leave go on to the chains of their networks.",
    "nat-PREROUTING": "Docker's own chain: packets as they arrive, the first of each connection.",
    "nat-OUTPUT": "Docker's own chain: packets that this host itself sends, the first of each connection.",
    PUBLISHED: "Docker's own chain: one DNAT rule for each published port.",
    "raw-PREROUTING": "Docker's own chain: drops what knocks at an address directly, before connections are tracked.",
}
MAPS = {
    "filter-forward-in-jumps": ("the interface a packet leaves by", "for packets to that network"),
    "filter-forward-out-jumps": ("the interface a packet came in by", "for packets from that network"),
    "nat-postrouting-out-jumps": ("the interface a packet came in by", "for packets from that network"),
    "nat-postrouting-in-jumps": ("the interface a packet leaves by", "for packets to that network"),
}
OF_NETWORK = {
    "filter-forward-in": "what may enter {}",
    "filter-forward-out": "what may leave {}",
    "nat-postrouting-in": "how the source of packets to {} is replaced",
    "nat-postrouting-out": "how the source of packets from {} is replaced",
}


def base(name: str) -> Why:
    return Why(BASES[name], (DAEMON,))


def verdict_map(name: str) -> Why:
    looked, what = MAPS[name]
    return Why(f"Docker's own verdict map: by {looked}, the chain {what}.", (DAEMON,))


def lookup(name: str) -> Why:
    looked, what = MAPS[name]
    told = f"{looked[0].upper()}{looked[1:]} is looked up in map {name}: if a bridge network has it, on to the chain {what}."
    return Why(told, (DAEMON,))


def chain(of: DockerNetwork, kind: str) -> Why:
    return Why(f"Because of {title(of)}: this chain decides {OF_NETWORK[kind].format('it')}.", of_network(of))


def element(of: DockerNetwork, kind: str) -> Why:
    way = "leave by" if kind.endswith("-in") else "came in by"
    told = f"Because of {title(of)}: packets that {way} {of.bridge} go on to chain {kind}__{of.bridge}."
    return Why(told, of_network(of))


ARRIVING = Why(
    f"Packets arriving for an address of this host go to chain {PUBLISHED}, where the published ports are.", (DAEMON,)
)


def sent_here(loopback: str) -> Why:
    """The rule for packets that the host itself sends. `loopback` is the part that docker-proxy answers, "" without it."""
    but = f"; except to {loopback}, where docker-proxy answers" if loopback else ""
    return Why(f"Packets this host itself sends to one of its addresses go to chain {PUBLISHED} too{but}.", (DAEMON,))


def leaving(of: DockerNetwork) -> Why:
    told = f"Answers, and all else that belongs to a known connection, may leave {title(of)}."
    return Why(told, of_network(of))


def nothing_in(of: DockerNetwork) -> Why:
    told = f"Because network {of.name} is internal: nothing gets in that does not come from {of.bridge} itself."
    return Why(told, (*of_network(of), INTERNAL))


def nothing_out(of: DockerNetwork) -> Why:
    told = f"Because network {of.name} is internal: nothing from it gets out by another interface than {of.bridge}."
    return Why(told, (*of_network(of), INTERNAL))


def only_through(who: str, of: DockerNetwork, interfaces: tuple[str, ...]) -> Why:
    """As `sentences.only_through_bridge`, where the network trusts interfaces of the host too."""
    told = (
        f"Because {who} is on {title(of)}: packets addressed to it that arrive from anywhere but "
        f"{', '.join(interfaces)} are dropped at once. From elsewhere, the way in is a published port of the host."
    )
    return Why(told, of_container(who, of))
