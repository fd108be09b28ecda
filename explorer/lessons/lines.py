"""Finds the line of a TOML text where a value stands, so that an error can name the line."""

from __future__ import annotations

import re
from collections.abc import Sequence

Path = tuple[str | int, ...]
HEADER = re.compile(r"^\s*(\[\[?)\s*([A-Za-z0-9_.\- ]+?)\s*\]\]?\s*(#.*)?$")
KEY = re.compile(r'^\s*(?:"([^"]+)"|([A-Za-z0-9_-]+))\s*=')


class Lines:
    """The lines of the tables and keys of one TOML text in the plain style in which lessons are written."""

    def __init__(self, text: str) -> None:
        self.text = text.splitlines()
        self.at: dict[Path, int] = {(): 1}
        self.starts: list[int] = []
        self._scan()

    def _scan(self) -> None:
        counts: dict[Path, int] = {}
        table: Path = ()
        depth = 0
        quoted = ""
        for number, line in enumerate(self.text, start=1):
            if not depth and not quoted:
                if header := HEADER.match(line):
                    table = self._table(header[2], header[1] == "[[", counts)
                    self._note(table, number)
                elif key := KEY.match(line):
                    self._note((*table, key[1] or key[2]), number)
            depth, quoted = nesting(line, depth, quoted)

    def _note(self, path: Path, number: int) -> None:
        self.at.setdefault(path, number)
        self.starts.append(number)

    def _table(self, name: str, repeated: bool, counts: dict[Path, int]) -> Path:
        path: Path = ()
        words = [word.strip() for word in name.split(".")]
        for position, word in enumerate(words):
            path = (*path, word)
            if position == len(words) - 1 and repeated:
                counts[path] = counts.get(path, -1) + 1
            if path in counts:
                path = (*path, counts[path])
        return path

    def find(self, path: Sequence[str | int], needle: str = "") -> int:
        """The line of `path`, or of the nearest table above it; if the value contains `needle`, the line of `needle`."""
        known = tuple(path)
        while known not in self.at:
            known = known[:-1]
        first = self.at[known]
        if needle:
            last = min((start for start in self.starts if start > first), default=len(self.text) + 1)
            for number in range(first, last):
                if re.search(rf"(?<![\w-]){re.escape(needle)}(?![\w-])", self.text[number - 1]):
                    return number
        return first


def nesting(line: str, depth: int, quoted: str) -> tuple[int, str]:
    """The open brackets and the open quote after `line`. Strings over several lines are followed; comments are ignored."""
    position = 0
    while position < len(line):
        if quoted:
            end = line.find(quoted, position)
            escaped = quoted.startswith('"') and end > 0 and line[end - 1] == "\\"
            if end < 0:
                return depth, quoted if len(quoted) == 3 else ""
            position, quoted = end + (1 if escaped else len(quoted)), quoted if escaped else ""
            continue
        letter = line[position]
        if line.startswith(('"""', "'''"), position):
            quoted, position = line[position : position + 3], position + 3
            continue
        if letter in "\"'":
            quoted = letter
        elif letter == "#":
            break
        elif letter in "[{":
            depth += 1
        elif letter in "]}":
            depth -= 1
        position += 1
    return max(depth, 0), quoted
