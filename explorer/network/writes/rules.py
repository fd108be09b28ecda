"""The netfilter rules and chains that a daemon writes on its host."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from types import ModuleType

from explorer.network.cause import Why
from explorer.network.engines import engine_of
from explorer.network.model import DockerState, Rule
from explorer.network.writes import engine26, engine28, ingress, sentences
from explorer.network.writes.bridges import REMEMBERED, Bridge, bridges, complete
from explorer.network.writes.endpoints import GATEWAY_BRIDGE, STANDING, opened
from explorer.network.writes.pools import is_of_pool
from explorer.network.writes.written import WayOut, Written

ENGINES: dict[str, ModuleType] = {"26": engine26, "28": engine28}  # versions of which every line is known, by captures
Chains = frozenset[tuple[str, str]]  # (table, name), IPv6's tables as `ip6 filter`
LOOPBACK = {4: "127.0.0.0/8", 6: "::1/128"}
LOCAL = "-m addrtype --dst-type LOCAL -j DOCKER"


@dataclass(frozen=True)
class RuleBook:
    """Every rule that the daemon would write now, and its chains. `known` is false when nothing is known of its version,
    or when it may be told to write no rules.
    `either` are the rules that it would write with one setting of userland-proxy and not with the other; they are kept apart
    while the setting is not known."""

    known: bool = False
    rules: dict[tuple[str, str], Why] = field(default_factory=dict)
    either: dict[tuple[str, str], Why] = field(default_factory=dict)
    chains: frozenset[tuple[str, str]] = frozenset()

    def find(self, rule: Rule) -> Why | None:
        """The sentence of a rule that is exactly one of Docker's. Docker writes no rule twice, so a second equal one is not
        its own: its key has a number."""
        return None if "#" in rule.key else self.rules.get((rule.table, rule.spec))

    def undecided(self, rule: Rule) -> bool:
        return (rule.table, rule.spec) in self.either


def takes_from_pool(state: DockerState, subnet: str) -> bool:
    """Whether this engine takes such subnets from its own pool of IPv6 prefixes by itself."""
    engine = ENGINES.get(engine_of(state.version))
    return engine is not None and engine.OWN_POOL6 and is_of_pool(subnet, state.pool6)


NOTHING = RuleBook()
_books: OrderedDict[tuple[int, tuple[WayOut, ...], bool | None, Chains], tuple[DockerState, RuleBook]] = OrderedDict()


def host_rules(
    state: DockerState, outward: tuple[WayOut, ...] = (), proxy: bool | None = None, chains: Chains = frozenset()
) -> RuleBook:
    """The rules for this state. `proxy` is the daemon's switch userland-proxy; None when it is not known. `chains` are those of
    iptables that are there. The answer for a state is remembered."""
    seen = frozenset(one for one in chains if is_dockers(one[1]))
    key = (id(state), outward, proxy, seen)
    found = _books.get(key)
    if found is not None and found[0] is state:
        return found[1]
    book = _book(complete(state), outward, proxy, seen)
    _books[key] = (state, book)
    while len(_books) > REMEMBERED:
        _books.popitem(last=False)
    return book


def seen_proxy(rules: Iterable[Rule]) -> bool | None:
    """The daemon's switch userland-proxy, from the one jump that always shows it: with the proxy, what the host sends to its
    own loopback is left to docker-proxy. None when neither or both forms of the jump are there."""
    there = {rule.spec for rule in rules if rule.table == "nat" and rule.chain == "OUTPUT" and rule.target == "DOCKER"}
    told = [with_proxy for with_proxy in (True, False) if _output(4, with_proxy) in there]
    return told[0] if len(told) == 1 else None


def is_dockers(chain: str) -> bool:
    """Whether Docker's bridges may have a chain of this name. That of the routing mesh is there or not with any version."""
    return (chain == "DOCKER" or chain.startswith("DOCKER-")) and chain != ingress.INGRESS


def chains_of(engine: ModuleType) -> Chains:
    """The chains that a daemon makes at its start."""
    return frozenset(
        (f"{'ip6 ' if version == 6 else ''}{table}", name)
        for version in engine.VERSIONS
        for table, names in engine.CHAINS.items()
        for name in names
    )


def _engine(version: str, seen: Chains) -> ModuleType | None:
    """Who writes such rules: the one whose chains are just those that are there. The version is asked only when the chains
    are nobody's, as when somebody removed one or made one more; of a version without captures, nothing is known then."""
    told = next((engine for engine in ENGINES.values() if chains_of(engine) == seen), None)
    return told or ENGINES.get(engine_of(version))


def _book(state: DockerState, outward: tuple[WayOut, ...], proxy: bool | None, seen: Chains) -> RuleBook:
    engine = _engine(state.version, seen)
    if engine is None or not _filters(state):
        return NOTHING
    variants = [_by_text(engine, state, outward, one) for one in ((True, False) if proxy is None else (proxy,))]
    rules = {key: why for key, why in variants[0].items() if all(key in one for one in variants)}
    either = {key: why for one in variants for key, why in one.items() if key not in rules}
    return RuleBook(True, rules, either, chains_of(engine) | ingress.chains(state))


def _filters(state: DockerState) -> bool:
    """Whether the daemon surely writes rules. With `iptables: false` it does not, and says so nowhere but in its default
    network, which is then not masqueraded. (A daemon with `ip-masq: false` says the same.)"""
    default = next((one for one in bridges(state) if one.network.name == "bridge"), None)
    return default is None or default.masquerade


def _by_text(engine: ModuleType, state: DockerState, outward: tuple[WayOut, ...], proxy: bool) -> dict[tuple[str, str], Why]:
    found: dict[tuple[str, str], Why] = {}
    for written in _written(engine, state, outward, proxy):
        found.setdefault((written.table, written.text), written.why)
    return found


def _written(engine: ModuleType, state: DockerState, outward: tuple[WayOut, ...], proxy: bool) -> Iterator[Written]:
    known = bridges(state)
    for version in engine.VERSIONS:
        before = "ip6 " if version == 6 else ""
        yield Written(f"{before}nat", f"-A PREROUTING {LOCAL}", sentences.ARRIVING)
        yield Written(f"{before}nat", _output(version, proxy), sentences.sent_here(LOOPBACK[version] if proxy else ""))
        yield from engine.of_host(before)
    for bridge in known:
        for family in bridge.families:
            if family.version in engine.VERSIONS:
                yield from engine.of_bridge(bridge, family, proxy)
    for one in opened(state, known, outward):
        of_port = one.bridge.family(one.version)
        if of_port is not None and one.version in engine.VERSIONS:
            yield from engine.of_port(one, of_port, proxy)
    for bridge, version, who, address in addresses(state, known, outward):
        of_address = bridge.family(version)
        if of_address is not None and version in engine.VERSIONS:
            yield from engine.of_address(bridge, of_address, who, address)


def _output(version: int, proxy: bool) -> str:
    return f"-A OUTPUT {f'! -d {LOOPBACK[version]} ' if proxy else ''}{LOCAL}"


def addresses(state: DockerState, known: list[Bridge], outward: tuple[WayOut, ...]) -> Iterator[tuple[Bridge, int, str, str]]:
    """Every address that a container has on a bridge: (bridge, version of IP, container, address)."""
    by_name = {bridge.network.name: bridge for bridge in known}
    for container in state.containers:
        for end in container.endpoints if container.state in STANDING else ():
            if bridge := by_name.get(end.network):
                for version, address in ((4, end.address), (6, end.address6)):
                    if address:
                        yield bridge, version, container.name, address
    if gateway := by_name.get(GATEWAY_BRIDGE):
        yield from ((gateway, 4, way.owner, way.address) for way in outward)
