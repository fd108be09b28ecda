"""Since when each thing has been there, as one who watches can know it: the moment it was first seen.

What was there when the watching began has no time. Kept by key, for what is there now and nothing else, so it is bounded by
what is shown.
"""

from __future__ import annotations

from explorer.network.difference import compare
from explorer.network.model import Observation, Place, View
from explorer.network.views import owned

BEGINNING = 1.0  # seconds in which the first readings of a host's places come in


class Since:
    def __init__(self) -> None:
        self._began: dict[str, float] = {}  # place → first sight
        self._views: dict[tuple[str, View], Observation] = {}  # as marked last, and readable

    def mark(self, place: Place, now: float) -> Place:
        """The same place with its times filled."""
        if place.id not in self._began and (place.views or place.shares):
            self._began[place.id] = now
        views = {view: self._mark(place, view, seen, now) for view, seen in place.views.items()}
        return place.model_copy(update={"views": views, "since": self._began.get(place.id, now)})

    def forget(self, place: str) -> None:
        self._began.pop(place, None)
        for key in [key for key in self._views if key[0] == place]:
            del self._views[key]

    def _mark(self, place: Place, view: View, seen: Observation, now: float) -> Observation:
        before = self._views.get((place.id, view))
        if seen.error or view not in owned():
            return seen
        if before is None:
            first = self._was_there(place, now)
            marked = seen if first else seen.model_copy(update={"since": {line.key: now for line in seen.lines}})
        elif before.lines == seen.lines and before.items == seen.items:
            marked = seen.model_copy(update={"since": before.since, "changed": before.changed})
        else:
            marked = _carried(before, seen, now)
        self._views[place.id, view] = marked
        return marked

    def _was_there(self, place: Place, now: float) -> bool:
        """A view seen for the first time was there before us only while we had just begun to look at its host."""
        host = place.host or place.id
        return now - self._began.get(host, now) < BEGINNING


def _carried(before: Observation, seen: Observation, now: float) -> Observation:
    known = {line.key for line in before.lines}
    kept = {line.key for line in seen.lines}
    since = {key: before.since.get(key, 0.0) if key in known else now for key in kept}
    changed = {key: at for key, at in before.changed.items() if key in kept}
    if seen.command in ("ip addr", "ip route"):  # of everything else, what changes are counters and timers
        changed |= dict.fromkeys(compare(before, seen).changed, now)
    return seen.model_copy(update={"since": {key: at for key, at in since.items() if at}, "changed": changed})
