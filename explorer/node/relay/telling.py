"""What has been sent to the browsers about a sandbox, and which changes wait to be sent.

The observer reports each change once, with the observation before it. Here at most one change waits for each place and view: a
second one is joined with the first, and the newest observation is sent. So the waiting changes are bounded, and what is left
out are states in between that lasted less than `GAP_SECONDS`. Lines of the timeline are bounded too: beyond `LINES_WAITING`
they are only counted, and the count is sent. `snapshot` holds what has been sent up to the last event's number.
"""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Set

from explorer.lab.watch.happenings import Deed
from explorer.network.differ import Change
from explorer.network.model import (
    Call,
    DockerState,
    Gone,
    Measured,
    Place,
    ProbeResult,
    ScriptResult,
    Snapshot,
    View,
)
from explorer.network.timeline import describe
from explorer.node.relay.owners import Owners
from explorer.node.relay.projects import Projects
from explorer.sandboxes.events import (
    DockerChanged,
    Event,
    FramesCounted,
    Happened,
    MeasuredChanged,
    OwnerGone,
    PlaceGone,
    PlaceSeen,
    ProbeAnswered,
    SnapshotTaken,
    ViewChanged,
)

CAUSE_SECONDS = 1.5  # a change this soon after an action of the engine there counts as caused by it
DRIVER_FIRST = 0.4  # when Docker reports something this soon after a driver's answer, the driver's call is named as the cause
# those calls to a driver that change something in the kernel
CHANGES = {"CreateNetwork", "DeleteNetwork", "CreateEndpoint", "DeleteEndpoint", "Join", "Leave"}
# the views of a host in which a driver can change something
OF_DRIVERS: tuple[View, ...] = ("interfaces", "routes", "fdb", "nat", "filter")
GAP_SECONDS = 0.05  # between two tellings of the same view
FRAMES_SECONDS = 0.5  # between two tellings of which interfaces of a place counted frames
FRAMES = "frames"
LINES_WAITING = 200  # of the timeline
GONE_KEPT = 20  # networks and containers that were removed
Mark = tuple[str, str]  # (place id, view, FRAMES or "" for the place itself) · ("", host) for a host's daemon
Rates = dict[str, int]  # interface that counted frames → bits per second
Waiting = Place | Change | DockerState | Rates | None  # None: the place went


class Telling:
    def __init__(self, sandbox: str, generation: int, no_commands: str = "") -> None:
        self.sandbox, self.generation, self.no_commands = sandbox, generation, no_commands
        self.number = 0
        self.places: dict[str, Place] = {}  # as told
        self.docker: dict[str, DockerState] = {}  # as told
        self.probes: dict[str, ProbeResult] = {}
        self.measured: dict[str, Measured] = {}
        self.scripts: dict[str, ScriptResult] = {}
        self._waiting: dict[Mark, Waiting] = {}
        self._due: dict[Mark, float] = {}
        self._told_at: dict[Mark, float] = {}
        self._lines: deque[Event] = deque()
        self._lines_lost = 0
        self.lines_dropped = 0  # in all
        self._owners, self._projects = Owners(), Projects(listed=not no_commands)
        self._gone: deque[Gone] = deque(maxlen=GONE_KEPT)
        self._causes: dict[str, tuple[float, str]] = {}  # host → (when, what its engine said)
        self._driver_causes: dict[str, tuple[float, str]] = {}  # host → (when, what a driver on it was asked)

    # --- what was seen ---

    def see_place(self, place: Place) -> None:
        """The whole place will be sent, so changes of its views that wait are dropped."""
        self._drop(place.id)
        self._wait((place.id, ""), place)

    def lose_place(self, place: str) -> None:
        self._drop(place)
        self._waiting.pop((place, ""), None)
        self._due.pop((place, ""), None)
        if place in self.places:
            self._wait((place, ""), None)

    def see_view(self, change: Change) -> None:
        if change.view == "calls":
            self._see_calls(change)
        whole, mark = (change.place.id, ""), (change.place.id, change.view)
        waiting = self._waiting.get(mark)
        if whole in self._waiting or change.place.id not in self.places:
            self._wait(whole, change.place)
        elif not isinstance(waiting, Change):
            self._wait(mark, change)
        elif both := waiting.then(change):
            self._waiting[mark] = both
        else:
            del self._waiting[mark], self._due[mark]

    def see_docker(self, docker: DockerState) -> None:
        self._wait(("", docker.host), docker)
        self._add_lines(self._projects.see_docker(docker, time.time(), time.monotonic()))

    def see_frames(self, place: str, interfaces: Mapping[str, int]) -> None:
        """Interfaces of a place counted frames: until they are told, more of them are joined."""
        mark = (place, FRAMES)
        waiting = self._waiting.get(mark)
        if place in self.places:
            already = waiting if isinstance(waiting, dict) else {}
            self._wait(mark, {**already, **interfaces}, FRAMES_SECONDS)

    def sees(self, places: Set[str]) -> bool:
        """Whether all these places have been sent or wait to be sent."""
        return all(name in self.places or self._waiting.get((name, "")) is not None for name in places)

    def see_happening(self, line: Happened, deed: Deed | None = None) -> None:
        if line.source != "docker":
            self.add_line(line)
            return
        part = f" (service {deed.service} of project {deed.project})" if deed and deed.project else ""
        self._causes[line.place.partition("/")[0]] = (time.monotonic(), line.text + part)
        self._add_lines(self._projects.see(line, deed, time.time(), time.monotonic()))

    def hear_command(self, place: str, command: str) -> None:
        """A person gave this command there: what Docker reports now may be its work."""
        self._projects.hear_command(place, command, time.monotonic())

    def see_probe(self, result: ProbeResult) -> None:
        before = self.probes.get(result.probe.key)
        self.probes[result.probe.key] = result
        told = (before.ok, before.detail, before.source_seen) if before else None
        if told != (result.ok, result.detail, result.source_seen):
            self.add_line(ProbeAnswered(result=result))

    def keep_probes(self, keys: set[str]) -> None:
        """Forgets answers to probes that are no longer asked."""
        for key in self.probes.keys() - keys:
            del self.probes[key]

    def keep_scripts(self, keys: set[str]) -> None:
        self.scripts = {key: result for key, result in self.scripts.items() if key in keys}

    def see_measured(self, measure: str, measured: Measured) -> None:
        self.measured[measure] = measured
        self.add_line(MeasuredChanged(measure=measure, measured=measured))

    def keep_measured(self, measures: set[str]) -> bool:
        """Forgets figures of measurements that are not in `measures`. True when there were any."""
        gone = self.measured.keys() - measures
        for measure in gone:
            del self.measured[measure]
            self.add_line(MeasuredChanged(measure=measure))
        return bool(gone)

    def _add_lines(self, events: Iterable[Event]) -> None:
        for event in events:
            self.add_line(event)

    def add_line(self, event: Event) -> None:
        if len(self._lines) >= LINES_WAITING:
            self._lines_lost += 1
            self.lines_dropped += 1
            return
        self._lines.append(event)

    # --- what is to be told ---

    def waiting(self) -> float | None:
        """Seconds until something can be sent; None when nothing waits."""
        if self._lines:
            return 0.0
        due = [*self._due.values(), *filter(None, [self._projects.due()])]
        return max(0.0, min(due) - time.monotonic()) if due else None

    def take(self) -> Iterator[Event]:
        """The events that are due. Each becomes part of the snapshot as it is yielded."""
        self._add_lines(self._projects.take(time.monotonic()))
        if self._lines_lost:
            self._lines.append(Happened(source="sandbox", text=f"{self._lines_lost} more lines went by too fast to show"))
            self._lines_lost = 0
        while self._lines:
            yield self._lines.popleft()
        now = time.monotonic()
        for mark in [mark for mark, due in self._due.items() if due <= now]:
            if mark in self._waiting:  # a change that waits may be dropped while an event is written
                del self._due[mark]
                self._told_at[mark] = now
                yield from self._tell(mark, self._waiting.pop(mark))

    def take_all(self) -> SnapshotTaken:
        """Everything that is known as one new snapshot."""
        for mark in list(self._waiting):
            for _ in self._tell(mark, self._waiting.pop(mark)):
                pass  # it becomes part of the snapshot
        self._due.clear()
        return SnapshotTaken(snapshot=self.snapshot())

    def take_all_at_once(self) -> list[Event]:
        return [self.take_all()]

    def snapshot(self) -> Snapshot:
        """What has been sent, up to the event `number`."""
        return Snapshot(
            sandbox=self.sandbox,
            generation=self.generation,
            number=self.number,
            at=time.time(),
            places=dict(self.places),
            docker=dict(self.docker),
            probes=dict(self.probes),
            measured=dict(self.measured),
            scripts=dict(self.scripts),
            gone=tuple(self._gone),
            no_commands=self.no_commands,
        )

    # --- inside ---

    def _wait(self, mark: Mark, what: Waiting, gap: float | None = None) -> None:
        self._waiting[mark] = what
        self._due.setdefault(mark, self._told_at.get(mark, 0.0) + (GAP_SECONDS if gap is None else gap))

    def _drop(self, place: str) -> None:
        """Drops what waits of a place's views and frames."""
        for mark in [mark for mark in self._waiting if mark[0] == place and mark[1]]:
            del self._waiting[mark], self._due[mark]

    def _tell(self, mark: Mark, what: Waiting) -> Iterator[Event]:
        if isinstance(what, Place):
            self.places[what.id] = what
            self._owners.see(what)
            yield PlaceSeen(place=what)
        elif isinstance(what, Change):
            yield from self._tell_view(what)
        elif isinstance(what, dict):
            rates = {name: rate for name, rate in sorted(what.items()) if rate}
            yield FramesCounted(place=mark[0], interfaces=tuple(sorted(what)), rates=rates)
        elif isinstance(what, DockerState):
            before, self.docker[what.host] = self.docker.get(what.host), what
            yield DockerChanged(docker=what)
            for owner in self._owners.see_docker(before, what, time.time()):
                self._gone.append(owner)
                yield OwnerGone(gone=owner)
        else:
            gone = self.places.pop(mark[0])
            for old in [old for old in self._told_at if old[0] == mark[0]]:
                del self._told_at[old]
            yield PlaceGone(place=gone.id, name=gone.name)

    def _tell_view(self, change: Change) -> Iterator[Event]:
        place, view, found = change.place, change.view, change.difference
        told = self.places[place.id]
        self.places[place.id] = told.model_copy(update={"views": {**told.views, view: change.after}})
        self._owners.see_view(place, view)
        cause = self._cause(place, view)
        yield ViewChanged(
            place=place.id,
            view=view,
            observation=change.after,
            added=found.added,
            changed=found.changed,
            passing=found.passing,
            removed=found.removed,
            cause=cause if found.added or found.removed else "",
        )
        for text in describe(place, view, found, change.before, change.after, self.docker.get(_host_of(place))):
            yield Happened(source="kernel", place=place.id, text=text, detail=f"because: {cause}" if cause else "")

    def _see_calls(self, change: Change) -> None:
        """Notes, as a possible cause of what follows, the new calls with which Docker had a driver change something."""
        place, first = change.place, change.before is None
        news = {*change.difference.added, *change.difference.changed}
        calls = [item for item in change.after.items if isinstance(item, Call) and (first or item.key in news)]
        if calls := [call for call in calls if call.method in CHANGES]:
            methods = list(dict.fromkeys(call.method for call in calls))
            verb = "answered" if calls[-1].seconds is not None else "was asked"
            text = f"{calls[-1].driver} {verb} {' and '.join(filter(None, (', '.join(methods[:-1]), methods[-1])))}"
            self._driver_causes[_host_of(place)] = (time.monotonic(), text)

    def _cause(self, place: Place, view: View) -> str:
        when, text = self._causes.get(_host_of(place), (0.0, ""))
        asked, told = self._driver_causes.get(_host_of(place), (0.0, ""))
        if told and when - asked <= DRIVER_FIRST and place.kind == "host" and view in OF_DRIVERS:
            when, text = asked, told
        return text if text and time.monotonic() - when <= CAUSE_SECONDS else ""


def as_json(snapshot: Snapshot) -> str:
    """The snapshot as JSON, written in pieces: writing it in one piece would hold up the loop, also from another thread."""
    rest = snapshot.model_dump_json(exclude={"places", "docker"})
    places = (f"{json.dumps(name)}:{_place_as_json(place)}" for name, place in snapshot.places.items())
    docker = (f"{json.dumps(host)}:{state.model_dump_json()}" for host, state in snapshot.docker.items())
    return f'{rest[:-1]},"places":{{{",".join(places)}}},"docker":{{{",".join(docker)}}}}}'


def _place_as_json(place: Place) -> str:
    views = ",".join(f'"{view}":{seen.model_dump_json()}' for view, seen in place.views.items())
    return f'{place.model_dump_json(exclude={"views"})[:-1]},"views":{{{views}}}}}'


def _host_of(place: Place) -> str:
    return place.host or place.id.partition("/")[0]
