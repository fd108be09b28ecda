"""What a table of nft holds besides chains and rules: the table itself, its sets and maps, and their elements.

`table` is the name of the table as in `model.Rule`: `docker-bridges` of family ip, `ip6 docker-bridges`, `inet netavark`.
"""

from __future__ import annotations

from typing import Literal

from explorer.network import Fact

FAMILIES = {"ip": "", "ip6": "ip6 ", "inet": "inet ", "bridge": "bridge ", "arp": "arp ", "netdev": "netdev "}


def named(family: str, name: str) -> str:
    """The name of a table, with what stands before it. Family ip has nothing before it, as in iptables."""
    return f"{FAMILIES.get(family, f'{family} ')}{name}"


PRIORITIES = {"raw": -300, "mangle": -150, "dstnat": -100, "filter": 0, "security": 50, "srcnat": 100}


def priority(words: str) -> str:
    """The number of a chain's priority in families ip, ip6 and inet. nft writes `dstnat`, `srcnat + 5` or a number; which one
    it writes depends on its version."""
    name, sign, more = [*words.split(" "), "+", "0"][:3]
    if name not in PRIORITIES or sign not in ("+", "-") or not (more.isascii() and more.isdigit() and len(more) < 11):
        return words
    return str(PRIORITIES[name] + int(f"{sign}{more}"))


class Table(Fact):
    """One table of `nft list ruleset`. `flags` are nft's words, for example `owner`."""

    kind_of: Literal["table"] = "table"
    key: str
    table: str
    flags: tuple[str, ...] = ()


class NftSet(Fact):
    """A set (`what` is "set") or a map ("map"). `type` is nft's own: `inet_service`, `ifname : verdict`."""

    kind_of: Literal["set"] = "set"
    key: str
    table: str
    name: str
    what: Literal["set", "map"]
    type: str = ""
    flags: tuple[str, ...] = ()


class Elements(Fact):
    """The elements on one line of a set or map: (element, value). The value is "" in a set; in a map it is an address, a
    number or a verdict such as `jump filter-forward-in__docker0`. nft writes the elements of a map one on each line."""

    kind_of: Literal["elements"] = "elements"
    key: str
    table: str
    set: str
    elements: tuple[tuple[str, str], ...]
    packets: int | None = None
    bytes: int | None = None
