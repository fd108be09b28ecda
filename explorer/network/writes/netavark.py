"""The rules that Podman's netavark writes with nftables: one table, `inet netavark`, for all networks of a host.

Source: netavark's `src/firewall/nft.rs` and `src/network/bridge.rs`, and hosts with Podman 5.8 and netavark 1.17, whose rules
are in `tests/captures/podman`. A rule is held against the text that `nft list table` prints.

The table, its fixed chains and the rules that no network asks for appear with the first container on a bridge network, and
netavark never takes them away. A network has rules while a container is on it; an internal network has none at all. A published
port has its rules in the chain of every network of its container.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field

from explorer.network.cause import NETAVARK, PUBLISH, UNKNOWN, Why, of_container
from explorer.network.cause import network as about
from explorer.network.model import Chain, DockerContainer, DockerNetwork, DockerState, Endpoint, PublishedPort, Rule
from explorer.network.names import ANY_ADDRESS, spec, title
from explorer.network.writes.endpoints import STANDING

TABLE = "inet netavark"
REMEMBERED = 32
PORTS, MARK = "NETAVARK-HOSTPORT-DNAT", "NETAVARK-HOSTPORT-SETMARK"
APART = tuple(f"NETAVARK-ISOLATION-{number}" for number in (1, 2, 3))
MARKED = "0x00002000"
GROUPS = {4: "224.0.0.0/4", 6: "::/8"}  # netavark means ff00::/8, and writes its `ff::00/8`, which is ::/8
ISOLATE = "option:isolate"
TOLD = Why(
    "The table of netavark, which sets up Podman's networks: all its rules for this host, IPv4 and IPv6 together.", (NETAVARK,)
)
CHAINS = {
    "INPUT": "netavark's chain for packets to this host itself: lets containers ask its name server, aardvark-dns.",
    "FORWARD": "netavark's chain for packets that pass through: keeps networks apart, then lets those of containers through.",
    "POSTROUTING": "netavark's chain for packets about to leave: where source addresses are replaced (masquerade).",
    "PREROUTING": "netavark's chain for packets as they arrive: the way to the published ports.",
    "OUTPUT": "netavark's chain for packets that this host itself sends: the way to the published ports.",
    PORTS: "netavark's chain of published ports: one rule for each port, on to the chain of its network.",
    MARK: "netavark's chain that marks a packet whose source has to be replaced on its way out.",
    APART[0]: "netavark's chain, step 1 of keeping networks apart: packets that leave a network with the option isolate.",
    APART[1]: "netavark's chain, step 2: packets on their way to a network with the option isolate are dropped.",
    APART[2]: "netavark's chain for isolate=strict: packets on their way to any network without the option are dropped too.",
}
_LOCAL = Why("Packets for an address of this host go to the chain of published ports.", (NETAVARK,))
FIXED = {
    ("PREROUTING", f"fib daddr type local jump {PORTS}"): _LOCAL,
    ("OUTPUT", f"fib daddr type local jump {PORTS}"): Why(
        "Packets that this host itself sends to one of its addresses go to the chain of published ports too.", (NETAVARK,)
    ),
    ("POSTROUTING", f"meta mark & {MARKED} == {MARKED} masquerade"): Why(
        f"A packet that {MARK} marked gets this host's address as its source, so that the answer comes back here.", (NETAVARK,)
    ),
    (MARK, f"meta mark set meta mark | {MARKED}"): Why(
        "Marks the packet: its source is to be replaced in POSTROUTING.", (NETAVARK,)
    ),
    ("FORWARD", "ct state invalid drop"): Why("A packet that fits no known connection is dropped.", (NETAVARK,)),
    ("FORWARD", f"jump {APART[0]}"): Why("Forwarded packets are checked for crossing between networks first.", (NETAVARK,)),
    (APART[2], f"jump {APART[1]}"): Why("From strict isolation on to the check for isolated networks.", (NETAVARK,)),
}


@dataclass(frozen=True)
class NetavarkBook:
    """Every rule that netavark would write now, by (chain, text as nft prints it), and its chains. `known` is false when Podman
    did not answer, or named more than is kept; nothing is then said of what netavark would not write."""

    known: bool = False
    rules: dict[tuple[str, str], Why] = field(default_factory=dict)
    chains: dict[str, Why] = field(default_factory=dict)

    def find(self, item: Rule | Chain) -> Why:
        """The sentence of a rule or chain that is exactly one of netavark's. netavark writes no rule twice."""
        if item.table != TABLE or "#" in item.key:
            return UNKNOWN
        if isinstance(item, Chain):
            return self.chains.get(item.name, UNKNOWN)
        return self.rules.get((item.chain, item.spec), UNKNOWN)


NOTHING = NetavarkBook()
_books: OrderedDict[int, tuple[DockerState, NetavarkBook]] = OrderedDict()


def book_of(state: DockerState) -> NetavarkBook:
    """The rules for this state of a Podman. The answer for a state is remembered."""
    found = _books.get(id(state))
    if found is not None and found[0] is state:
        return found[1]
    rules: dict[tuple[str, str], Why] = dict(FIXED)
    chains = {name: Why(told, (NETAVARK,)) for name, told in CHAINS.items()}
    for network, standing in _in_use(state):
        rules |= dict(_of_network(network))
        for version, subnet in _subnets(network):
            chains[chain_of(network, subnet)] = Why(
                f"netavark's chain for {title(network)}: what leaves it for elsewhere gets another source address.",
                (about(network),),
            )
            chains[f"{chain_of(network, subnet)}_dnat"] = Why(
                f"netavark's chain for the ports that containers of {title(network)} publish.", (about(network), PUBLISH)
            )
            for container, end in standing:
                if address := end.address if version == 4 else end.address6:
                    rules |= dict(_of_ports(network, subnet, version, container, address))
    book = NetavarkBook(not state.error and not state.cut and bool(state.networks), rules, chains)
    _books[id(state)] = (state, book)
    while len(_books) > REMEMBERED:
        _books.popitem(last=False)
    return book


def _in_use(state: DockerState) -> Iterator[tuple[DockerNetwork, list[tuple[DockerContainer, Endpoint]]]]:
    """The bridge networks that have rules, each with the containers on it."""
    ends: dict[str, list[tuple[DockerContainer, Endpoint]]] = {}
    for container in state.containers:
        for end in container.endpoints if container.state in STANDING else ():
            ends.setdefault(end.network, []).append((container, end))
    for network in state.networks:
        managed = network.options.get("mode", "managed") == "managed"
        if network.driver == "bridge" and managed and not network.internal and network.name in ends:
            yield network, ends[network.name]


def _subnets(network: DockerNetwork) -> Iterator[tuple[int, str]]:
    for told in network.subnets:
        try:
            subnet = ipaddress.ip_network(told)
        except ValueError:
            continue
        yield subnet.version, str(subnet)


def translates(chain: str) -> bool:
    """Whether addresses are translated in this chain of netavark's table."""
    return chain in ("PREROUTING", "OUTPUT", "POSTROUTING", PORTS, MARK) or chain.startswith("nv_")


def chain_of(network: DockerNetwork, subnet: str) -> str:
    """The name of the chain of a network's subnet, such as `nv_2f259bab_10_88_0_0_nm16`."""
    clean = subnet.replace(".", "_").replace(":", "-").replace("/", "_nm")
    return f"nv_{network.id[:8]}_{clean}"


Told = Iterator[tuple[tuple[str, str], Why]]


def _of_network(network: DockerNetwork) -> Told:
    of, owners = title(network), (about(network),)
    yield from _apart(network)
    for version, subnet in _subnets(network):
        ip, chain = "ip6" if version == 6 else "ip", chain_of(network, subnet)
        yield (
            ("INPUT", f"{ip} saddr {subnet} meta l4proto {{ tcp, udp }} th dport 53 accept"),
            Why(f"Containers of {of} may ask port 53 of this host: {_server(network)}.", owners),
        )
        yield (
            ("FORWARD", f"{ip} daddr {subnet} ct state established,related accept"),
            Why(f"Answers, and all else that belongs to a known connection, may enter {of}.", owners),
        )
        yield (
            ("FORWARD", f"{ip} saddr {subnet} accept"),
            Why(
                f"Containers of {of} may send out to anywhere that is not blocked before, other networks of Podman too.", owners
            ),
        )
        yield (
            ("POSTROUTING", f"{ip} saddr {subnet} jump {chain}"),
            Why(f"What containers of {of} send goes through the network's chain on its way out.", owners),
        )
        yield (
            (chain, f"{ip} daddr {subnet} accept"),
            Why(f"From one container of {of} to another: the source address stays.", owners),
        )
        outbound = network.options.get("outbound_addr6" if version == 6 else "outbound_addr4", "")
        replaced = f"snat {ip} to {outbound}" if outbound else "masquerade"
        given = f"by {outbound}" if outbound else "by the host's (masquerade)"
        yield (
            (chain, f"{ip} daddr != {GROUPS[version]} {replaced}"),
            Why(f"Because of {of}: what leaves it for elsewhere gets its source address replaced {given}.", owners),
        )


def _server(network: DockerNetwork) -> str:
    if network.options.get("dns_enabled") == "true":
        return "aardvark-dns listens there, which knows their names"
    return "netavark writes this for every network, also for one without a name server as this is"


def _apart(network: DockerNetwork) -> Told:
    of, name, isolate = title(network), f'"{network.bridge}"', network.options.get("isolate", "false")
    if isolate not in ("true", "1", "strict"):
        told = f"Keeps packets from a network with isolate=strict out of {of}, which has not that option."
        yield (APART[2], f"oifname {name} drop"), Why(told, (about(network),))
        return
    owners = (about(network), ISOLATE)
    to = APART[2] if isolate == "strict" else APART[1]
    yield (
        (APART[0], f"iifname {name} oifname != {name} jump {to}"),
        Why(f"Because of {of} with isolate={isolate}: packets that leave it are checked for going to another network.", owners),
    )
    yield (
        (APART[1], f"oifname {name} drop"),
        Why(f"Because of {of} with isolate={isolate}: packets from another isolated network are dropped.", owners),
    )


def _of_ports(network: DockerNetwork, subnet: str, version: int, container: DockerContainer, address: str) -> Told:
    owners, ip = (*of_container(container.name, network), PUBLISH), "ip6" if version == 6 else "ip"
    chain = f"{chain_of(network, subnet)}_dnat"
    for ports in in_a_row(container.ports):
        first = ports[0]
        only = "" if first.host_address in ANY_ADDRESS else first.host_address
        if (":" in first.host_address) != (version == 6):
            continue
        port = f"{first.host_port}-{ports[-1].host_port}" if len(ports) > 1 else str(first.host_port)
        match = f"{f'{ip} daddr {only} ' if only else ''}{first.protocol} dport {port}"
        because = f"Because {container.name} publishes {spec(first)}{' and those after it' if len(ports) > 1 else ''}"
        yield (PORTS, f"{match} jump {chain}"), Why(f"{because}: packets to the port go on to its network's chain.", owners)
        yield (
            (chain, f"{ip} saddr {subnet} {match} jump {MARK}"),
            Why(
                f"{because}: what comes from {title(network)} itself gets another source, so the answer comes back here.",
                owners,
            ),
        )
        if version == 4:
            yield (
                (chain, f"ip saddr 127.0.0.1 {match} jump {MARK}"),
                Why(
                    f"{because}: what comes from this host's 127.0.0.1 gets another source, so the answer comes back here.",
                    owners,
                ),
            )
        for one in ports:
            inside = f"[{address}]:{one.container_port}" if version == 6 else f"{address}:{one.container_port}"
            match = f"{f'{ip} daddr {only} ' if only else ''}{one.protocol} dport {one.host_port}"
            yield (
                (chain, f"{match} dnat {ip} to {inside}"),
                Why(
                    f"Because {container.name} publishes {spec(one)}: packets to the port are sent to {inside} (DNAT).", owners
                ),
            )


def in_a_row(ports: tuple[PublishedPort, ...]) -> list[list[PublishedPort]]:
    """The ports in groups: those that follow each other on the host and in the container have one rule together."""
    rows: list[list[PublishedPort]] = []
    for one in sorted(ports, key=lambda port: (port.host_address, port.protocol, port.host_port)):
        last = rows[-1][-1] if rows else None
        if last and _follows(last, one):
            rows[-1].append(one)
        else:
            rows.append([one])
    return rows


def _follows(last: PublishedPort, one: PublishedPort) -> bool:
    same = (last.host_address, last.protocol) == (one.host_address, one.protocol)
    return same and (one.host_port, one.container_port) == (last.host_port + 1, last.container_port + 1)
