"""When "not Docker's" is said of a line, and what is known of how the line came.

A daemon writes rules and interfaces some time before it tells of the container or network that they are for, and it tells of a
removal before the last line is gone. So a line that appears, or that was Docker's until now, is called somebody else's only
when the daemon was asked again, `SETTLED` seconds later, and still has nothing that makes the line. Until then a new line has
no reason, and an older one keeps the reason that it had.

When the watcher saw the line appear, the sentence also says after which command, or that this is not known.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from explorer.network.cause import NOT_DOCKER
from explorer.network.model import Line, Observation, View

SETTLED = 3.0  # seconds; a start under load takes this long between its rules and the daemon's word of them
BEFORE, LATE = 2.0, 0.1  # seconds between a command and the line that it made; a command may be heard a moment late
COMMANDS = 50  # kept for one host
SHOWN = 120  # characters of a command in a sentence
NOT_KNOWN = "It appeared while this was watched; after which command is not known."


@dataclass(frozen=True, slots=True)
class Given:
    """A command that a person gave on a host."""

    at: float
    text: str


@dataclass
class _Lines:
    """What is kept of one view: since when each line is somebody else's, and the command after which it appeared."""

    first: dict[str, float] = field(default_factory=dict)
    after: dict[str, str] = field(default_factory=dict)
    due: float = 0.0  # when the daemon has to be asked again; 0 when nothing waits


class Verdicts:
    """For the places of one sandbox."""

    def __init__(self) -> None:
        self._views: dict[tuple[str, View], _Lines] = {}
        self._given: dict[str, deque[Given]] = {}

    def hear(self, host: str, text: str, at: float) -> None:
        self._given.setdefault(host, deque(maxlen=COMMANDS)).append(Given(at, text[:SHOWN]))

    def forget(self, place: str) -> None:
        for key in [key for key in self._views if key[0] == place]:
            del self._views[key]

    def due(self) -> dict[str, float]:
        """Host → the Unix time at which its daemon has to be asked again, for hosts where a line waits for that."""
        found: dict[str, float] = {}
        for (place, _), lines in self._views.items():
            if lines.due:
                host = place.partition("/")[0]
                found[host] = max(found.get(host, 0.0), lines.due)
        return found

    def waits(self, place: str, view: View, asked: float) -> bool:
        """Whether a line of this view waits for an answer of the daemon that is there now."""
        lines = self._views.get((place, view))
        return lines is not None and 0 < lines.due <= asked

    def settle(
        self, place: str, view: View, before: Observation | None, seen: Observation, asked: float, now: float
    ) -> Observation:
        """`seen` with the sentences that can be said now. It has its times already; `asked` is the Unix time at which the
        daemon's last answer was asked for."""
        if not any(NOT_DOCKER in line.about for line in seen.lines):
            self._views.pop((place, view), None)
            return seen
        had = {line.key: line for line in before.lines} if before else {}
        lines, old = _Lines(), self._views.get((place, view), _Lines())
        changed = tuple(self._line(place, line, had.get(line.key), seen.since, old, lines, asked, now) for line in seen.lines)
        self._views[place, view] = lines
        return seen.model_copy(update={"lines": changed})

    def _line(
        self,
        place: str,
        line: Line,
        had: Line | None,
        since: Mapping[str, float],
        old: _Lines,
        lines: _Lines,
        asked: float,
        now: float,
    ) -> Line:
        if NOT_DOCKER not in line.about:
            return line
        at = since.get(line.key, 0.0)
        was_dockers = had is not None and bool(had.about) and NOT_DOCKER not in had.about
        first = old.first.get(line.key, 0.0) or (at if at and had is None else now if at or was_dockers else -math.inf)
        lines.first[line.key] = first
        if asked < first + SETTLED:
            lines.due = max(lines.due, first + SETTLED)
            kept = had if had is not None and NOT_DOCKER not in had.about else Line(text=line.text, key=line.key)
            return line.model_copy(update={"why": kept.why, "about": kept.about})
        if not at:
            return line
        told = lines.after[line.key] = old.after.get(line.key) or self._how(place.partition("/")[0], at)
        return line.model_copy(update={"why": f"{line.why} {told}"})

    def _how(self, host: str, at: float) -> str:
        near = [one for one in tuple(self._given.get(host, ())) if at - BEFORE <= one.at <= at + LATE]
        return f"It appeared after the command `{near[-1].text}`." if near else NOT_KNOWN
