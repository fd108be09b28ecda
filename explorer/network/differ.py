"""The differ: what changed between two observations of one view. This is the only definition of it.

Lines belong together by their key, so order and position are no difference. Under one key, the text is compared without what
changes by itself:

- never news: the date in the remarks of iptables-save, how long an address is still valid, and of a tracked connection the
  seconds left, its marks and its counters;
- `passing`, a change that says nothing about what is set up: the counters of rules and chains, the state of a neighbour
  (REACHABLE, STALE, …), the state and flags of a connection.

`static/js/stream/differ.js` says the same for two moments that a page holds; `tests/network/differ.json` holds both to it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from explorer.network.model import Fact, Line, Observation, Place, View

Patterns = tuple[tuple[re.Pattern[str], str], ...]

REMARK = "comment:"
_TIMER = re.compile(r"^ *valid_lft ")
_NEVER: dict[str, Patterns] = {  # by the first word of a key
    "conn": (
        (re.compile(r"^(\S+ +\d+ +\S+ +\d+ )\d+ "), r"\1"),
        (re.compile(r" (?:packets|bytes|mark|use)=\d+"), ""),
    )
}
_COUNTERS: Patterns = ((re.compile(r"^\[\d+:\d+\] "), ""), (re.compile(r" \[\d+:\d+\]$"), ""))
_PASSING: dict[str, Patterns] = {
    "chain": _COUNTERS,
    "rule": _COUNTERS,
    "neigh": ((re.compile(r" (?:NONE|INCOMPLETE|REACHABLE|STALE|DELAY|PROBE|FAILED|NOARP|PERMANENT) *$"), ""),),
    "conn": ((re.compile(r"^(\S+ +\d+ +\S+ +\d+ )[A-Z][A-Z0-9_]* "), r"\1"), (re.compile(r" \[[A-Z_]+\]"), "")),
}


class Difference(Fact):
    """`added` and `changed` are keys of the later observation, in its order; `passing` are those of `changed` in which only
    counters or states that pass by themselves are different. `removed` are the lines that went, whole."""

    added: tuple[str, ...] = ()
    removed: tuple[Line, ...] = ()
    changed: tuple[str, ...] = ()
    passing: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)

    @property
    def lasting(self) -> tuple[str, ...]:
        """The keys of `changed` under which something that was set up is different."""
        return tuple(key for key in self.changed if key not in set(self.passing))


NOTHING = Difference()


def diff(before: Observation | None, after: Observation) -> Difference:
    """Where there is nothing to compare with (first sight, or one of them unreadable), there is no difference."""
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
    """Whether it is a tool's word about itself, with the time of day in it."""
    return line.key.startswith(REMARK)


def _by_key(seen: Observation) -> dict[str, list[Line]]:
    found: dict[str, list[Line]] = {}
    for line in seen.lines:
        if not is_remark(line):
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
    """One view of one place shows something else than before. `place` is the place as it is now, all its views in it; `found`
    is the difference, where somebody has already looked for it."""

    place: Place
    view: View
    before: Observation | None
    after: Observation
    found: Difference | None = None

    @cached_property
    def difference(self) -> Difference:
        """Looked for once, whoever asks."""
        return diff(self.before, self.after) if self.found is None else self.found

    def then(self, later: Change) -> Change | None:
        """This change and a later one of the same view as one; None when all is again as it was."""
        if later.after == self.before:
            return None
        return Change(later.place, self.view, self.before, later.after)
