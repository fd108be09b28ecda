"""What a sandbox showed last and what browsers were told last; the difference between the two becomes events.

Pure and bounded: however fast a host changes, there is one pending mark per place and view, and what is told is always the
newest. So nothing is dropped, only moments nobody could have seen are passed over.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator

from explorer.network.compare import compare, describe
from explorer.network.model import (
    Call,
    DockerState,
    Gone,
    Measured,
    Observation,
    Place,
    ProbeResult,
    ScriptResult,
    Snapshot,
    View,
)
from explorer.network.since import Since
from explorer.node.relay.owners import Owners
from explorer.sandboxes.events import (
    DockerChanged,
    Event,
    Happened,
    MeasuredChanged,
    OwnerGone,
    PlaceGone,
    PlaceSeen,
    ProbeAnswered,
    SnapshotTaken,
    ViewChanged,
)

CAUSE_SECONDS = 1.5  # a change so soon after something the engine did there was caused by it
DRIVER_FIRST = 0.4  # what Docker reports so soon after a driver's answer is the same matter, told by the one who did not do it
CHANGES = {"CreateNetwork", "DeleteNetwork", "CreateEndpoint", "DeleteEndpoint", "Join", "Leave"}  # of all a driver is asked
OF_DRIVERS: tuple[View, ...] = ("interfaces", "routes", "fdb", "nat", "filter")  # of the host: what a driver can have done
GAP_SECONDS = 0.05  # between two tellings of the same view
LINES_WAITING = 200  # of the timeline
GONE_KEPT = 20  # networks and containers that were removed
Mark = tuple[str, str]  # (place id, view or "" for the place itself) · ("", host) for a host's daemon


class Picture:
    def __init__(self, sandbox: str, generation: int, no_commands: str = "") -> None:
        self.sandbox, self.generation, self.no_commands = sandbox, generation, no_commands
        self.number = 0
        self.places: dict[str, Place] = {}
        self.docker: dict[str, DockerState] = {}
        self.probes: dict[str, ProbeResult] = {}
        self.measured: dict[str, Measured] = {}
        self.scripts: dict[str, ScriptResult] = {}
        self._told: dict[str, Place] = {}
        self._told_docker: dict[str, DockerState] = {}
        self._marks: dict[Mark, float] = {}  # → not before
        self._told_at: dict[Mark, float] = {}
        self._lines: deque[Event] = deque()
        self._lines_lost = 0
        self._since = Since()
        self._owners = Owners()
        self._gone: deque[Gone] = deque(maxlen=GONE_KEPT)
        self._causes: dict[str, tuple[float, str]] = {}  # host → (when, what its engine said)
        self._driver_causes: dict[str, tuple[float, str]] = {}  # host → (when, what a driver on it was asked)

    # --- what was seen ---

    def see_place(self, place: Place) -> None:
        self.places[place.id] = self._since.mark(place, time.time())
        self._mark((place.id, ""))

    def lose_place(self, place: str) -> None:
        self._since.forget(place)
        if self.places.pop(place, None) is not None or place in self._told:
            for mark in [mark for mark in self._marks if mark[0] == place]:
                del self._marks[mark]
            self._mark((place, ""))

    def see_view(self, place: Place, view: View) -> None:
        if view == "calls":
            before = self.places.get(place.id)
            self._see_calls(place, before.views.get(view) if before else None)
        self.places[place.id] = self._since.mark(place, time.time())
        self._mark((place.id, view if place.id in self._told else ""))

    def see_docker(self, docker: DockerState) -> None:
        self.docker[docker.host] = docker
        self._mark(("", docker.host))

    def see_happening(self, line: Happened) -> None:
        if line.source == "docker":
            self._causes[line.place.partition("/")[0]] = (time.monotonic(), line.text)
        self.add_line(line)

    def see_probe(self, result: ProbeResult) -> None:
        before = self.probes.get(result.probe.key)
        self.probes[result.probe.key] = result
        told = (before.ok, before.detail, before.source_seen) if before else None
        if told != (result.ok, result.detail, result.source_seen):
            self.add_line(ProbeAnswered(result=result))

    def keep_probes(self, keys: set[str]) -> None:
        """An answer is never older than its question."""
        for key in self.probes.keys() - keys:
            del self.probes[key]

    def keep_scripts(self, keys: set[str]) -> None:
        self.scripts = {key: result for key, result in self.scripts.items() if key in keys}

    def see_measured(self, measure: str, measured: Measured) -> None:
        self.measured[measure] = measured
        self.add_line(MeasuredChanged(measure=measure, measured=measured))

    def keep_measured(self, measures: set[str]) -> bool:
        """Figures of what is no longer there are no figures. True when some went."""
        gone = self.measured.keys() - measures
        for measure in gone:
            del self.measured[measure]
            self.add_line(MeasuredChanged(measure=measure))
        return bool(gone)

    def add_line(self, event: Event) -> None:
        if len(self._lines) >= LINES_WAITING:
            self._lines_lost += 1
            return
        self._lines.append(event)

    # --- what is to be told ---

    def waiting(self) -> float | None:
        """Seconds until something can be told; None when all is told."""
        if self._lines:
            return 0.0
        if not self._marks:
            return None
        return max(0.0, min(self._marks.values()) - time.monotonic())

    def take(self) -> Iterator[Event]:
        """What is due now, as events; each is folded in as it is handed out."""
        if self._lines_lost:
            self._lines.append(Happened(source="sandbox", text=f"{self._lines_lost} more lines went by too fast to show"))
            self._lines_lost = 0
        while self._lines:
            yield self._lines.popleft()
        now = time.monotonic()
        for mark in [mark for mark, due in self._marks.items() if due <= now]:
            if self._marks.pop(mark, None) is not None:
                self._told_at[mark] = now
                yield from self._tell(mark)

    def take_all(self) -> SnapshotTaken:
        """Everything at once, as the new beginning."""
        self._marks.clear()
        self._told = dict(self.places)
        for place in self._told.values():
            self._owners.see(place)
        self._told_docker = dict(self.docker)
        return SnapshotTaken(snapshot=self.snapshot())

    def snapshot(self) -> Snapshot:
        """What has been told, which is what `number` stands for."""
        return Snapshot(
            sandbox=self.sandbox,
            generation=self.generation,
            number=self.number,
            at=time.time(),
            places=dict(self._told),
            docker=dict(self._told_docker),
            probes=dict(self.probes),
            measured=dict(self.measured),
            scripts=dict(self.scripts),
            gone=tuple(self._gone),
            no_commands=self.no_commands,
        )

    # --- inside ---

    def _mark(self, mark: Mark) -> None:
        self._marks.setdefault(mark, self._told_at.get(mark, 0.0) + GAP_SECONDS)

    def _tell(self, mark: Mark) -> Iterator[Event]:
        place, view = mark
        if not place:
            docker = self.docker[view]
            before = self._told_docker.get(view)
            if before != docker:
                self._told_docker[view] = docker
                yield DockerChanged(docker=docker)
                for owner in self._owners.see_docker(before, docker, time.time()):
                    self._gone.append(owner)
                    yield OwnerGone(gone=owner)
        elif place not in self.places:
            gone = self._told.pop(place, None)
            for old in [old for old in self._told_at if old[0] == place]:
                del self._told_at[old]
            if gone:
                yield PlaceGone(place=place, name=gone.name)
        elif not view:
            seen = self.places[place]
            if self._told.get(place) != seen:
                self._told[place] = seen
                self._owners.see(seen)
                yield PlaceSeen(place=seen)
        else:
            yield from self._tell_view(self.places[place], view)

    def _tell_view(self, place: Place, view: View) -> Iterator[Event]:
        told = self._told.get(place.id)
        seen = place.views.get(view)
        if told is None or seen is None:
            return
        before, after = told.views.get(view), seen
        if before == after:
            return
        self._told[place.id] = told.model_copy(update={"views": {**told.views, view: after}})
        self._owners.see_view(place, view)
        difference = compare(before, after)
        cause = self._cause(place, view)
        yield ViewChanged(
            place=place.id,
            view=view,
            observation=after,
            added=tuple(difference.added),
            changed=tuple(difference.changed),
            removed=tuple(difference.removed),
            cause=cause if difference.added or difference.removed else "",
        )
        for text in describe(place, view, difference, before, after, self.docker.get(_host_of(place))):
            yield Happened(source="kernel", place=place.id, text=text, detail=f"because: {cause}" if cause else "")

    def _see_calls(self, place: Place, before: Observation | None) -> None:
        """Of the calls that came since, those that change something in the kernel are a cause."""
        old = {item.key: item for item in before.items} if before else {}
        calls = [item for item in place.views["calls"].items if isinstance(item, Call) and item.method in CHANGES]
        news = [call for call in calls if old.get(call.key) != call]
        if news:
            methods = list(dict.fromkeys(call.method for call in news))
            verb = "answered" if news[-1].seconds is not None else "was asked"
            text = f"{news[-1].driver} {verb} {' and '.join(filter(None, (', '.join(methods[:-1]), methods[-1])))}"
            self._driver_causes[_host_of(place)] = (time.monotonic(), text)

    def _cause(self, place: Place, view: View) -> str:
        when, text = self._causes.get(_host_of(place), (0.0, ""))
        asked, told = self._driver_causes.get(_host_of(place), (0.0, ""))
        if told and when - asked <= DRIVER_FIRST and place.kind == "host" and view in OF_DRIVERS:
            when, text = asked, told
        return text if text and time.monotonic() - when <= CAUSE_SECONDS else ""


def _host_of(place: Place) -> str:
    return place.host or place.id.partition("/")[0]
