"""What one network or container added to its host, grouped by cause, and what else appeared at the same moment.

A line belongs to the first owner in `Line.about`. A line that was seen before its owner existed is listed apart and is never
counted as added. A line that appeared at the same moment without a known cause is listed apart as well. When nobody watched
the owner's beginning (`Added.watched` is false), only `Line.about` decides. A Compose project added what its networks and
containers added; its groups are these.

`static/js/views/added.js` gives the same answer in the page; the cases in `tests/web/js/added.json` test both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from explorer.network import cause, projects
from explorer.network.model import DockerContainer, DockerNetwork, Fact, Gone, Line, Place, Snapshot, View
from explorer.network.views import owned

# Seconds: two things that appear within this time appear "at the same moment". An IPv6 address is tentative for up to two.
MOMENT = 3.0
UNKNOWN = "unknown"
PROJECT = cause.project("")
Kind = Literal["namespaces"] | View
Thing = DockerNetwork | DockerContainer
_FRAME = ("table:", "commit:", "comment:", "blank:")  # lines that the tool prints about itself
_OVERLAY = " (overlay)"


class Entry(Fact):
    """One line, or all lines of one interface. `since` is Unix time; 0 when the entry was there before the watching began."""

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
    """Entries with one cause. `cause` is what their lines name after the owner (`network:town`, `option:publish`, `kernel`);
    it is `""` when the lines name the owner alone. In what a project added, it is the network or container."""

    cause: str
    entries: tuple[Entry, ...]


class Owner(Fact):
    owner: str
    detail: str = ""  # driver of a network, image and state of a container, and their part of a project
    count: int = 0


class Added(Fact):
    """The answer for one owner. `watched` is true when the owner's beginning was seen, so that times count. `others` are
    owners whose entries also name this network."""

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
    if owner.startswith(PROJECT):
        return _by_project(snapshot, host, owner, entries)
    return _by_one(snapshot, host, owner, entries)


def _by_one(snapshot: Snapshot, host: str, owner: str, entries: list[Entry]) -> Added:
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


def _by_project(snapshot: Snapshot, host: str, owner: str, entries: list[Entry]) -> Added:
    things = projects.projects(snapshot.docker.get(host)).get(owner.removeprefix(PROJECT), ())
    parts = [_by_one(snapshot, host, owner_of(thing), entries) for thing in things]
    groups = (
        Group(cause=part.owner, entries=tuple(entry for group in part.groups for entry in group.entries)) for part in parts
    )
    own = {part.owner for part in parts}

    def joined(lists: Iterable[tuple[Entry, ...]]) -> tuple[Entry, ...]:
        once = {(entry.place, entry.kind, entry.key): entry for entries in lists for entry in entries}
        return tuple(entry for entry in once.values() if entry.owner not in own)

    return Added(
        host=host,
        owner=owner,
        detail=projects.summary(things) if things else "",
        created=min((part.created for part in parts if part.created), default=0.0),
        watched=bool(parts) and all(part.watched for part in parts),
        groups=tuple(group for group in groups if group.entries),
        changed=joined(part.changed for part in parts),
        unknown=joined(part.unknown for part in parts),
        before=tuple(entry for part in parts for entry in part.before),
        notes=tuple(dict.fromkeys(note for part in parts for note in part.notes)),
    )


def owners(snapshot: Snapshot, host: str) -> tuple[Owner, ...]:
    """The Compose projects, networks and containers of the host, in this order, then every other owner that an entry of this
    host names."""
    counts: dict[str, int] = {}
    for entry in everything(snapshot, host):
        counts[entry.owner] = counts.get(entry.owner, 0) + 1
    named = {owner_of(thing): _detail(thing) for thing in _things(snapshot, host)}
    rest = (name for name in counts if name not in named)
    whole = (
        Owner(
            owner=cause.project(name),
            detail=projects.summary(things),
            count=sum(counts.get(owner, 0) for owner in {owner_of(thing) for thing in things}),
        )
        for name, things in projects.projects(snapshot.docker.get(host)).items()
    )
    return (*whole, *(Owner(owner=name, detail=named.get(name, ""), count=counts.get(name, 0)) for name in (*named, *rest)))


def left_behind(snapshot: Snapshot, gone: Gone) -> tuple[Entry, ...]:
    """What a removed network or container had added to its host and what is still there."""
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
            yield _namespace(place, whose, _joined(snapshot, place))
        for view in owned():
            yield from _entries(place, view, whose)


def _whose(snapshot: Snapshot, place: Place) -> str:
    """The owner of the place's namespace: a container or an overlay network; "" when the place belongs to neither."""
    docker = snapshot.docker.get(place.host)
    if docker and place.kind == "container":
        return next((owner_of(one) for one in docker.containers if one.name == place.name), "")
    if docker and place.kind == "namespace" and place.name.endswith(_OVERLAY):
        return cause.network(place.name.removesuffix(_OVERLAY))
    return ""


def _joined(snapshot: Snapshot, place: Place) -> str:
    """The container whose namespace this place's container was started in, when it is now in another one: that container was
    started again since."""
    docker = snapshot.docker.get(place.host)
    own = next((one for one in docker.containers if one.name == place.name), None) if docker else None
    target = own.network_mode.removeprefix("container:") if own and own.network_mode.startswith("container:") else ""
    return next((one.name for one in docker.containers if target and target in (one.id, one.name)), "") if docker else ""


def _namespace(place: Place, whose: str, joined: str) -> Entry:
    name = whose.partition(":")[2]
    why = f"The network namespace of {name}: interfaces, routes and rules of its own." if whose else ""
    if whose and joined:
        why = f"A namespace that {name} still uses and that {joined} has left: Docker connects nothing to it any more."
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
        return ", ".join(word for word in (thing.image, thing.state, projects.part_of(thing)) if word)
    return ", ".join(word for word in (f"driver {thing.driver}", projects.part_of(thing)) if word) if thing else ""


def _grouped(entries: Iterable[Entry]) -> tuple[Group, ...]:
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(entry.about[1] if len(entry.about) > 1 else "", []).append(entry)
    return tuple(Group(cause=name, entries=tuple(groups[name])) for name in sorted(groups, key=_last))


def _last(name: str) -> tuple[bool, str]:
    """A sort key that puts the kernel's own entries last, because they are the same on every host."""
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
        if not own:
            yield "No namespace of its own: it uses that of another container."
    elif thing.state != "running" and not own:
        yield f"It is {thing.state}: while it does not run it has nothing on {host}."
    if thing.ports:
        yield "Each published port also has a process, docker-proxy, that listens on the host; a process is no line here."
