"""What Docker did not make.

A line is not Docker's when the daemon would write no such line now. This is said only where it is known: the daemon answered,
every network has a driver of Docker Engine, and the line is of a kind that the daemon's state decides. Who made the line does
not show in it; when it appeared, and after which command, the watcher may know.
"""

from __future__ import annotations

import re

from explorer.network import embedded_dns
from explorer.network.cause import NOT_DOCKER, UNKNOWN, Why
from explorer.network.drivers.known import Known
from explorer.network.model import Chain, FdbEntry, Interface, Item, Neighbour, Qdisc, Route, Rule
from explorer.network.nft.facts import Elements, NftSet, Table
from explorer.network.writes import nft_book
from explorer.network.writes.ingress import in_swarm
from explorer.network.writes.outside import PORT

Nft = Table | NftSet | Elements | Rule | Chain
NOT_DOCKERS = Why("Not added by Docker.", (NOT_DOCKER,))
UNLIKE = Why("Not Docker's: for the networks and containers that it has now, Docker writes no such line.", (NOT_DOCKER,))
QDISC = Why("Not Docker's: Docker gives no interface a queueing discipline.", (NOT_DOCKER,))
QDISC_OF_MACHINE = Why("Somebody gave this interface a queueing discipline: it has none of itself.")
FOR_YOU = Why("Not added by Docker: DOCKER-USER is for your own rules.", (NOT_DOCKER,))
AGAIN = Why("Not Docker's: an equal line stands before it, and Docker writes each line once.", (NOT_DOCKER,))
_ENCRYPTED = re.compile(r"-m (u32|bpf|policy)\b")  # an encrypted overlay's rules use these matches to read VXLAN headers
_DOCKER_BRIDGE = re.compile(r"br-[0-9a-f]{12}|docker0|docker_gwbridge")
_IPTABLES = re.compile(r"(ip6 )?(nat|filter|raw|mangle|security)")  # nft prints these where iptables cannot
_LINK_IN_NFT = re.compile(r"ip [sd]addr \S+ ip [sd]addr \S+ \S+ [sd]port \d+ counter accept")
_DOCKER_TABLE = re.compile(r"(\S+ )?docker-.*")
_LINK = re.compile(r"-A DOCKER -s \S+/32 -d \S+/32 -i docker0 -o docker0 ")  # what --link writes while icc is off


def why(known: Known, item: Item) -> Why:
    if isinstance(item, Qdisc):
        return QDISC_OF_MACHINE if known.place.kind == "machine" else QDISC if known.sure else UNKNOWN
    if not known.sure or known.cut:
        return UNKNOWN
    if isinstance(item, Table | NftSet | Elements) or (isinstance(item, Rule | Chain) and item.tool == "nft"):
        return _in_nft(known, item)
    if known.on_host:
        return _on_host(known, item)
    return _in_container(known, item) if known.container and known.plain_namespace else UNKNOWN


def _in_nft(known: Known, item: Nft) -> Why:
    """Docker writes to tables of its own, whose names begin with docker-, or to those of iptables."""
    if item.table in nft_book.TABLES and known.nft_book.known:
        if known.in_swarm or known.nft_book.undecided(item) or _perhaps_in_nft(known, item):
            return UNKNOWN
        return AGAIN if set(nft_book.written(item)) & known.nft_book.lines.keys() else UNLIKE
    if _DOCKER_TABLE.fullmatch(item.table) or _IPTABLES.fullmatch(item.table):
        return UNKNOWN
    own = known.on_host or (known.container is not None and known.plain_namespace)
    return NOT_DOCKERS if own else UNKNOWN


def _perhaps_in_nft(known: Known, item: Nft) -> bool:
    """Whether it may be for a network that is being made or removed, or for a link between two containers."""
    unknown = any(name not in known.bridges for line in nft_book.written(item) for name in _DOCKER_BRIDGE.findall(line))
    return unknown or (isinstance(item, Rule) and _LINK_IN_NFT.fullmatch(item.spec) is not None)


def _on_host(known: Known, item: Item) -> Why:
    if isinstance(item, Rule):
        return _rule(known, item)
    if isinstance(item, Chain):
        if not item.name.startswith("DOCKER"):
            return NOT_DOCKERS
        return UNLIKE if known.book.known and not _perhaps(known, item) else UNKNOWN
    if isinstance(item, Interface):
        return _interface(known, item)
    if isinstance(item, Route):
        return _route(known, item)
    return _written(item)


def _rule(known: Known, item: Rule) -> Why:
    if _names_server(item):
        return UNLIKE
    if item.table == "filter" and item.chain == "DOCKER-USER" and not known.nft_book.known:  # that backend does not ask it
        return FOR_YOU if known.book.known or item.target != "RETURN" else UNKNOWN
    if not _touches_docker(known, item):
        return UNKNOWN if in_swarm_rule(known, item) else NOT_DOCKERS
    if not known.book.known or known.book.undecided(item) or _perhaps(known, item):
        return UNKNOWN
    return AGAIN if (item.table, item.spec) in known.book.rules else UNLIKE


def _names_server(item: Rule) -> bool:
    return item.chain in embedded_dns.CHAINS or item.target in embedded_dns.CHAINS or embedded_dns.SERVER in item.spec


def _touches_docker(known: Known, item: Rule) -> bool:
    if item.chain.startswith("DOCKER") or item.target.startswith("DOCKER") or _DOCKER_BRIDGE.search(item.spec):
        return True
    words = {word.removeprefix("!") for word in (item.in_interface, item.out_interface)}
    addresses = (item.source, item.destination, item.to_destination.rpartition(":")[0].strip("[]"))
    return bool(words & known.bridges.keys()) or any(
        known.address_network(word.removeprefix("!")) for word in addresses if word
    )


def in_swarm_rule(known: Known, item: Rule) -> bool:
    """A rule that may belong to an encrypted overlay network."""
    return known.in_swarm and _ENCRYPTED.search(item.spec) is not None


def _perhaps(known: Known, item: Rule | Chain) -> bool:
    """Whether Docker may have written it for something that its daemon does not tell: a swarm's service, a link between two
    containers, IPv6 rules of Engine 26 (which are an experiment there), a network that is being made."""
    if "legacy" in item.table or (item.table.startswith("ip6 ") and not any("ip6" in table for table, _ in known.book.chains)):
        return True
    if isinstance(item, Chain):
        return known.in_swarm and "INGRESS" in item.name
    if known.docker and in_swarm(known.docker) and ("INGRESS" in item.spec or _ENCRYPTED.search(item.spec)):
        return True
    named = (word.removeprefix("!") for word in (item.in_interface, item.out_interface))
    unknown = any(_DOCKER_BRIDGE.fullmatch(word) and word not in known.bridges for word in named)
    return unknown or _LINK.match(item.spec) is not None


def _interface(known: Known, item: Interface) -> Why:
    if item.kind == "bridge" and _DOCKER_BRIDGE.fullmatch(item.name) and item.name not in known.bridges:
        return UNKNOWN  # a network that is being made or removed
    own = item.kind in ("bridge", "dummy", "vlan") and not item.name.startswith(("dm-", "vx-", "ov-"))
    cable = item.kind == "veth" and not item.master and item.peer_place and not PORT.fullmatch(item.name)
    return NOT_DOCKERS if (own or cable) and item.name not in known.bridges else UNKNOWN


def _route(known: Known, item: Route) -> Why:
    if item.dev in known.bridges and item.protocol != "kernel":
        return UNLIKE
    return NOT_DOCKERS if item.protocol != "kernel" and item.destination != "default" else UNKNOWN


def _in_container(known: Known, item: Item) -> Why:
    """In the namespace of a container, Docker makes one interface for each network, its addresses and its routes, and the rules
    for its name server."""
    if isinstance(item, Interface):
        return UNLIKE if item.kind != "loopback" else UNKNOWN
    if isinstance(item, Route):
        return UNLIKE
    if isinstance(item, Rule):
        if known.in_swarm:
            return UNKNOWN
        return UNLIKE if _names_server(item) else NOT_DOCKERS
    return _written(item)


def _written(item: Item) -> Why:
    """An entry that no packet taught the kernel: somebody wrote it."""
    if isinstance(item, Neighbour) and item.state == "PERMANENT" and item.mac:
        return Why("Somebody wrote this entry, nobody was asked for it: Docker writes no such entry here.", (NOT_DOCKER,))
    if isinstance(item, FdbEntry) and "static" in item.flags:
        return Why("Somebody wrote this entry, no frame taught it: Docker writes no such entry here.", (NOT_DOCKER,))
    return UNKNOWN


def address(known: Known, item: Interface, cidr: str) -> Why:
    """An address on an interface of Docker's that Docker did not give it."""
    if not known.sure or known.cut or cidr.startswith("fe80:"):
        return UNKNOWN
    way_out = known.way_out[0] if known.way_out else ""
    if (known.on_host and item.name in known.bridges) or item.name in known.ends or item.name == way_out:
        return Why(f"Not added by Docker: an address that it did not give {item.name}.", (NOT_DOCKER,))
    return UNKNOWN
