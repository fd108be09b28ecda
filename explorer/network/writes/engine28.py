"""The rules of Docker Engine 28. Chains and jumps are there for IPv4 and IPv6, whether or not a network has IPv6."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

import explorer.network.writes.sentences as told
from explorer.network.writes.bridges import Bridge, Family
from explorer.network.writes.endpoints import Opened
from explorer.network.writes.engine26 import STAGE_1, STAGE_2, translation
from explorer.network.writes.written import Written

VERSIONS = (4, 6)
OWN_POOL6 = True  # a network with IPv6 may go without a subnet
CHAINS = {
    "nat": ("DOCKER",),
    "filter": ("DOCKER", "DOCKER-USER", "DOCKER-FORWARD", "DOCKER-BRIDGE", "DOCKER-CT", STAGE_1, STAGE_2),
}
FORWARD, KNOWN = "DOCKER-FORWARD", "-m conntrack --ctstate RELATED,ESTABLISHED"


def of_host(before: str) -> Iterator[Written]:
    table = f"{before}filter"
    yield Written(table, "-A FORWARD -j DOCKER-USER", told.jump("DOCKER-USER"))
    yield Written(table, f"-A FORWARD -j {FORWARD}", told.jump(FORWARD))
    for to in ("DOCKER-CT", STAGE_1, "DOCKER-BRIDGE"):
        yield Written(table, f"-A {FORWARD} -j {to}", told.jump(to))


def of_bridge(bridge: Bridge, family: Family, proxy: bool) -> Iterator[Written]:
    of, name, table = bridge.network, bridge.name, f"{family.before}filter"
    if not bridge.icc:
        yield Written(table, f"-A {FORWARD} -i {name} -o {name} -j DROP", told.among_themselves(of, False))
    if bridge.internal:
        yield from _internal(bridge, family, table)
        return
    yield Written(table, f"-A DOCKER-CT -o {name} {KNOWN} -j ACCEPT", told.answers(of))
    yield Written(table, f"-A DOCKER-BRIDGE -o {name} -j DOCKER", told.checked(of))
    verdict, why = ("ACCEPT", told.unprotected(of)) if family.open else ("DROP", told.closed(of))
    yield Written(table, f"-A DOCKER ! -i {name} -o {name} -j {verdict}", why)
    anywhere = "" if bridge.icc else f" ! -o {name}"
    yield Written(table, f"-A {FORWARD} -i {name}{anywhere} -j ACCEPT", told.outward(of))
    yield Written(table, f"-A {STAGE_1} -i {name} ! -o {name} -j {STAGE_2}", told.crossing(of))
    yield Written(table, f"-A {STAGE_2} -o {name} -j DROP", told.kept_apart(of))
    if family.routed:
        ping = "ipv6-icmp" if family.version == 6 else "icmp"
        yield Written(table, f"-A DOCKER -o {name} -p {ping} -j ACCEPT", told.pinged(of))
        yield Written(table, f"-A {STAGE_1} -o {name} -j RETURN", told.routed_in(of))
        yield Written(table, f"-A {STAGE_1} -i {name} {KNOWN} -j ACCEPT", told.routed_answers(of))
    yield from _translating(bridge, family, proxy)


def _internal(bridge: Bridge, family: Family, table: str) -> Iterator[Written]:
    of, name, subnet = bridge.network, bridge.name, family.subnet
    if bridge.icc:
        yield Written(table, f"-A {FORWARD} -i {name} -o {name} -j ACCEPT", told.among_themselves(of, True))
    into, out_of = (f" ! -i {name}", f" ! -o {name}") if family.version == 6 else ("", "")
    yield Written(table, f"-A {STAGE_1} ! -s {subnet}{into} -o {name} -j DROP", told.nothing_in(of, subnet))
    yield Written(table, f"-A {STAGE_1} ! -d {subnet} -i {name}{out_of} -j DROP", told.nothing_out(of, subnet))


def _translating(bridge: Bridge, family: Family, proxy: bool) -> Iterator[Written]:
    of, name, table = bridge.network, bridge.name, f"{family.before}nat"
    replaced = f"SNAT --to-source {family.source}" if family.source else "MASQUERADE"
    if bridge.masquerade and not family.routed:
        text = f"-A POSTROUTING -s {family.subnet} ! -o {name} -j {replaced}"
        yield Written(table, text, told.masqueraded(of, family.source))
    if proxy and bridge.masquerade:
        yield Written(table, f"-A DOCKER -i {name} -j RETURN", told.left_to_proxy(of))
    if not proxy:
        text = f"-A POSTROUTING -o {name} -m addrtype --src-type LOCAL -j {replaced}"
        yield Written(table, text, told.from_gateway(of))


def of_port(one: Opened, family: Family, proxy: bool) -> Iterator[Written]:
    before, name = family.before, one.bridge.name
    whole = f"{one.address}/{family.whole}"
    protocol, port = one.port.protocol, one.port.container_port
    if one.port.host_port:
        inside = f"[{one.address}]:{port}" if family.version == 6 else f"{one.address}:{port}"
        yield translation(one, inside, proxy, before, " ! -s fe80::/10" if family.version == 6 else "")
        if not proxy:
            text = f"-A POSTROUTING -s {whole} -d {whole} -p {protocol} -m {protocol} --dport {port} -j MASQUERADE"
            yield Written(f"{before}nat", text, told.to_itself(one.who))
        if family.version == 4 and _is_loopback(one.port.host_address):
            at = f"-d {one.port.host_address}/32 ! -i lo -p {protocol} -m {protocol} --dport {one.port.host_port}"
            yield Written("raw", f"-A PREROUTING {at} -j DROP", told.only_here(one.who, one.port))
    if not family.open:
        text = f"-A DOCKER -d {whole} ! -i {name} -o {name} -p {protocol} -m {protocol} --dport {port} -j ACCEPT"
        yield Written(f"{before}filter", text, told.admitted(one.who, one.port))


def of_address(bridge: Bridge, family: Family, who: str, address: str) -> Iterator[Written]:
    """The rules that keep a container's own address from elsewhere."""
    if bridge.internal or family.open or family.routed:
        return
    table, whole = f"{family.before}raw", f"{address}/{family.whole}"
    for interface in bridge.trusted:
        text = f"-A PREROUTING -d {whole} -i {interface} -j ACCEPT"
        yield Written(table, text, told.trusted(who, bridge.network, interface))
    text = f"-A PREROUTING -d {whole} ! -i {bridge.name} -j DROP"
    yield Written(table, text, told.only_through_bridge(who, bridge.network))


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
