"""The tables of `nft list ruleset`: chains, rules, sets, maps and their elements, from the text.

nft prints one thing on each line, and indents what is inside a block. Only the indentation and the first words decide what a
line is, so a brace or a quote in a comment changes nothing. What is not understood is kept as a line.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from dataclasses import dataclass, field

from explorer.network.model import Chain, Line, Rule
from explorer.network.nft.facts import Elements, NftSet, Table, named
from explorer.network.read.nft_rule import counts, pieces, read_rule, uncounted
from explorer.network.read.text import Keys

Named = Container[tuple[str, str]]
Thing = Table | Chain | Rule | NftSet | Elements
_TABLE = re.compile(r"table (\S{1,32}) (\S{1,256}) \{(?: # progname .*)?")
_BLOCK = re.compile(r"\t(chain|set|map) (\S{1,256}) \{")
_OBJECT = re.compile(r"\t([a-z][a-z0-9 ]{0,31} \S{1,256}) \{")  # counter NAME, quota NAME, ct helper NAME, flowtable NAME …
_HOOK = re.compile(r"type (\S+) hook (\S+)(?: devices? (?:= )?(\{[^}]*\}|\S+))? priority ([^;]+);(?: policy (accept|drop);)?")
_BEGIN = "elements = {"


@dataclass
class Told:
    """What was read: the lines that are shown, what they hold, and the names of the tables for `nft list table`."""

    shown: list[Line] = field(default_factory=list)
    found: list[Thing] = field(default_factory=list)
    names: list[str] = field(default_factory=list)


def read_tables(
    lines: Iterable[str], hidden: Container[tuple[str, str]], chains: Container[tuple[str, str]], keys: Keys
) -> Told:
    """`hidden` are tables, as (family, name), that another tool has printed completely; `chains` are chains, as (table named
    as in `Rule.table`, name), that another tool has printed. None of them is shown again."""
    reader = _Reader(hidden, chains, keys)
    for line in lines:
        reader.take(line)
    reader.end()
    return reader.told


class _Reader:
    def __init__(self, hidden: Named, chains: Named, keys: Keys) -> None:
        self.told = Told()
        self._hidden_tables, self._hidden_chains, self._keys = hidden, chains, keys
        self._table = ""  # named as in Rule.table, "" between two tables
        self._key = ""  # of the table's own lines
        self._block = self._name = self._block_key = ""  # the kind of the block, its name, and the key of its own lines
        self._hidden = self._skipped = self._listing = False  # the table, the chain; whether elements go on
        self._positions: dict[tuple[str, str], int] = {}
        self._notes: list[str] = []  # a comment above a table is about that table

    def take(self, line: str) -> None:
        begins = _TABLE.fullmatch(line) if not self._table else None
        if begins:
            self._begin(line, begins[1], begins[2])
        elif not self._table and line.startswith("#"):
            self._notes.append(line)
        elif not self._table:
            self._show(line, self._keys.unique(f"nft::{line.strip()}"))
        elif line == "}":
            if not self._hidden:
                self._show(line, self._key)
            self._table = self._block = ""
        elif not self._hidden:
            self._inside(line)

    def end(self) -> None:
        for note in self._notes:
            self._show(note, self._keys.unique(f"nft::{note}"))
        self._notes = []

    def _begin(self, line: str, family: str, name: str) -> None:
        self._table, self._hidden = named(family, name), (family, name) in self._hidden_tables
        self._block = ""
        if not self._hidden:
            self.told.names.append(f"{family} {name}")
            self._key = self._keys.unique(f"nft:{self._table}")
            for text in (*self._notes, line):
                self._show(text, self._key)
            self.told.found.append(Table(key=self._key, table=self._table))
        self._notes = []

    def _show(self, text: str, key: str) -> None:
        self.told.shown.append(Line(text=text, key=key))

    def _inside(self, line: str) -> None:
        if self._block:
            self._in_block(line)
        elif block := _BLOCK.fullmatch(line):
            self._open(line, block[1], block[2])
        elif other := _OBJECT.fullmatch(line):
            self._block, self._name, self._skipped = "object", other[1], False
            self._block_key = self._keys.unique(f"object:{self._table}:{other[1]}")
            self._show(line, self._block_key)
        elif not line.strip():
            self._show(line, self._keys.unique(f"blank:{self._table}"))
        else:
            self._of_table(line)

    def _of_table(self, line: str) -> None:
        """A line about the table itself, such as its flags."""
        self._show(line, self._key)
        words = line.split()
        table = next((item for item in reversed(self.told.found) if isinstance(item, Table)), None)
        if words[0] == "flags" and table and table.key == self._key:
            self._replace(table, table.model_copy(update={"flags": tuple(word.strip(",") for word in words[1:9])}))

    def _replace(self, old: Thing, new: Thing) -> None:
        for at in range(len(self.told.found) - 1, -1, -1):
            if self.told.found[at] is old:
                self.told.found[at] = new
                return

    # --- a block: a chain, a set, a map, or another object ---

    def _open(self, line: str, block: str, name: str) -> None:
        self._block, self._name, self._listing = block, name, False
        self._skipped = block == "chain" and (self._table, name) in self._hidden_chains
        if self._skipped:
            return
        thing: Chain | NftSet
        if block == "chain":
            self._block_key = self._keys.unique(f"chain:{self._table}:{name}")
            thing = Chain(key=self._block_key, table=self._table, name=name, tool="nft")
        else:
            self._block_key = self._keys.unique(f"set:{self._table}:{name}")
            what = "map" if block == "map" else "set"
            thing = NftSet(key=self._block_key, table=self._table, name=name, what=what)
        self.told.found.append(thing)
        self._opened: Chain | NftSet = thing
        self._show(line, self._block_key)

    def _in_block(self, line: str) -> None:
        if line == "\t}":
            if not self._skipped:
                self._show(line, self._block_key)
            self._block = ""
        elif self._skipped:
            return
        elif self._block == "chain":
            self._in_chain(line)
        elif self._block in ("set", "map"):
            self._in_set(line)
        else:
            self._show(line, self._block_key)

    def _in_chain(self, line: str) -> None:
        text = line.strip()
        if hook := _HOOK.fullmatch(text):
            policy = (hook[5] or "").upper()
            device = (hook[3] or "").replace('"', "")
            told = {"type": hook[1], "hook": hook[2], "device": device, "priority": hook[4], "policy": policy}
            self._alter(told)
        if hook or text.startswith('comment "'):
            self._show(line, self._block_key)
            return
        if not text:
            self._show(line, self._keys.unique(f"blank:{self._table}"))
            return
        place = self._table, self._name
        position = self._positions[place] = self._positions.get(place, 0) + 1
        spec = uncounted(text)
        key = self._keys.unique(f"rule:{self._table}:{self._name}:{spec}")
        rule = read_rule(text, spec)
        self.told.found.append(
            Rule(key=key, table=self._table, chain=self._name, position=position, spec=spec, tool="nft", **rule)
        )
        self._show(line, key)

    def _alter(self, told: dict[str, str]) -> None:
        new = self._opened.model_copy(update=told)
        self._replace(self._opened, new)
        self._opened = new

    def _in_set(self, line: str) -> None:
        text = line.strip()
        if text.startswith(_BEGIN) or self._listing:
            self._elements(line, text)
            return
        word, _, rest = text.partition(" ")
        if word in ("type", "typeof"):
            self._alter({"type": rest})
        elif word == "flags":
            self._alter({"flags": tuple(rest.split(",")[:8])})  # type: ignore[dict-item]
        self._show(line, self._block_key)

    def _elements(self, line: str, text: str) -> None:
        """One line of elements. The first begins with `elements = {`, the last ends with `}`."""
        if not self._listing:
            text = text.removeprefix(_BEGIN).lstrip()
        self._listing = not _bare(text).endswith("}")
        if not self._listing:
            text = text[: text.rindex("}")].rstrip()
        told = tuple(filter(None, (_element(piece) for piece in pieces(text.rstrip(","), ","))))
        if not told:
            self._show(line, self._block_key)
            return
        packets, size = counts(text)
        key = self._keys.unique(f"element:{self._table}:{self._name}:{told[0][0]}")
        self.told.found.append(Elements(key=key, table=self._table, set=self._name, elements=told, packets=packets, bytes=size))
        self._show(line, key)


def _bare(text: str) -> str:
    """The text without what stands in quotes."""
    return re.sub(r'"[^"]*"?', '""', text)


_STATE = re.compile(r' (?:counter packets \d+ bytes \d+|timeout \S+|expires \S+|comment "[^"]*")')


def _element(text: str) -> tuple[str, str] | None:
    """(element, value) without counters, times and comments, and without the quotes around a name."""
    left, *value = pieces(_STATE.sub("", f" {text.strip()}").strip(), " : ")
    key = _unquoted(left)
    return (key, " : ".join(value).strip()) if key else None


def _unquoted(text: str) -> str:
    text = text.strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' and '"' not in text[1:-1] else text
