"""What netfilter holds besides the tables nat and filter: iptables' other tables, IPv6's tables, and tables of other
programs.

No rule is shown twice: the tables that iptables prints completely are left out of nft's list, and of a table that it prints
in part, the chains that it prints.
"""

from __future__ import annotations

from explorer.network.model import Item, Line, Observation
from explorer.network.read.nft import read_tables
from explorer.network.read.rules import RuleParser, read_sections
from explorer.network.read.text import LINES, Keys, bounded_lines

# run after `iptables-save -c`, whose text is read first
TOOLS: tuple[tuple[str, ...], ...] = (
    ("ip6tables-save", "-c"),
    ("iptables-legacy-save", "-c"),
    ("ip6tables-legacy-save", "-c"),
    ("nft", "list", "ruleset"),
)
ELSEWHERE = ("nat", "filter")  # these have views of their own


def read_further(text: str, ip6: str = "", legacy: str = "", ip6_legacy: str = "", nft: str = "") -> Observation:
    keys, truncated = Keys(), False
    shown: list[Line] = []
    found: list[Item] = []
    commands: list[str] = []
    printed: set[tuple[str, str]] = set()  # (family, table) that need not be shown again
    chains: set[tuple[str, str]] = set()  # (table, chain) of tables that iptables prints in part
    for family, tool, dump in (
        ("", "iptables-save -c", text),
        ("ip6 ", "ip6tables-save -c", ip6),
        ("legacy ", "iptables-legacy-save -c", legacy),
        ("ip6 legacy ", "ip6tables-legacy-save -c", ip6_legacy),
    ):
        lines, cut = bounded_lines(dump)
        reader = read_sections(lines, lambda name, family=family: bool(family) or name not in ELSEWHERE, keys, family)  # type: ignore[misc]
        if "legacy" not in family:
            printed |= {("ip6" if family else "ip", table) for table in reader.complete}
            chains |= {(f"{family}{table}", chain) for table, chain in reader.chains}
        commands += _commands(tool, family, reader)
        shown, found, truncated = shown + reader.shown, [*found, *reader.found], truncated or cut
    lines, cut = bounded_lines(nft)
    others = read_tables(lines, printed, chains, keys)
    shown, found = shown + others.shown, [*found, *others.found]
    commands += [f"nft list table {name}" for name in others.names]
    kept = {line.key for line in shown[:LINES]}
    return Observation(
        command="; ".join(commands[:8]) or "iptables-save -c -t raw",
        lines=tuple(shown[:LINES]),
        items=tuple(item for item in found if item.key in kept),
        truncated=truncated or cut or len(shown) > LINES,
    )


def _commands(tool: str, family: str, reader: RuleParser) -> list[str]:
    """The commands that a person would type to see these lines and no others."""
    if family or not reader.shown:
        return [tool] if reader.shown else []
    return [f"{tool} -t {table}" for table in sorted(reader.complete - set(ELSEWHERE))] or [tool]
