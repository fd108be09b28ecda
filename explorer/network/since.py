"""Since when each thing has been there, as one who watches can know it: the moment it was first seen.

What was there when the watching began has no time. The times stand in the observations themselves (`since`, `changed`), by key,
and are carried from the last observation of a view to the next; so they are bounded by what is shown.
"""

from __future__ import annotations

from explorer.network.differ import Difference, diff
from explorer.network.model import Observation, Place, View
from explorer.network.views import owned

BEGINNING = 1.0  # seconds in which the first readings of a host's places come in
Times = dict[str, dict[str, float]]


class Since:
    """Remembers of each place only when it was first seen readable."""

    def __init__(self) -> None:
        self._began: dict[str, float] = {}

    def begin(self, place: Place, now: float) -> float:
        """When watching this place began, in Unix time; 0 as long as it could not be read."""
        if place.id not in self._began and (place.views or place.shares):
            self._began[place.id] = now
        return self._began.get(place.id, 0.0)

    def forget(self, place: str) -> None:
        self._began.pop(place, None)

    def mark(
        self, place: Place, view: View, before: Observation | None, seen: Observation, found: Difference, now: float
    ) -> Observation:
        """`seen` with its times. `before` is what the view showed last, marked; `found`, how the two differ."""
        if view not in owned():
            return seen
        if before is None:
            new = {} if self._was_there(place, now) else {line.key: now for line in seen.lines}
            return seen.model_copy(update={"since": new})
        if seen.error:  # nobody sees what comes meanwhile: it will have no time, and what was there keeps its own
            return seen.model_copy(update={"since": before.since, "changed": before.changed})
        times = _carried(before, seen)
        if not before.error:
            known = {line.key for line in before.lines}
            times["since"] |= {line.key: now for line in seen.lines if line.key not in known}
            times["changed"] |= dict.fromkeys(found.lasting, now)
        return seen.model_copy(update=times)

    def mark_place(self, before: Place | None, place: Place, now: float) -> Place:
        """The same place with the times of all its views. `before` is the place as it was marked last."""
        began = self.begin(place, now)
        old = before.views if before else {}
        views = {
            view: self.mark(place, view, old.get(view), seen, diff(old.get(view), seen), now)
            for view, seen in place.views.items()
        }
        return place.model_copy(update={"views": views, "since": began})

    def _was_there(self, place: Place, now: float) -> bool:
        """A view seen for the first time was there before us only while we had just begun to look at its host."""
        host = place.host or place.id
        return now - self._began.get(host, now) < BEGINNING


def _carried(before: Observation, seen: Observation) -> Times:
    """The times of what is still there."""
    there = {line.key for line in seen.lines}
    return {
        "since": {key: at for key, at in before.since.items() if key in there},
        "changed": {key: at for key, at in before.changed.items() if key in there},
    }
