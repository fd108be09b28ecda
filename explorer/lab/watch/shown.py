"""What a sandbox shows, with explanations and times.

The observer passes in the readings of single namespaces. Here the ends of veth pairs are joined across namespaces, and every
line gets its reason and its time. The differences from what was shown before come out once, as changes, so a `Witness` need
not compare again.

Work is done only for what is new: a view is explained again when it was read again, or when the names in its reasons have
changed.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog

from explorer.lab.watch.verdicts import Verdicts
from explorer.network.differ import Change, diff
from explorer.network.elsewhere import Elsewhere, look_elsewhere
from explorer.network.explain import explain
from explorer.network.model import DockerState, Observation, Place, View
from explorer.network.peers import link_peers
from explorer.network.since import Since
from explorer.network.views import owned
from explorer.network.weather import Set, lasting, tell

log = structlog.get_logger(__name__)

SETTLED = 3.0  # seconds between a command of ours and its effect in a reading
FACTS = tuple(name for name in Place.model_fields if name != "views")


@dataclass
class News:
    """What differs: places that disappeared, places that are new as a whole, and changed views of known places."""

    gone: list[str] = field(default_factory=list)
    seen: list[Place] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)


class Shown:
    """`places` is what is shown now."""

    def __init__(self) -> None:
        self.places: dict[str, Place] = {}
        self._from: dict[tuple[str, View], tuple[Observation, Any]] = {}  # the reading, and the names that its reasons used
        self._since = Since()
        self.verdicts = Verdicts()
        self._weather_lock = threading.Lock()  # `take` runs in a thread beside the loop, which sets weather meanwhile
        self._weather: dict[str, dict[str, Set]] = {}  # by place and interface: what the page set
        self._weather_at: dict[str, float] = {}

    def know_weather(self, made: Sequence[Set], now: float) -> None:
        with self._weather_lock:
            for one in made:
                self._weather.setdefault(one.place, {})[one.interface] = one
                self._weather_at[one.place] = now

    def made(self) -> dict[tuple[str, str], Set]:
        """The weather that the page set and that is still as it was set, by place and interface."""
        with self._weather_lock:
            return {(place, device): one for place, devices in self._weather.items() for device, one in devices.items()}

    def _weather_of(self, place: Place) -> Mapping[str, Set]:
        with self._weather_lock:
            made = self._weather.get(place.id, {})
            if made and time.monotonic() - self._weather_at[place.id] > SETTLED:
                made = self._weather[place.id] = lasting(place, made)
            return dict(made)

    def take(
        self,
        readings: Mapping[str, Place],
        docker: Mapping[str, DockerState],
        now: float,
        asked: Mapping[str, float] | None = None,
    ) -> News:
        """The differences that these readings make. `now` is Unix time; so is `asked`, by host: when its daemon was asked for
        what `docker` says. Without `asked`, the daemons were asked just now."""
        news = News(gone=[name for name in self.places if name not in readings])
        for name in news.gone:
            self._forget(name)
        linked = link_peers(dict(readings))
        elsewhere = look_elsewhere(linked, docker)
        self.places = {
            name: self._take_place(
                place,
                docker.get(place.host),
                elsewhere,
                news,
                now,
                asked.get(place.host, 0.0) if asked is not None else math.inf,
            )
            for name, place in linked.items()
        }
        return news

    def _take_place(
        self, place: Place, docker: DockerState | None, elsewhere: Elsewhere, news: News, now: float, asked: float
    ) -> Place:
        before = self.places.get(place.id)
        began = self._since.begin(place, now)
        made = self._weather_of(place)
        names = (docker, place.views.get("interfaces"), elsewhere, tuple(made.values()))
        changes = {}
        views: dict[View, Observation] = {}
        for view, reading in place.views.items():
            shown = before.views.get(view) if before else None
            same = self._from.get((place.id, view)) == (reading, names)
            if shown is not None and same and not self.verdicts.waits(place.id, view, asked):
                views[view] = shown
                continue
            self._from[place.id, view] = (reading, names)
            seen = reasoned(place, view, reading, docker, elsewhere)
            seen = tell(seen, made) if made else seen
            found = diff(shown, seen)
            views[view] = self._since.mark(place, view, shown, seen, found, now)
            if view in owned():
                views[view] = self.verdicts.settle(place.id, view, shown, views[view], asked, now)
            if shown is None or views[view] != shown:  # other names can give the same reasons
                changes[view] = found
            else:
                views[view] = shown
        after = place.model_copy(update={"views": views, "since": began})
        lost = before is not None and not before.views.keys() <= views.keys()
        if before is None or lost or any(getattr(before, name) != getattr(after, name) for name in FACTS):
            news.seen.append(after)
        else:
            for view, found in changes.items():
                news.changes.append(Change(after, view, before.views.get(view), views[view], found))
        for old in [key for key in self._from if key[0] == place.id and key[1] not in views] if lost else ():
            del self._from[old]
        return after

    def _forget(self, place: str) -> None:
        self._since.forget(place)
        self.verdicts.forget(place)
        with self._weather_lock:
            self._weather.pop(place, None)
        for key in [key for key in self._from if key[0] == place]:
            del self._from[key]


def reasoned(
    place: Place, view: View, observation: Observation, docker: DockerState | None, elsewhere: Elsewhere
) -> Observation:
    """The observation with its reasons. When the explanation fails, the observation has no reasons and the error is logged: a
    line without a reason is better than no line."""
    try:
        return explain(place, view, observation, docker, elsewhere)
    except Exception:
        log.exception("explanation failed", place=place.id, view=view)
        return observation
