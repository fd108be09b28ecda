"""The same view of every column side by side, on the host or in a container. Lines with the same meaning stand in one row,
and differences are marked.

Lines are matched by what they are for (`roles`), because names differ by chance. Two rules of two columns that are nearly the
same also stand in one row, and the words that differ are marked.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from difflib import SequenceMatcher
from itertools import groupby
from typing import Literal, NamedTuple

from explorer.network.comparison.model import LINE, LINES, Column
from explorer.network.comparison.roles import Roles, roles_of
from explorer.network.comparison.variants import CLIENT
from explorer.network.model import Chain, Fact, Interface, Item, Line, Observation, Route, Rule, View
from explorer.network.nft.facts import Elements, NftSet, Table

At = Literal["host", "client"]
SIDES: dict[str, tuple[At, View, str]] = {  # the key is the word that a link uses
    "client-interfaces": ("client", "interfaces", "Interfaces in the container"),
    "client-routes": ("client", "routes", "Routes in the container"),
    "interfaces": ("host", "interfaces", "Interfaces on the host"),
    "routes": ("host", "routes", "Routes on the host"),
    "nat": ("host", "nat", "NAT rules on the host"),
    "filter": ("host", "filter", "Filter rules on the host"),
    "raw": ("host", "raw", "Raw rules on the host"),
    "fdb": ("host", "fdb", "Forwarding entries on the host"),
}
SHARED = "The host's own: the container has no network namespace of its own."
ALIKE = 0.6  # the share of equal words from which two rules stand in one row
NEAR = 24  # at most so many rules of one chain and target are compared with each other
_FRAME = ("comment:", "commit:", "table:", "blank:")
_AROUND = re.compile(r"^\s*(?:elements = \{ ?)?|(?:,| \})$")  # what nft writes around an element
_BARE = str.maketrans({"⟨": "", "⟩": "", "\N{NO-BREAK SPACE}": " "})


class Part(Fact):
    text: str
    differs: bool = False


class Entry(Fact):
    """One thing in one column. `lines` are the words of the tool; `steady` are the same lines with names that differ by
    chance replaced. `new`: the thing was not there before the work."""

    lines: tuple[tuple[Part, ...], ...]
    steady: tuple[str, ...]
    why: str = ""
    new: bool = False


class AlignedRow(Fact):
    """`entries` are in the order of the columns; None where a column has no such thing. The title of a rule is the rule
    itself."""

    key: str
    title: str
    entries: tuple[Entry | None, ...]
    differs: bool


class Fold(Fact):
    """Neighbouring rows that are all the same or all different. The page can fold rows that are the same."""

    same: bool
    rows: tuple[AlignedRow, ...]


class Aligned(Fact):
    """`notes` say, by column, why a column has nothing or not everything in this view."""

    side: str
    title: str
    rows: tuple[AlignedRow, ...]
    titles: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def noted(self) -> list[tuple[str, str]]:
        """The notes, each after the title of its column."""
        return [(title, note) for title, note in zip(self.titles, self.notes, strict=True) if note]

    @property
    def folds(self) -> list[Fold]:
        folds: list[list[AlignedRow]] = []
        for row in self.rows:
            if not folds or folds[-1][0].differs != row.differs:
                folds.append([])
            folds[-1].append(row)
        return [Fold(same=not rows[0].differs, rows=tuple(rows)) for rows in folds]

    @property
    def differing(self) -> int:
        return sum(row.differs for row in self.rows)


def aligned(columns: Iterable[Column], side: str) -> Aligned:
    """The rows of one side, which is a key of SIDES."""
    columns = list(columns)
    at, view, title = SIDES[side]
    seen = [_seen(column, at, view) for column in columns]
    found = [_entries(column, one, at) for column, one in zip(columns, seen, strict=True)]
    sure = [number for number, one in enumerate(seen) if one.now and not one.now.error]
    keys = _in_order(found)
    rows = [[entries.get(key) for entries in found] for key in keys]
    if view in ("nat", "filter", "raw"):
        keys, rows = _join_alike(keys, rows)
    return Aligned(
        side=side,
        title=title,
        rows=tuple(_row(key, entries, sure) for key, entries in zip(keys, rows, strict=True)),
        titles=tuple(column.variant.title for column in columns),
        notes=tuple(one.note for one in seen),
    )


# --- one column ---


class _Occurrence(NamedTuple):
    now: Observation | None
    before: Observation | None
    note: str


def _seen(column: Column, at: At, view: View) -> _Occurrence:
    now, before, note = column.after.get(view), column.before.get(view), ""
    if at == "client":
        place = column.snapshot.places.get(f"h1/{CLIENT}") if column.snapshot else None
        shared = column.variant.in_host
        before, note = (before, SHARED) if shared else (None, "")
        now = now if shared else place.views.get(view) if place else None
    if now is None:
        return _Occurrence(None, None, column.error or ("Not kept." if column.over else "Not seen yet."))
    cut = "There was more; this is the beginning." if now.truncated else ""
    return _Occurrence(now, before, now.error or cut or note)


def _entries(column: Column, seen: _Occurrence, at: At) -> dict[str, Entry]:
    """The entries of one column in the order of the tool, by a key that is the same in every column."""
    if seen.now is None:
        return {}
    roles, items, old = roles_of(column), {item.key: item for item in seen.now.items}, _keys(seen.before)
    lines: dict[str, list[Line]] = {}
    for line in seen.now.lines[:LINES]:
        if line.text.strip() and not line.key.startswith(_FRAME) and not line.text.lstrip().startswith("valid_lft "):
            lines.setdefault(line.key, []).append(line)
    times: Counter[str] = Counter()
    found = {}
    for key, those in lines.items():
        item = items.get(key)
        texts = [_AROUND.sub("", line.text[:LINE]) if isinstance(item, Elements) else line.text[:LINE] for line in those]
        steady = tuple(roles.steady(text) for text in texts)
        name = _key(item, roles, steady)
        times[name] += 1
        found[name if times[name] == 1 else f"{name} ({times[name]})"] = Entry(
            lines=tuple((Part(text=text),) for text in texts),
            steady=steady,
            why=those[0].why,
            new=at == "host" and seen.before is not None and key not in old,
        )
    return found


def _keys(seen: Observation | None) -> set[str]:
    return {line.key for line in seen.lines} if seen else set()


def _key(item: Item | None, roles: Roles, steady: tuple[str, ...]) -> str:
    if isinstance(item, Interface):
        return roles.steady(item.name)
    if isinstance(item, Route):
        kind = "" if item.type == "unicast" else f"{item.type} "
        return kind + roles.of(item.destination)
    if isinstance(item, Chain):
        return f"{item.table} :{roles.steady(item.name)}"
    if isinstance(item, Table | NftSet | Elements):
        return f"{item.table} :{roles.steady(_named(item))}"
    if isinstance(item, Rule) and item.tool == "nft":
        return f"{item.table} -A {roles.steady(item.chain)} {roles.steady(item.spec)} -j {roles.steady(item.target)}"
    if isinstance(item, Rule):
        return f"{item.table} {roles.steady(item.spec)}"
    return steady[0]


def _named(item: Table | NftSet | Elements) -> str:
    """What an item of nft is in its table; an element is named by what is looked up."""
    if isinstance(item, Table):
        return "table"
    return f"{item.what} {item.name}" if isinstance(item, NftSet) else f"{item.set} {item.elements[0][0]}"


# --- all columns ---


def _in_order(found: list[dict[str, Entry]]) -> list[str]:
    """Every key once. A key that only a later column has stands after the key before it in that column."""
    keys: list[str] = []
    known: set[str] = set()
    for entries in found:
        at = 0
        for key in entries:
            if key in known:
                at = keys.index(key) + 1
            else:
                keys.insert(at, key)
                known.add(key)
                at += 1
    return keys


def _join_alike(keys: list[str], rows: list[list[Entry | None]]) -> tuple[list[str], list[list[Entry | None]]]:
    """Rules of one chain and one target in different columns that are nearly the same become one row."""
    groups: dict[tuple[str, str, str], list[int]] = {}
    for at, key in enumerate(keys):
        words = key.split()
        if "-A" in words[:3] and "-j" in words:
            chain, target = words[words.index("-A") + 1], words[words.index("-j") + 1]
            groups.setdefault((words[0], chain, target), []).append(at)
    gone: set[int] = set()
    for group in groups.values():
        if len(group) <= NEAR:
            gone |= _join(group, keys, rows)
    kept = [at for at in range(len(keys)) if at not in gone]
    return [keys[at] for at in kept], [rows[at] for at in kept]


def _join(group: list[int], keys: list[str], rows: list[list[Entry | None]]) -> set[int]:
    gone: set[int] = set()
    for position, at in enumerate(group):
        for other in group[position + 1 :]:
            if at in gone or other in gone or any(a and b for a, b in zip(rows[at], rows[other], strict=True)):
                continue
            if SequenceMatcher(a=keys[at].split(), b=keys[other].split(), autojunk=False).ratio() >= ALIKE:
                rows[at] = [a or b for a, b in zip(rows[at], rows[other], strict=True)]
                gone.add(other)
    return gone


def _row(key: str, entries: list[Entry | None], sure: list[int]) -> AlignedRow:
    """One row. A column whose view is missing does not count as a difference, because its lines are not known."""
    there = [entries[at] for at in sure]
    differs = len({entry.steady if entry else None for entry in there}) > 1
    if differs:
        common = _common(entry for entry in entries if entry)
        entries = [entry and _marked(entry, common) for entry in entries]
    title = "" if " -A " in key or " :" in key else key.translate(_BARE)
    return AlignedRow(key=key, title=title, entries=tuple(entries), differs=differs)


def _common(entries: Iterable[Entry]) -> set[str]:
    words = [{word for line in entry.steady for word in line.split(" ")} for entry in entries]
    return set.intersection(*words) if words else set()


def _marked(entry: Entry, common: set[str]) -> Entry:
    """The lines with those words marked that not every column has."""
    lines = tuple(_parts(line[0].text, steady, common) for line, steady in zip(entry.lines, entry.steady, strict=True))
    return entry.model_copy(update={"lines": lines})


def _parts(text: str, steady: str, common: set[str]) -> tuple[Part, ...]:
    words = text.split()
    differ = [word not in common for word in steady.split(" ")]
    parts = [Part(text=text[: len(text) - len(text.lstrip())])] if text[:1].isspace() else []
    for differs, group in groupby(zip(differ, words, strict=True), key=lambda pair: pair[0]):
        parts += [Part(text=" ".join(word for _, word in group), differs=differs)]
    return tuple(parts)
