"""`iptables-save -c` → the chains and rules of one table, as `iptables-save -c -t TABLE` prints them."""

from __future__ import annotations

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


def read_rules(text: str, table: str) -> Observation:
    lines, truncated = bounded_lines(text)
    reader = _Reader(table)
    for line in lines:
        reader.take(line)
    reader.flush()
    command = f"iptables-save -c -t {table}"
    return Observation(command=command, lines=tuple(reader.shown), items=tuple(reader.found), truncated=truncated)


class _Reader:
    """Walks the whole dump and keeps the section of one table, comments around it included."""

    def __init__(self, table: str) -> None:
        self.table = table
        self.shown: list[Line] = []
        self.found: list[Chain | Rule] = []
        self._keys = Keys()
        self._section = ""  # the table we are in; "" between two
        self._comments: list[str] = []  # seen before we know whose they are
        self._positions: dict[str, int] = {}

    def take(self, line: str) -> None:
        if line.startswith("*"):
            self._section = line[1:].strip()
            self._comments = self._comments if self._section == self.table else []
            self.flush()
            self._keep(line, f"table:{self._section}")
        elif line.startswith("# Completed") and self._section:
            self._keep(line, f"comment:{self.table}")
            self._section = ""
        elif line.startswith("#") and not self._section:
            self._comments.append(line)
        elif self._section in (self.table, ""):
            self.flush()
            self._inside(line)

    def flush(self) -> None:
        for comment in self._comments:
            self.shown.append(Line(text=comment, key=self._keys.unique(f"comment:{self.table}")))
        self._comments = []

    def _keep(self, line: str, key: str) -> None:
        if self._section == self.table:
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
        position = self._positions[chain] = self._positions.get(chain, 0) + 1
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
    """Words as iptables-save writes them: double quotes hold blanks, a backslash keeps the next character."""
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
    """Known options by field name, a negated value beginning with `!`; then the words of the unknown ones."""
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
