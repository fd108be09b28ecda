"""Since when each line of an owned view (`ViewRow.owned`) has been there: the time when the observer first saw the line.

A line that was there when the watching began has no time. The times are kept in the observations (`since`, `changed`), by
key, and go from the last observation of a view to the next. So their number is bounded by the number of lines shown.
"""

from __future__ import annotations

from explorer.network.differ import Difference, diff
from explorer.network.model import Observation, Place, View
from explorer.network.views import owned

BEGINNING = 1.0  # seconds within which all places of a host are read for the first time
Times = dict[str, dict[str, float]]


class Since:
    """The times for one sandbox. It keeps only one number per place: when the place was first readable."""

    def __init__(self) -> None:
        self._began: dict[str, float] = {}

    def begin(self, place: Place, now: float) -> float:
        """When the watching of this place began, in Unix time; 0 as long as the place could not be read."""
        if place.id not in self._began and (place.views or place.shares):
            self._began[place.id] = now
        return self._began.get(place.id, 0.0)

    def forget(self, place: str) -> None:
        self._began.pop(place, None)

    def mark(
        self, place: Place, view: View, before: Observation | None, seen: Observation, found: Difference, now: float
    ) -> Observation:
        """`seen` with its times, if it is an owned view. `before` is the previous observation of the view, with times;
        `found` is the difference between the two."""
        if view not in owned():
            return seen
        if before is None:
            new = {} if self._was_there(place, now) else {line.key: now for line in seen.lines}
            return seen.model_copy(update={"since": new})
        if seen.error:  # the view cannot be read now: lines that come meanwhile get no time, earlier lines keep theirs
            return seen.model_copy(update={"since": before.since, "changed": before.changed})
        times = _carried(before, seen)
        if not before.error:
            known = {line.key for line in before.lines}
            times["since"] |= {line.key: now for line in seen.lines if line.key not in known}
            times["changed"] |= dict.fromkeys(found.lasting, now)
        return seen.model_copy(update=times)

    def mark_place(self, before: Place | None, place: Place, now: float) -> Place:
        """The same place with the times of its owned views. `before` is the place with the times of the last call."""
        began = self.begin(place, now)
        old = before.views if before else {}
        views = {
            view: self.mark(place, view, old.get(view), seen, diff(old.get(view), seen), now)
            for view, seen in place.views.items()
        }
        return place.model_copy(update={"views": views, "since": began})

    def _was_there(self, place: Place, now: float) -> bool:
        """Whether a view seen for the first time was there before the watching: only when the watching of its host has just
        begun."""
        host = place.host or place.id
        return now - self._began.get(host, now) < BEGINNING


def _carried(before: Observation, seen: Observation) -> Times:
    """The times of the lines that are still there."""
    there = {line.key for line in seen.lines}
    return {
        "since": {key: at for key, at in before.since.items() if key in there},
        "changed": {key: at for key, at in before.changed.items() if key in there},
    }
