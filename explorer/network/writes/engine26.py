"""The rules of Docker Engine 26. It has none for IPv6, as long as nobody turns on its experimental ip6tables."""

from __future__ import annotations

from collections.abc import Iterator

import explorer.network.writes.sentences as told
from explorer.network.names import ANY_ADDRESS
from explorer.network.writes.bridges import Bridge, Family
from explorer.network.writes.endpoints import Opened
from explorer.network.writes.written import Written

VERSIONS = (4,)
OWN_POOL6 = False
CHAINS = {
    "nat": ("DOCKER",),
    "filter": ("DOCKER", "DOCKER-USER", "DOCKER-ISOLATION-STAGE-1", "DOCKER-ISOLATION-STAGE-2"),
}
STAGE_1, STAGE_2 = "DOCKER-ISOLATION-STAGE-1", "DOCKER-ISOLATION-STAGE-2"


def of_host(before: str) -> Iterator[Written]:
    table = f"{before}filter"
    yield Written(table, "-A FORWARD -j DOCKER-USER", told.jump("DOCKER-USER"))
    yield Written(table, f"-A FORWARD -j {STAGE_1}", told.jump(STAGE_1))
    yield Written(table, f"-A {STAGE_1} -j RETURN", told.BACK)
    yield Written(table, f"-A {STAGE_2} -j RETURN", told.BACK)
    yield Written(table, "-A DOCKER-USER -j RETURN", told.NOBODY_DECIDED)


def of_bridge(bridge: Bridge, family: Family, proxy: bool) -> Iterator[Written]:
    of, name = bridge.network, bridge.name
    allowed = "ACCEPT" if bridge.icc else "DROP"
    yield Written("filter", f"-A FORWARD -i {name} -o {name} -j {allowed}", told.among_themselves(of, bridge.icc))
    if bridge.internal:
        subnet = family.subnet
        yield Written("filter", f"-A {STAGE_1} ! -s {subnet} -o {name} -j DROP", told.nothing_in(of, subnet))
        yield Written("filter", f"-A {STAGE_1} ! -d {subnet} -i {name} -j DROP", told.nothing_out(of, subnet))
        return
    known = "-m conntrack --ctstate RELATED,ESTABLISHED"
    yield Written("filter", f"-A FORWARD -o {name} {known} -j ACCEPT", told.answers(of))
    yield Written("filter", f"-A FORWARD -o {name} -j DOCKER", told.checked(of))
    yield Written("filter", f"-A FORWARD -i {name} ! -o {name} -j ACCEPT", told.outward(of))
    yield Written("filter", f"-A {STAGE_1} -i {name} ! -o {name} -j {STAGE_2}", told.crossing(of))
    yield Written("filter", f"-A {STAGE_2} -o {name} -j DROP", told.kept_apart(of))
    if bridge.masquerade:
        replaced = f"SNAT --to-source {family.source}" if family.source else "MASQUERADE"
        text = f"-A POSTROUTING -s {family.subnet} ! -o {name} -j {replaced}"
        yield Written("nat", text, told.masqueraded(of, family.source))
        if proxy:
            yield Written("nat", f"-A DOCKER -i {name} -j RETURN", told.left_to_proxy(of))
    if not proxy:
        replaced = f"SNAT --to-source {family.source}" if family.source else "MASQUERADE"
        text = f"-A POSTROUTING -o {name} -m addrtype --src-type LOCAL -j {replaced}"
        yield Written("nat", text, told.from_gateway(of))


def of_port(one: Opened, family: Family, proxy: bool) -> Iterator[Written]:
    whole, inside = f"{one.address}/32", f"{one.address}:{one.port.container_port}"
    name, protocol, port = one.bridge.name, one.port.protocol, one.port.container_port
    if not one.port.host_port:
        return
    yield translation(one, inside, proxy)
    hairpin = f"-A POSTROUTING -s {whole} -d {whole} -p {protocol} -m {protocol} --dport {port} -j MASQUERADE"
    yield Written("nat", hairpin, told.to_itself(one.who))
    text = f"-A DOCKER -d {whole} ! -i {name} -o {name} -p {protocol} -m {protocol} --dport {port} -j ACCEPT"
    yield Written("filter", text, told.admitted(one.who, one.port))


def translation(one: Opened, inside: str, proxy: bool, before: str = "", only_source: str = "") -> Written:
    """The DNAT rule of a published port."""
    only = "" if one.port.host_address in ANY_ADDRESS else one.port.host_address
    match = f" -d {only}/{128 if one.version == 6 else 32}" if only else ""
    match += f" ! -i {one.bridge.name}" if proxy else ""
    protocol = f"-p {one.port.protocol} -m {one.port.protocol} --dport {one.port.host_port}"
    text = f"-A DOCKER{only_source}{match} {protocol} -j DNAT --to-destination {inside}"
    return Written(f"{before}nat", text, told.translated(one.who, one.port, inside, only))


def of_address(bridge: Bridge, family: Family, who: str, address: str) -> Iterator[Written]:
    """Engine 26 has no rule for a container that publishes nothing."""
    yield from ()
