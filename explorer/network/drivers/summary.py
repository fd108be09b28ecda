"""Sentences that the closing cards of several drivers share."""

from __future__ import annotations

from collections.abc import Iterable

from explorer.network.model import Interface, Place, Rule, View
from explorer.network.world import World
from explorer.network.writes import nft_rules

NAMES_SHOWN = 6
BRIDGES = nft_rules.table(4)
Fact = tuple[str, str]


def interfaces(world: World, place: Place) -> list[Interface]:
    return list(world.seen(place, "interfaces", Interface))


def rules(world: World, host: Place, table: str, target: str) -> list[Rule]:
    """The rules of a table of iptables, and of the chains that Docker's nftables backend has for the same."""
    view: View = "nat" if table == "nat" else "filter" if table == "filter" else "raw"
    found = [one for one in world.seen(host, view, Rule) if one.table == table]
    found += [one for one in world.seen(host, "raw", Rule) if one.table == BRIDGES and one.chain.startswith(f"{table}-")]
    return [one for one in found if one.target == target and "127.0.0.11" not in one.spec]


def cables(world: World, host: Place) -> str:
    ends = [one for one in interfaces(world, host) if one.kind == "veth" and one.master]
    if not ends:
        return ""
    to = sorted({one.peer_place.partition("/")[2] for one in ends if one.peer_place})
    return f"{counted(len(ends), 'veth pair', 'veth pairs')}{': to ' * bool(to)}{listed(to)}"


def counted(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def listed(names: Iterable[str]) -> str:
    """`a, b and c`; a long list is cut, with the number of the rest."""
    known = list(names)
    more = len(known) - NAMES_SHOWN
    if more > 1:
        return f"{', '.join(known[:NAMES_SHOWN])} and {more} more"
    return " and ".join(filter(None, (", ".join(known[:-1]), *known[-1:])))
