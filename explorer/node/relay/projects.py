"""Sums up in the timeline what a command of Compose did: one line for each project, once nothing more came for a moment.

`docker compose up` of a large file makes hundreds of events. Those of containers and networks that carry a project's labels are
gathered while a command of Compose is at work on their host, or always where the node does not list commands. What is gathered
is bounded. An event alone is told as it came.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from explorer.lab.watch.happenings import Deed
from explorer.network.model import DockerState
from explorer.sandboxes.events import Happened

QUIET, LONGEST = 3.0, 20.0  # seconds without an event, after which a sum is told; and after which it is told anyway
UNSTARTED = 10.0  # instead of QUIET, while a command that starts containers has made some and not started them
AT_WORK = 60.0  # seconds after a command of Compose, or after the last event that came with it
HOLD = 1.0  # seconds in which the daemon's list has to name a network that an event named
OBJECTS = 500  # of one sum
HELD = 100
SUMS = 20
NAMED, NAMED_BELOW = 4, 40  # names in the sentence, and in its detail
VERBS = frozenset(
    ["up", "create", "run", "start", "stop", "restart", "down", "rm", "kill", "pause", "unpause", "scale", "watch"]
)
STARTS = frozenset(["up", "run", "scale", "watch"])
VERB = re.compile(r"\bdocker[ -]compose\b(.*)", re.DOTALL)
_PHRASES = (  # what was reported of one container → what a person calls it; the first that fits
    ({"oom"}, "saw memory run out in"),
    ({"create", "destroy", "start"}, "replaced"),
    ({"create", "destroy"}, "made and removed"),
    ({"create", "start", "die"}, "made and ran"),
    ({"create", "start"}, "made and started"),
    ({"create"}, "made"),
    ({"die", "destroy"}, "stopped and removed"),
    ({"destroy"}, "removed"),
    ({"die", "start"}, "restarted"),
    ({"start"}, "started"),
    ({"die"}, "stopped"),
    ({"pause"}, "paused"),
    ({"unpause"}, "resumed"),
)


def verb_of(command: str) -> str:
    """The verb of a command of Compose, such as `up`; "" for every other command."""
    found = VERB.search(command)
    words = (word.strip("'\";&|") for word in found[1].split()) if found else ()
    return next((word for word in words if word in VERBS), "")


@dataclass
class _Sum:
    began: float  # Unix time
    first: float  # monotonic, like `last`
    last: float
    verb: str
    project: str
    lines: list[Happened] = field(default_factory=list)
    objects: dict[tuple[str, str], set[str]] = field(default_factory=dict)  # (kind, name) → what happened to it
    services: dict[str, None] = field(default_factory=dict)
    more: bool = False

    def add(self, line: Happened, deed: Deed) -> None:
        if len(self.lines) < 2:
            self.lines.append(line)
        key = (deed.kind, deed.name)
        if deed.did == "rename" and (renamed := self.objects.pop((deed.kind, deed.old), None)):
            self.objects.setdefault(key, set()).update(renamed)
        elif key in self.objects or len(self.objects) < OBJECTS:
            self.objects.setdefault(key, set()).add(deed.did)
        else:
            self.more = True
        if deed.service:
            self.services[deed.service] = None

    @property
    def due(self) -> float:
        quiet = UNSTARTED if self.verb in STARTS and self._unstarted() else QUIET
        return min(self.last + quiet, self.first + LONGEST)

    def _unstarted(self) -> bool:
        """Whether a network was made and no container yet, or a container was made and nothing more happened to it."""
        containers = [dids for (kind, _), dids in self.objects.items() if kind == "container"]
        networks = [dids for (kind, _), dids in self.objects.items() if kind == "network"]
        return {"create"} in (containers or networks)

    def told(self) -> Happened:
        first = self.lines[0]
        if len(self.lines) == 1:
            return first
        told = "; ".join(self._parts())
        subject = f"compose {self.verb}" if self.verb else f"project {self.project}:"
        names = [name for (kind, name) in self.objects if kind == "container"]
        detail = f"project {self.project}"
        if self.services:
            detail += f", service{'s' if len(self.services) > 1 else ''} {_listed(list(self.services), NAMED_BELOW)}"
        if len(names) > NAMED:
            detail += f": {_listed(names, NAMED_BELOW)}"
        return first.model_copy(update={"text": f"{subject} {told}", "detail": detail, "began": self.began})

    def _parts(self) -> Iterator[str]:
        for kind in ("network", "container"):
            by_phrase: dict[str, list[str]] = {}
            for (one, name), dids in self.objects.items():
                if one == kind:
                    phrase = next((phrase for need, phrase in _PHRASES if need <= dids), "changed")
                    by_phrase.setdefault(phrase, []).append(name)
            for phrase, names in by_phrase.items():
                some = "at least " if self.more else ""
                many = f"{some}{len(names)} {kind}s"
                few = f"{kind}{'s' if len(names) > 1 else ''} {_listed(names, NAMED)}"
                yield f"{phrase} {few if len(names) <= NAMED else many}"


def _listed(names: list[str], most: int) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


class Projects:
    """Of one sandbox. `listed` says whether commands are listed on this node. All times are given; `now` is monotonic."""

    def __init__(self, listed: bool) -> None:
        self._listed = listed
        self._at_work: dict[str, tuple[float, str]] = {}  # host → (until, verb)
        self._sums: dict[tuple[str, str], _Sum] = {}
        self._held: list[tuple[float, Happened, Deed]] = []
        self._networks: dict[str, dict[str, str]] = {}  # host → name → project, of the last two lists

    def hear_command(self, host: str, command: str, now: float) -> None:
        if verb := verb_of(command):
            self._at_work[host] = (now + AT_WORK, verb)

    def see(self, line: Happened, deed: Deed | None, at: float, now: float) -> Iterable[Happened]:
        """The lines to tell now. `at` is Unix time."""
        host = line.place.partition("/")[0]
        until, verb = self._at_work.get(host, (0.0, ""))
        if deed is None or (self._listed and now > until):
            return (line,)
        if deed.kind == "network" and not deed.project:
            known = self._networks.get(host, {})
            if deed.name not in known and self._listed and len(self._held) < HELD:
                self._held.append((now + HOLD, line, deed))
                return ()
            deed = deed._replace(project=known.get(deed.name, ""))
        if not deed.project:
            return (line,)
        if self._listed:
            self._at_work[host] = (now + AT_WORK, verb)
        if deed.did in ("connect", "disconnect"):
            return ()
        if (host, deed.project) not in self._sums and len(self._sums) >= SUMS:
            return (line,)
        one = self._sums.setdefault((host, deed.project), _Sum(at, now, now, verb, deed.project))
        one.last = now
        one.add(line, deed)
        return ()

    def see_docker(self, state: DockerState, at: float, now: float) -> list[Happened]:
        """Takes the names of networks; returns lines that waited for them and belong to no project."""
        old = self._networks.get(state.host, {})
        there = {network.name: network.project for network in state.networks}
        self._networks[state.host] = {name: old[name] for name in list(old)[-len(there) - 20 :] if name not in there} | there
        held = [one for one in self._held if one[1].place.partition("/")[0] == state.host and one[2].name in there]
        self._held = [one for one in self._held if one not in held]
        return [told for _, line, deed in held for told in self.see(line, deed, at, now)]

    def due(self) -> float | None:
        """The monotonic time at which something is to be told; None when nothing waits."""
        waits = [one.due for one in self._sums.values()] + [until for until, *_ in self._held]
        return min(waits, default=None)

    def take(self, now: float) -> list[Happened]:
        late = [line for until, line, _ in self._held if until <= now]
        self._held = [one for one in self._held if one[0] > now]
        done = [key for key, one in self._sums.items() if one.due <= now]
        return [*late, *(self._sums.pop(key).told() for key in done)]
