"""The chains and rules of one table from `iptables-save -c`, as `iptables-save -c -t TABLE` prints them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from explorer.network.model import Chain, Line, Observation, Rule
from explorer.network.read.text import Keys, bounded_lines, number

# option → field of Rule; everything else stays in `other`
_FIELDS = {
    "-s": "source",
    "-d": "destination",
    "-i": "in_interface",
    "-o": "out_interface",
    "-p": "protocol",
    "-j": "target",
    "-g": "target",
    "--sport": "source_port",
    "--dport": "destination_port",
    "--to-destination": "to_destination",
    "--to-source": "to_source",
    "--ctstate": "ct_state",
}

# iptables prints this about a table that holds rules of nft that iptables cannot print
BEYOND = re.compile(r"# Table `([^']{1,64})' (?:is incompatible|contains incompatible)")


def read_rules(text: str, table: str) -> Observation:
    lines, truncated = bounded_lines(text)
    section = read_sections(lines, lambda name: name == table, Keys())
    command = f"iptables-save -c -t {table}"
    return Observation(command=command, lines=tuple(section.shown), items=tuple(section.found), truncated=truncated)


def read_sections(lines: Iterable[str], wanted: Callable[[str], bool], keys: Keys, family: str = "") -> RuleParser:
    """The tables whose name is wanted. `family` is put before the names in keys and items."""
    reader = RuleParser(wanted, keys, family)
    for line in lines:
        reader.take(line)
    reader.flush()
    return reader


class RuleParser:
    """Goes through the whole dump and keeps the sections of the wanted tables, with the comments around them."""

    def __init__(self, wanted: Callable[[str], bool], keys: Keys, family: str) -> None:
        self.shown: list[Line] = []
        self.found: list[Chain | Rule] = []
        self.complete: set[str] = set()  # the tables that this program can print completely
        self.chains: set[tuple[str, str]] = set()  # (table, chain) that it prints, whether the table is wanted or not
        self._wanted, self._keys, self._family = wanted, keys, family
        self._section: str | None = None  # the current table; None between two tables
        self._comments: list[str] = []  # comments whose table is not known yet
        self._positions: dict[tuple[str, str], int] = {}
        self._beyond: set[str] = set()  # tables of which only nft prints everything

    @property
    def table(self) -> str:
        return self._family + (self._section or "")

    def take(self, line: str) -> None:
        if line.startswith("*"):
            self._begin(line)
        elif line.startswith("# Completed") and self._section is not None:
            self._keep(line, f"comment:{self.table}")
            self._section = None
        elif line.startswith("#") and self._section is None:
            self._comment(line)
        elif self._section is None or self._wanted(self._section):
            self.flush()
            self._inside(line)
        elif line.startswith(":"):
            self.chains.add((self._section, line[1:].partition(" ")[0]))

    def flush(self) -> None:
        for comment in self._comments:
            self.shown.append(Line(text=comment, key=self._keys.unique(f"comment:{self.table}")))
        self._comments = []

    def _begin(self, line: str) -> None:
        self._section = line[1:].strip()
        self.complete |= {self._section} - self._beyond
        self._comments = self._comments if self._wanted(self._section) else []
        self.flush()
        self._keep(line, f"table:{self.table}")

    def _comment(self, line: str) -> None:
        """A comment between two tables belongs to the next table, unless it names a table that only nft can print."""
        named = BEYOND.match(line)
        if named is None:
            self._comments.append(line)
            return
        self._beyond.add(named[1])
        self.complete.discard(named[1])
        if self._wanted(named[1]):
            self.flush()
            self.shown.append(Line(text=line, key=self._keys.unique(f"beyond:{self._family}{named[1]}")))

    def _keep(self, line: str, key: str) -> None:
        if self._section is not None and self._wanted(self._section):
            self.shown.append(Line(text=line, key=self._keys.unique(key)))

    def _inside(self, line: str) -> None:
        item = self._chain(line) or self._rule(line)
        if item:
            self.found.append(item)
        key = item.key if item else self._keys.unknown(line)
        if line == "COMMIT":
            key = self._keys.unique(f"commit:{self.table}")
        self.shown.append(Line(text=line, key=key))

    def _chain(self, line: str) -> Chain | None:
        words = line.split()
        if not line.startswith(":") or len(words) < 2 or len(words[0]) < 2:
            return None
        name, policy = words[0][1:], words[1]
        packets, size = _counters(words[2]) if len(words) > 2 else (None, None)
        self.chains.add((self._section or "", name))
        return Chain(
            key=self._keys.unique(f"chain:{self.table}:{name}"),
            table=self.table,
            name=name,
            policy="" if policy == "-" else policy,
            packets=packets,
            bytes=size,
        )

    def _rule(self, line: str) -> Rule | None:
        spec, (packets, size) = line, (None, None)
        if line.startswith("["):
            counters, _, spec = line.partition(" ")
            packets, size = _counters(counters)
        words = split_words(spec) if spec.startswith("-A ") else []
        if len(words) < 2:
            return None
        chain = words[1]
        position = self._positions[self.table, chain] = self._positions.get((self.table, chain), 0) + 1
        fields, other = _options(words[2:])
        return Rule(
            key=self._keys.unique(f"rule:{self.table}:{chain}:{spec}"),
            table=self.table,
            chain=chain,
            position=position,
            spec=spec,
            other=tuple(other),
            packets=packets,
            bytes=size,
            **fields,
        )


def _counters(word: str) -> tuple[int | None, int | None]:
    packets, _, size = word.strip("[]").partition(":")
    return number(packets), number(size)


def split_words(spec: str) -> list[str]:
    """The words of a line of iptables-save: double quotes hold blanks, a backslash keeps the next character."""
    if '"' not in spec:
        return spec.split()
    words: list[str] = []
    word: list[str] = []
    quoted = started = escaped = False
    for character in spec:
        if escaped:
            word.append(character)
            escaped = False
        elif character == "\\" and quoted:
            escaped = True
        elif character == '"':
            quoted, started = not quoted, True
        elif character == " " and not quoted:
            if word or started:
                words.append("".join(word))
            word, started = [], False
        else:
            word.append(character)
    if word or started:
        words.append("".join(word))
    return words


def _options(words: list[str]) -> tuple[dict[str, str], list[str]]:
    """Known options by field name, a negated value with `!` before it; then the words of the unknown options."""
    fields: dict[str, str] = {}
    other: list[str] = []
    index = 0
    while index < len(words):
        negated = words[index] == "!"
        at = index + negated
        field = _FIELDS.get(words[at], "") if at < len(words) else ""
        if field and field not in fields and at + 1 < len(words):
            fields[field] = ("!" if negated else "") + words[at + 1]
            index = at + 2
        else:
            other.append(words[index])
            index += 1
    return fields, other[:256]
