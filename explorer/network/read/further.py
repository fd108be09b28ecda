"""What netfilter holds besides the tables nat and filter: iptables' other tables, IPv6's tables, and tables of other
programs.

No rule is shown twice: the tables that iptables prints completely are left out of nft's list.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from explorer.network.model import Chain, Line, Observation, Rule
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
_TABLE = re.compile(r"table (\S{1,32}) (\S{1,256}) \{")


def read_further(text: str, ip6: str = "", legacy: str = "", ip6_legacy: str = "", nft: str = "") -> Observation:
    keys, truncated = Keys(), False
    shown: list[Line] = []
    found: list[Chain | Rule] = []
    commands: list[str] = []
    printed: set[tuple[str, str]] = set()  # (family, table) that need not be shown again
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
        commands += _commands(tool, family, reader)
        shown, found, truncated = shown + reader.shown, found + reader.found, truncated or cut
    lines, cut = bounded_lines(nft)
    others, names = _others(lines, printed, keys)
    shown += others
    commands += [f"nft list table {name}" for name in names]
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


def _others(lines: Iterable[str], printed: set[tuple[str, str]], keys: Keys) -> tuple[list[Line], list[str]]:
    """The tables of `nft list ruleset` that no other command has printed, line by line, and their names."""
    shown: list[Line] = []
    names: list[str] = []
    notes: list[str] = []  # a comment above a table is about that table
    table: str | None = None
    hidden = False
    for line in lines:
        begins = _TABLE.fullmatch(line) if table is None else None
        if begins:
            table, hidden = f"{begins[1]} {begins[2]}", (begins[1], begins[2]) in printed
            names += [] if hidden else [table]
            shown += [] if hidden else [_line(note, table, keys) for note in notes]
            notes = []
        elif table is None and line.startswith("#"):
            notes.append(line)
            continue
        if not hidden:
            shown.append(_line(line, table or "", keys))
        if line == "}":
            table, hidden = None, False
    return [*shown, *(_line(note, "", keys) for note in notes)], names


def _line(text: str, table: str, keys: Keys) -> Line:
    return Line(text=text, key=keys.unique(f"nft:{table}:{text.strip()}"))
