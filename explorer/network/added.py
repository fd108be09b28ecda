"""What one network or container put on its host, grouped by cause, and what else came at that moment: asked of a snapshot.

A thing belongs to whom its line names first (`Line.about`), and only to somebody who was there before it: what was seen
before its owner existed is told apart and never claimed. What came at the same moment and says no cause is told apart as
well. Where nobody watched the beginning, the lines' own words are all there is, and the answer says so.

`static/js/views/added.js` gives the same answer in the page; `tests/web/js/added.json` holds both to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from explorer.network import cause
from explorer.network.model import DockerContainer, DockerNetwork, Fact, Gone, Line, Place, Snapshot, View
from explorer.network.views import owned

MOMENT = 1.5  # seconds within which two things came "at the same moment"
UNKNOWN = "unknown"
Kind = Literal["namespaces"] | View
Thing = DockerNetwork | DockerContainer
_FRAME = ("table:", "commit:", "comment:")  # lines of the tool itself
_OVERLAY = " (overlay)"


class Entry(Fact):
    """One thing: a line, or the lines of one interface. `since` is 0 when it was there when the watching began."""

    place: str
    kind: Kind
    key: str
    lines: tuple[str, ...]
    why: str = ""
    about: tuple[str, ...] = ()
    since: float = 0.0
    changed: float = 0.0

    @property
    def owner(self) -> str:
        return self.about[0] if self.about else UNKNOWN


class Group(Fact):
    """`cause` is what a line names after its owner, `""` for the owner alone: `network:town`, `option:publish`, `kernel`."""

    cause: str
    entries: tuple[Entry, ...]


class Owner(Fact):
    owner: str
    detail: str = ""  # driver of a network, image and state of a container
    count: int = 0


class Added(Fact):
    """`watched`: the beginning of the owner was seen, so times count. `others` put more there for this network's sake."""

    host: str
    owner: str
    detail: str = ""
    created: float = 0.0
    watched: bool = False
    groups: tuple[Group, ...] = ()
    others: tuple[Owner, ...] = ()
    changed: tuple[Entry, ...] = ()
    unknown: tuple[Entry, ...] = ()
    before: tuple[Entry, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        return sum(len(group.entries) for group in self.groups)


def added(snapshot: Snapshot, host: str, owner: str) -> Added:
    entries = list(everything(snapshot, host))
    thing = _thing(snapshot, host, owner)
    created = thing.created if thing else 0.0
    began = snapshot.places[host].since if host in snapshot.places else 0.0
    watched = bool(created and began and created >= began)
    fitting = [entry for entry in entries if entry.owner == owner]
    own = [entry for entry in fitting if not watched or entry.since >= created]
    births = [entry.since for entry in own if entry.since] or [created]
    return Added(
        host=host,
        owner=owner,
        detail=_detail(thing),
        created=created,
        watched=watched,
        groups=_grouped(own),
        others=_others(entries, owner),
        changed=tuple(e for e in entries if watched and e.owner != owner and e.since < created and _near(e.changed, births)),
        unknown=tuple(e for e in entries if watched and e.owner == UNKNOWN != owner and _near(e.since, births)),
        before=tuple(entry for entry in fitting if entry not in own),
        notes=tuple(_notes(host, thing, own, watched)),
    )


def owners(snapshot: Snapshot, host: str) -> tuple[Owner, ...]:
    """Networks, then containers, then who else something of this host belongs to."""
    counts: dict[str, int] = {}
    for entry in everything(snapshot, host):
        counts[entry.owner] = counts.get(entry.owner, 0) + 1
    named = {owner_of(thing): _detail(thing) for thing in _things(snapshot, host)}
    rest = (name for name in counts if name not in named)
    return tuple(Owner(owner=name, detail=named.get(name, ""), count=counts.get(name, 0)) for name in (*named, *rest))


def left_behind(snapshot: Snapshot, gone: Gone) -> tuple[Entry, ...]:
    """What a removed network or container had put there and is there still."""
    put = {(one.place, one.view, one.key) for one in gone.put}
    present = everything(snapshot, gone.host)
    return tuple(entry for entry in present if (entry.place, entry.kind, entry.key) in put and entry.since <= gone.at)


def owner_of(thing: Thing) -> str:
    return cause.network(thing) if isinstance(thing, DockerNetwork) else cause.container(thing.name)


# --- everything there is on a host, as entries ---------------------------------------------------------------------------


def everything(snapshot: Snapshot, host: str) -> Iterator[Entry]:
    for place in snapshot.places.values():
        if (place.host or place.id) != host or place.shares:
            continue
        whose = _whose(snapshot, place)
        if place.id != host and place.netns:
            yield _namespace(place, whose)
        for view in owned():
            yield from _entries(place, view, whose)


def _whose(snapshot: Snapshot, place: Place) -> str:
    """Whose namespace a place is."""
    docker = snapshot.docker.get(place.host)
    if docker and place.kind == "container":
        return next((owner_of(one) for one in docker.containers if one.name == place.name), "")
    if docker and place.kind == "namespace" and place.name.endswith(_OVERLAY):
        return cause.network(place.name.removesuffix(_OVERLAY))
    return ""


def _namespace(place: Place, whose: str) -> Entry:
    name = whose.partition(":")[2]
    why = f"The network namespace of {name}: interfaces, routes and rules of its own." if whose else ""
    line = f"{place.id}  net:[{place.netns}]"
    about = (whose,) if whose else ()
    return Entry(
        place=place.id, kind="namespaces", key=f"netns:{place.netns}", lines=(line,), why=why, about=about, since=place.since
    )


def _entries(place: Place, view: View, whose: str) -> Iterator[Entry]:
    seen = place.views.get(view)
    by_key: dict[str, list[Line]] = {}
    for line in seen.lines if seen else ():
        if line.key and not line.key.startswith(_FRAME):
            by_key.setdefault(line.key, []).append(line)
    for key, lines in by_key.items():
        first = lines[0]
        about = (whose, *first.about) if whose and first.about[:1] == (cause.KERNEL,) else first.about
        yield Entry(
            place=place.id,
            kind=view,
            key=key,
            lines=tuple(line.text for line in lines),
            why=first.why,
            about=about,
            since=seen.since.get(key, 0.0) if seen else 0.0,
            changed=seen.changed.get(key, 0.0) if seen else 0.0,
        )


# --- the answer's parts --------------------------------------------------------------------------------------------------


def _thing(snapshot: Snapshot, host: str, owner: str) -> Thing | None:
    return next((one for one in _things(snapshot, host) if owner_of(one) == owner), None)


def _things(snapshot: Snapshot, host: str) -> list[Thing]:
    docker = snapshot.docker.get(host)
    return [*docker.networks, *docker.containers] if docker else []


def _detail(thing: Thing | None) -> str:
    if isinstance(thing, DockerContainer):
        return ", ".join(word for word in (thing.image, thing.state) if word)
    return f"driver {thing.driver}" if thing else ""


def _grouped(entries: Iterable[Entry]) -> tuple[Group, ...]:
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(entry.about[1] if len(entry.about) > 1 else "", []).append(entry)
    return tuple(Group(cause=name, entries=tuple(groups[name])) for name in sorted(groups, key=_last))


def _last(name: str) -> tuple[bool, str]:
    """The kernel's own part comes last: it is the same everywhere."""
    return name == cause.KERNEL, name


def _others(entries: Iterable[Entry], owner: str) -> tuple[Owner, ...]:
    counts: dict[str, int] = {}
    for entry in entries:
        if owner in entry.about[1:]:
            counts[entry.owner] = counts.get(entry.owner, 0) + 1
    return tuple(Owner(owner=name, count=count) for name, count in counts.items())


def _near(at: float, births: list[float]) -> bool:
    return at > 0 and any(abs(at - birth) <= MOMENT for birth in births)


def _notes(host: str, thing: Thing | None, own: list[Entry], watched: bool) -> Iterator[str]:
    if thing and not watched:
        yield f"Its beginning was not watched: this is what the lines themselves say of {thing.name}."
    if not isinstance(thing, DockerContainer):
        return
    if thing.network_mode == "host":
        yield f"On network host: no namespace of its own. It uses {host}'s interfaces, routes and rules."
    elif thing.network_mode.startswith("container:"):
        yield "No namespace of its own: it uses that of another container."
    elif thing.state != "running" and not own:
        yield f"It is {thing.state}: while it does not run it has nothing on {host}."
    if thing.ports:
        yield "Each published port also has a process, docker-proxy, that listens on the host; a process is no line here."
