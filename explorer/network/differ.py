"""What changed between two observations of one view.

Lines are matched by their key, so order and position make no difference. The texts of one key are compared in two steps:

- Ignored: the date in the comments of iptables-save, the remaining lifetime of an address, blank lines and, of a tracked
  connection, the seconds left, its marks and its counters; of an element of a set of nft, the seconds left, and what nft writes
  around it because it is the first or the last.
- `passing`, a change of something that nobody set up: the counters of rules and chains, the state of a neighbour (REACHABLE,
  STALE and others), the state and flags of a connection.

`static/js/stream/differ.js` compares two moments in the page by the same rules; the cases in `tests/network/differ.json` test
both.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from explorer.network.model import Fact, Line, Observation, Place, View

Patterns = tuple[tuple[re.Pattern[str], str], ...]

REMARK = "comment:"
BLANK = "blank:"  # a blank line of nft's, between two chains
_TIMER = re.compile(r"^ *valid_lft ")
_NEVER: dict[str, Patterns] = {  # by the first word of a key
    "conn": (
        (re.compile(r"^(\S+ +\d+ +\S+ +\d+ )\d+ "), r"\1"),
        (re.compile(r" (?:packets|bytes|mark|use)=\d+"), ""),
    ),
    "element": (
        (re.compile(r"^\s*(?:elements = \{ ?)?"), ""),
        (re.compile(r"(?:,| \})$"), ""),
        (re.compile(r" expires [0-9a-z]+"), ""),
    ),
}
_COUNTERS: Patterns = (
    (re.compile(r"^\[\d+:\d+\] "), ""),
    (re.compile(r" \[\d+:\d+\]$"), ""),
    (re.compile(r"\bpackets \d+ bytes \d+"), ""),  # in the words of nft
)
_PASSING: dict[str, Patterns] = {
    "chain": _COUNTERS,
    "rule": _COUNTERS,
    "element": _COUNTERS,
    "object": _COUNTERS,
    "set": ((re.compile(r"\t# count \d+$"), ""),),
    "neigh": ((re.compile(r" (?:NONE|INCOMPLETE|REACHABLE|STALE|DELAY|PROBE|FAILED|NOARP|PERMANENT) *$"), ""),),
    "conn": ((re.compile(r"^(\S+ +\d+ +\S+ +\d+ )[A-Z][A-Z0-9_]* "), r"\1"), (re.compile(r" \[[A-Z_]+\]"), "")),
}


class Difference(Fact):
    """What changed. `added` and `changed` are keys of the later observation, in its order. `passing` are the keys of
    `changed` in which only counters or passing states differ. `removed` are whole lines of the earlier observation."""

    added: tuple[str, ...] = ()
    removed: tuple[Line, ...] = ()
    changed: tuple[str, ...] = ()
    passing: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)

    @property
    def lasting(self) -> tuple[str, ...]:
        """The keys of `changed` without those of `passing`: under them, something that was set up is different."""
        return tuple(key for key in self.changed if key not in set(self.passing))


NOTHING = Difference()


def diff(before: Observation | None, after: Observation) -> Difference:
    """The difference; an empty one when there is no earlier observation or when one of the two could not be read."""
    if before is None or before.error or after.error:
        return NOTHING
    old, new = _by_key(before), _by_key(after)
    changed = tuple(key for key, lines in new.items() if key in old and _told(lines) != _told(old[key]))
    return Difference(
        added=tuple(key for key in new if key not in old),
        removed=tuple(line for key, lines in old.items() if key not in new for line in lines),
        changed=changed,
        passing=tuple(key for key in changed if _set_up(new[key]) == _set_up(old[key])),
    )


def is_remark(line: Line) -> bool:
    """Whether the line is a comment that the tool prints about itself, which holds the time of day."""
    return line.key.startswith(REMARK)


def _by_key(seen: Observation) -> dict[str, list[Line]]:
    found: dict[str, list[Line]] = {}
    for line in seen.lines:
        if not is_remark(line) and not line.key.startswith(BLANK):
            found.setdefault(line.key or line.text, []).append(line)
    return found


def _told(lines: list[Line]) -> list[str]:
    return [_without(line, line.text, _NEVER) for line in lines if not _TIMER.match(line.text)]


def _set_up(lines: list[Line]) -> list[str]:
    return [_without(line, _without(line, line.text, _NEVER), _PASSING) for line in lines if not _TIMER.match(line.text)]


def _without(line: Line, text: str, patterns: dict[str, Patterns]) -> str:
    for pattern, instead in patterns.get(line.key.partition(":")[0], ()):
        text = pattern.sub(instead, text)
    return text


@dataclass(frozen=True)
class Change:
    """One view of one place that now differs. `place` is the place as it is now with all its views. `found` is the difference
    when it has been computed already."""

    place: Place
    view: View
    before: Observation | None
    after: Observation
    found: Difference | None = None

    @cached_property
    def difference(self) -> Difference:
        """The difference, computed at the first use and then kept."""
        return diff(self.before, self.after) if self.found is None else self.found

    def then(self, later: Change) -> Change | None:
        """This change and a later change of the same view as one change; None when the view is again as it was before both."""
        if later.after == self.before:
            return None
        return Change(later.place, self.view, self.before, later.after)
