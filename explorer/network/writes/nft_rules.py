"""The lines of Docker's nftables backend: `table ip docker-bridges` and `table ip6 docker-bridges`.

Source: package nftabler of moby's bridge driver, and what its tests expect. A newer nftabler writes a few lines more; these
are `later`. Which of them a daemon writes, it does not tell.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

import explorer.network.writes.nft_sentences as nft
import explorer.network.writes.sentences as told
from explorer.network.cause import Why
from explorer.network.names import ANY_ADDRESS
from explorer.network.nft.facts import named, priority
from explorer.network.writes.bridges import Bridge, Family
from explorer.network.writes.endpoints import Opened

TABLE = "docker-bridges"
FAMILIES = {4: "ip", 6: "ip6"}
LOOPBACK = {4: "127.0.0.0/8", 6: "::1"}
KNOWN = "ct state established,related counter accept"
HOOKS = {  # base chain → type, hook, priority
    "filter-FORWARD": ("filter", "forward", "filter"),
    "nat-POSTROUTING": ("nat", "postrouting", "srcnat"),
    "nat-PREROUTING": ("nat", "prerouting", "dstnat"),
    "nat-OUTPUT": ("nat", "output", "dstnat"),
    "raw-PREROUTING": ("filter", "prerouting", "raw"),
}
LOOKUPS = (
    ("filter-FORWARD", "oifname", "filter-forward-in-jumps"),
    ("filter-FORWARD", "iifname", "filter-forward-out-jumps"),
    ("nat-POSTROUTING", "iifname", "nat-postrouting-out-jumps"),
    ("nat-POSTROUTING", "oifname", "nat-postrouting-in-jumps"),
)
Line = tuple[str, Why]  # as `nft_book.written` puts an item into words


def table(version: int) -> str:
    return named(FAMILIES[version], TABLE)


def rule(version: int, chain: str, text: str, why: Why) -> Line:
    return f"{table(version)}/{chain}: {text}", why


def of_host(version: int, proxy: bool) -> Iterator[Line]:
    name = table(version)
    yield f"table {name}", nft.table(version)
    for chain, (kind, hook, level) in HOOKS.items():
        yield f"chain {name}/{chain} {kind} {hook} {priority(level)} ACCEPT", nft.base(chain)
    yield f"chain {name}/{nft.PUBLISHED}", nft.base(nft.PUBLISHED)
    for chain, by, found in LOOKUPS:
        yield f"map {name}/{found} ifname : verdict", nft.verdict_map(found)
        yield rule(version, chain, f"{by} vmap @{found}", nft.lookup(found))
    jump = f"fib daddr type local counter jump {nft.PUBLISHED}"
    yield rule(version, "nat-PREROUTING", jump, nft.ARRIVING)
    skipped = f"{FAMILIES[version]} daddr != {LOOPBACK[version]} " if proxy else ""
    yield rule(version, "nat-OUTPUT", f"{skipped}{jump}", nft.sent_here(LOOPBACK[version] if proxy else ""))


def of_bridge(bridge: Bridge, family: Family, proxy: bool) -> Iterator[Line]:
    of, name, version = bridge.network, bridge.name, family.version
    for kind in nft.OF_NETWORK:
        chain = f"{kind}__{name}"
        yield f"chain {table(version)}/{chain}", nft.chain(of, kind)
        yield f"element {table(version)}/{kind}-jumps {name} : jump {chain}", nft.element(of, kind)
    into, out_of = f"filter-forward-in__{name}", f"filter-forward-out__{name}"
    yield rule(version, into, KNOWN, told.answers(of))
    yield rule(version, out_of, KNOWN, nft.leaving(of))
    allowed = f'counter {"accept" if bridge.icc else "drop"} comment "ICC"'
    among = told.among_themselves(of, bridge.icc)
    if bridge.internal:
        yield rule(version, into, f'iifname != "{name}" counter drop comment "INTERNAL NETWORK INGRESS"', nft.nothing_in(of))
        yield rule(version, out_of, f'oifname != "{name}" counter drop comment "INTERNAL NETWORK EGRESS"', nft.nothing_out(of))
        yield rule(version, into, allowed, among)
        return
    yield rule(version, into, f'iifname "{name}" {allowed}', among)
    yield rule(version, out_of, 'counter accept comment "OUTGOING"', told.outward(of))
    if family.open:
        yield rule(version, into, 'counter accept comment "UNPROTECTED"', told.unprotected(of))
    else:
        yield rule(version, into, 'counter drop comment "UNPUBLISHED PORT DROP"', told.closed(of))
    if family.routed:
        ping = "meta l4proto ipv6-icmp" if version == 6 else "ip protocol icmp"
        yield rule(version, into, f'{ping} counter accept comment "ICMP"', told.pinged(of))
    yield from _translating(bridge, family, proxy)


def _translating(bridge: Bridge, family: Family, proxy: bool) -> Iterator[Line]:
    of, name, ip = bridge.network, bridge.name, FAMILIES[family.version]
    replaced, said = (f"snat to {family.source}", "SNAT") if family.source else ("masquerade", "MASQUERADE")
    if bridge.masquerade and not family.routed:
        text = f'oifname != "{name}" {ip} saddr {family.subnet} counter {replaced} comment "{said}"'
        yield rule(family.version, f"nat-postrouting-out__{name}", text, told.masqueraded(of, family.source))
    if not proxy:
        text = f'fib saddr type local counter {replaced} comment "{said} FROM HOST"'
        yield rule(family.version, f"nat-postrouting-in__{name}", text, told.from_gateway(of))


def of_port(one: Opened, family: Family, proxy: bool) -> Iterator[Line]:
    version, ip, name = one.version, FAMILIES[one.version], one.bridge.name
    port, inside = one.port, f"{one.port.protocol} dport {one.port.container_port}"
    if port.host_port:
        yield _translation(one, proxy)
        if not proxy:
            text = f'{ip} saddr {one.address} {ip} daddr {one.address} {inside} counter masquerade comment "MASQ TO OWN PORT"'
            yield rule(version, f"nat-postrouting-in__{name}", text, told.to_itself(one.who))
        if version == 4 and _is_loopback(port.host_address):
            at = f"{ip} daddr {port.host_address} {port.protocol} dport {port.host_port}"
            text = f'iifname != "lo" {at} counter drop comment "DROP REMOTE LOOPBACK"'
            yield rule(version, "raw-PREROUTING", text, told.only_here(one.who, port))
    if not family.open:
        text = f"{ip} daddr {one.address} {inside} counter accept"
        yield rule(version, f"filter-forward-in__{name}", text, told.admitted(one.who, port))


def _translation(one: Opened, proxy: bool) -> Line:
    ip, port = FAMILIES[one.version], one.port
    only = "" if port.host_address in ANY_ADDRESS else port.host_address
    match = f'iifname != "{one.bridge.name}" ' if proxy else ""
    match += "ip6 saddr != fe80::/10 " if one.version == 6 else ""
    match += f"{ip} daddr {only} " if only else ""
    inside = f"[{one.address}]:{port.container_port}" if one.version == 6 else f"{one.address}:{port.container_port}"
    text = f'{match}{port.protocol} dport {port.host_port} counter dnat to {inside} comment "DNAT"'
    return rule(one.version, nft.PUBLISHED, text, told.translated(one.who, port, inside, only))


def of_address(bridge: Bridge, family: Family, who: str, address: str) -> Iterator[Line]:
    """The rule that keeps a container's own address from elsewhere."""
    if bridge.internal or family.open or family.routed:
        return
    among = (bridge.name, *bridge.trusted)
    quoted = ", ".join(f'"{name}"' for name in sorted(among))
    match = f"iifname != {{ {quoted} }}" if len(among) > 1 else f"iifname != {quoted}"
    why = nft.only_through(who, bridge.network, among) if bridge.trusted else told.only_through_bridge(who, bridge.network)
    text = f'{FAMILIES[family.version]} daddr {address} {match} counter drop comment "DROP DIRECT ACCESS"'
    yield rule(family.version, "raw-PREROUTING", text, why)


def later(bridge: Bridge, family: Family) -> Iterator[str]:
    """What a newer daemon writes for a network besides."""
    version, ip, name = family.version, FAMILIES[family.version], bridge.name
    if not bridge.internal:
        quoted = ", ".join(f'"{one}"' for one in sorted((name, "lo", *bridge.trusted)))
        text = f'{ip} daddr {family.subnet} iifname != {{ {quoted} }} counter drop comment "SUBNET DROP EXTERNAL"'
        yield f"{table(version)}/raw-PREROUTING: {text}"
    asked = "{ nd-neighbor-advert, nd-neighbor-solicit }"
    text = f'iifname "{name}" icmpv6 type {asked} counter accept comment "ICMPv6 ND"'
    yield f"{table(version)}/filter-forward-in__{name}: {text}"


def later_of_port(one: Opened) -> Iterator[str]:
    ip = FAMILIES[one.version]
    at = f"{ip} daddr {one.address} {one.port.protocol} dport {one.port.container_port}"
    text = f"{at} ct original {ip} daddr != {one.address} counter accept"
    yield f"{table(one.version)}/filter-forward-in__{one.bridge.name}: {text}"


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
