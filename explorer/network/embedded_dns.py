"""The rules that lead 127.0.0.11 to Docker's embedded DNS server. They are in the namespace of every container on a
user-defined network.

A daemon with the nftables backend writes them to a table of its own, `docker-dns` (source: resolver_unix.go of libnetwork).
A host of a sandbox is such a container itself, so a host has these rules too. The server listens on ports that nobody tells;
the rules of one protocol must name the same port, the way out and the way back, or none of them is called Docker's.
"""

from __future__ import annotations

import re

from explorer.network.cause import LAN, UNKNOWN, Why, container, network
from explorer.network.drivers.known import DNS_TABLE, Known
from explorer.network.model import Chain, Item, Rule, Tool
from explorer.network.nft.facts import Table, priority

SERVER = "127.0.0.11"
CHAINS = {
    "DOCKER_OUTPUT": "Docker's own chain: where queries to the embedded DNS server at 127.0.0.11 are really sent.",
    "DOCKER_POSTROUTING": "Docker's own chain: makes the embedded DNS server's packets look as if from port 53.",
}
NFT_CHAINS = {
    ("dns-dnat", "nat", "output", "-100", "ACCEPT"): CHAINS["DOCKER_OUTPUT"],
    ("dns-snat", "nat", "postrouting", "100", "ACCEPT"): CHAINS["DOCKER_POSTROUTING"],
}
NFT_TABLE = f"Docker's own table: leads queries to {SERVER} to its embedded DNS server."
MOST = 64  # rules that name the server; Docker writes six
LEFT = "Named as the chain for Docker's name server, but {} is on no user-defined network now. Who made it is not known."
_JUMPS = {f"-A {chain} -d {SERVER}/32 -j DOCKER_{chain}": f"DOCKER_{chain}" for chain in ("OUTPUT", "POSTROUTING")}
_OUT = re.compile(
    rf"-A DOCKER_OUTPUT -d {re.escape(SERVER)}/32 -p (tcp|udp) -m \1 --dport 53 "
    rf"-j DNAT --to-destination {re.escape(SERVER)}:(\d{{1,5}})"
)
_BACK = re.compile(
    rf"-A DOCKER_POSTROUTING -s {re.escape(SERVER)}/32 -p (tcp|udp) -m \1 --sport (\d{{1,5}}) -j SNAT --to-source :53"
)
_NFT_OUT = re.compile(rf"ip daddr {re.escape(SERVER)} (tcp|udp) dport 53 counter dnat to {re.escape(SERVER)}:(\d{{1,5}})")
_NFT_BACK = re.compile(rf"ip saddr {re.escape(SERVER)} (tcp|udp) sport (\d{{1,5}}) counter snat to :53")
_WAYS = {"iptables": (_OUT, _BACK), "nft": (_NFT_OUT, _NFT_BACK)}
_IN = {"dns-dnat": _NFT_OUT, "dns-snat": _NFT_BACK}


def why(known: Known, item: Item) -> Why:
    if not _has_server(known):
        left = isinstance(item, Chain) and item.table == "nat" and item.name in CHAINS and known.container
        return Why(LEFT.format(known.container.name)) if left and known.container else UNKNOWN
    if isinstance(item, Table):
        exact = item.table == DNS_TABLE and not item.flags and "#" not in item.key
        return Why(NFT_TABLE, _about(known)) if exact else UNKNOWN
    if isinstance(item, Chain) and item.tool == "nft":
        told = NFT_CHAINS.get((item.name, item.type, item.hook, priority(item.priority), item.policy), "")
        return Why(told, _about(known)) if told and item.table == DNS_TABLE else UNKNOWN
    if isinstance(item, Chain):
        told = CHAINS.get(item.name, "") if item.table == "nat" else ""
        return Why(told, _about(known)) if told else UNKNOWN
    if not isinstance(item, Rule) or item.table not in ("nat", DNS_TABLE) or item.spec.find(SERVER) < 0 or "#" in item.key:
        return UNKNOWN
    told = _rule(known, item, _whose(known))
    return Why(told, _about(known)) if told else UNKNOWN


def _has_server(known: Known) -> bool:
    """Whether Docker gives this namespace a name server: not on its default network alone. Without the daemon's names, this is
    not known of a container, and the rules speak for themselves."""
    if known.container is None:
        own = known.place.name.endswith(" (load balancer)") or known.place.name == "ingress_sbox"
        return known.place.kind != "namespace" or own
    return any(endpoint.network != "bridge" for endpoint in known.container.endpoints)


def _rule(known: Known, item: Rule, whose: str) -> str:
    if chain := _JUMPS.get(item.spec):
        return f"{whose}: packets for Docker's embedded DNS server, {SERVER}, go to chain {chain}."
    out, back = _WAYS[item.tool]
    found = out.fullmatch(item.spec) or back.fullmatch(item.spec)
    in_place = item.tool == "iptables" or (item.chain in _IN and _IN[item.chain].fullmatch(item.spec) is not None)
    if found is None or not in_place or not _paired(known, item.tool, found[1], found[2]):
        return ""
    if item.target == "DNAT":
        return f"{whose}: {found[1]} queries to {SERVER}:53 are sent to the port the embedded DNS server listens on."
    return f"{whose}: the embedded DNS server's {found[1]} answers come from port 53, where the query went."


def _paired(known: Known, tool: Tool, protocol: str, port: str) -> bool:
    """Whether exactly one rule leads queries of this protocol to the server and one leads answers back, over this port. Among
    many rules that name the server, none is called Docker's."""
    if len(known.server_specs) > MOST:
        return False
    for pattern in _WAYS[tool]:
        ports = [found[2] for spec in known.server_specs if (found := pattern.fullmatch(spec)) and found[1] == protocol]
        if ports != [port]:
            return False
    return True


def _whose(known: Known) -> str:
    if known.place.kind in ("host", "machine"):
        return f"Because {known.place.name} is itself a container, on the sandbox's LAN"
    if known.container is None:
        return "Because of a user-defined network"
    on = [endpoint.network for endpoint in known.container.endpoints if endpoint.network != "bridge"]
    return f"Because {known.container.name} is on user-defined network {on[0]}" if on else "Because of a user-defined network"


def _about(known: Known) -> tuple[str, ...]:
    if known.container is None:
        return (LAN,) if known.place.kind in ("host", "machine") else ()
    on = [endpoint.network for endpoint in known.container.endpoints if endpoint.network != "bridge"]
    return (container(known.container.name), *(network(name) for name in on[:1]))
