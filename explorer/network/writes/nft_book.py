"""Which lines of nft's rule set are exactly those that a daemon with the nftables backend would write now.

A daemon has this backend when its table is there and the chains of its iptables backend are not: a daemon that changes its
backend removes what the other one wrote. So this is seen, and no version is asked.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field

from explorer.network.cause import Why
from explorer.network.model import Chain, DockerState, Item, Rule
from explorer.network.nft.facts import Elements, NftSet, Table, priority
from explorer.network.writes import nft_rules
from explorer.network.writes.bridges import REMEMBERED, bridges, complete
from explorer.network.writes.endpoints import opened
from explorer.network.writes.rules import addresses
from explorer.network.writes.written import WayOut

TABLES = tuple(nft_rules.table(version) for version in (4, 6))
_BRACES = re.compile(r"\{ ([^{}]*) \}")


@dataclass(frozen=True)
class NftBook:
    """`lines` are what the daemon would write, in the words of `written`; `perhaps` what it may write: of two settings, or
    as a newer version does."""

    known: bool = False
    lines: dict[str, Why] = field(default_factory=dict)
    perhaps: frozenset[str] = frozenset()

    def find(self, item: Item) -> Why | None:
        """The sentence of an item that is exactly one of Docker's. Docker writes nothing twice: the key of a second equal
        rule has a number."""
        words = written(item)
        if not words or "#" in item.key:
            return None
        return self.lines.get(words[0]) if len(words) == 1 else None

    def undecided(self, item: Item) -> bool:
        return any(one in self.perhaps for one in written(item))


NOTHING = NftBook()
_books: OrderedDict[tuple[int, tuple[WayOut, ...], bool | None], tuple[DockerState, NftBook]] = OrderedDict()


def written(item: Item) -> list[str]:
    """An item of nft in words that are equal only for items that do the same; counters and the order in a set do not count.
    Several for a line with several elements, none for other items."""
    if isinstance(item, Rule) and item.tool == "nft":
        return [f"{item.table}/{item.chain}: {_BRACES.sub(_sorted, item.spec)}"]
    if isinstance(item, Chain) and item.tool == "nft":
        hook = (item.type, item.hook, item.device, priority(item.priority), item.policy)
        return [" ".join(("chain", f"{item.table}/{item.name}", *filter(None, hook)))]
    if isinstance(item, Table):
        return [" ".join(("table", item.table, *item.flags))]
    if isinstance(item, NftSet):
        return [" ".join((item.what, f"{item.table}/{item.name}", item.type, *item.flags))]
    if isinstance(item, Elements):
        return [f"element {item.table}/{item.set} {key}{f' : {value}' if value else ''}" for key, value in item.elements]
    return []


def _sorted(found: re.Match[str]) -> str:
    return f"{{ {', '.join(sorted(found[1].split(', ')))} }}"


def has_backend(items: Iterable[Item], chains: Iterable[Chain]) -> bool:
    """Whether these items of nft, and the chains of iptables, are those of a daemon with the nftables backend."""
    there = any(isinstance(item, Table) and item.table == TABLES[0] for item in items)
    return there and not any(chain.tool == "iptables" and chain.name in ("DOCKER", "DOCKER-FORWARD") for chain in chains)


def seen_proxy(items: Iterable[Item]) -> bool | None:
    """The daemon's switch userland-proxy, from the one jump that always shows it; None when neither or both forms are there."""
    there = {one for item in items if isinstance(item, Rule) and item.chain == "nat-OUTPUT" for one in written(item)}
    forms = {one: {line for line, _ in nft_rules.of_host(4, one) if "/nat-OUTPUT: " in line} for one in (True, False)}
    told = [one for one, form in forms.items() if form & there]
    return told[0] if len(told) == 1 else None


def host_lines(state: DockerState, outward: tuple[WayOut, ...] = (), proxy: bool | None = None) -> NftBook:
    """What a daemon with the nftables backend would write for this state. `proxy` is its switch userland-proxy; None when it
    is not known. The answer for a state is remembered."""
    key = (id(state), outward, proxy)
    found = _books.get(key)
    if found is not None and found[0] is state:
        return found[1]
    book = _book(complete(state), outward, proxy)
    _books[key] = (state, book)
    while len(_books) > REMEMBERED:
        _books.popitem(last=False)
    return book


def _book(state: DockerState, outward: tuple[WayOut, ...], proxy: bool | None) -> NftBook:
    variants = [_lines(state, outward, one) for one in ((True, False) if proxy is None else (proxy,))]
    lines = {line: why for line, why in variants[0].items() if all(line in one for one in variants)}
    perhaps = {line for one in variants for line in one} - lines.keys()
    known = bridges(state)
    perhaps |= {line for one in known for family in one.families for line in nft_rules.later(one, family)}
    perhaps |= {line for one in opened(state, known, outward) for line in nft_rules.later_of_port(one)}
    return NftBook(True, lines, frozenset(perhaps - lines.keys()))


def _lines(state: DockerState, outward: tuple[WayOut, ...], proxy: bool) -> dict[str, Why]:
    known = bridges(state)
    found: dict[str, Why] = {}

    def note(lines: Iterable[nft_rules.Line]) -> None:
        for line, why in lines:
            found.setdefault(line, why)

    for version in nft_rules.FAMILIES:
        note(nft_rules.of_host(version, proxy))
    for bridge in known:
        for family in bridge.families:
            note(nft_rules.of_bridge(bridge, family, proxy))
    for one in opened(state, known, outward):
        if of_port := one.bridge.family(one.version):
            note(nft_rules.of_port(one, of_port, proxy))
    for bridge, version, who, address in addresses(state, known, outward):
        if of_address := bridge.family(version):
            note(nft_rules.of_address(bridge, of_address, who, address))
    return found
