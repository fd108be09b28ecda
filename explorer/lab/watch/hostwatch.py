"""Watches one host or machine from outside: finds its namespaces, watches each, and stops watching those that ended."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Literal

import structlog

from explorer.environment import patient
from explorer.lab.inside.host_engine import DOCKER, engine_of
from explorer.lab.inside.inner import engine_id_of, to_daemon
from explorer.lab.inside.netns import ended, open_namespace
from explorer.lab.inside.pace import Pace, Quiet
from explorer.lab.inside.places import ControlGroup, ProcessTable, Sight, container_names, look, name_places, unnamed
from explorer.lab.inside.unix_http import BadAnswer, Connect, ask_json
from explorer.lab.inside.vxlan_tap import Tap
from explorer.lab.watch.calls import Calls
from explorer.lab.watch.daemon import Daemon
from explorer.lab.watch.happenings import Deed
from explorer.lab.watch.holding import Holding, Room
from explorer.lab.watch.journal import follow
from explorer.lab.watch.mounted import mounted_namespaces
from explorer.lab.watch.namespace import Watch
from explorer.lab.watch.remembered import still_true
from explorer.network.model import DockerState, Interface, Observation, Place, View

LOOK_EVERY = 1.0
LOOK_AGAIN = (0.05, 0.25)  # after a change: a container needs a moment to get its name and its network
ASK_AGAIN = (0.0, 1.0, 3.0)  # a daemon removes the last parts of a network after its namespace
log = structlog.get_logger(__name__)
PROCESSES_PER_TURN = 200
NAME_PATIENCE = patient(0.8)  # how long a new container is not shown while the daemon is asked for its name

Source = Literal["docker", "driver", "kernel", "command", "sandbox", "lesson"]


class HostWatch:
    """`places()` is the present state without explanations; `changed` is called whenever it differs."""

    def __init__(
        self,
        name: str,
        kind: Literal["host", "machine"],
        container: str,
        engine: Connect,
        room: Room,
        changed: Callable[[], None],
        said: Callable[[Source, str, str, str, Deed | None], None],
    ) -> None:
        self.name, self.kind, self.container = name, kind, container
        self.daemon: Daemon | None = None
        self.seen_at = 0.0
        self.gone = False
        self._engine, self._room, self._changed, self._said = engine, room, changed, said
        self._holding: Holding | None = None
        self._sights: list[Sight] = []
        self._new: dict[int, float] = {}
        self._requests: Observation | None = None
        self._tap: Tap | None = None
        self._mounted: set[int] = set()
        self._calls: Calls | None = None
        self._down = ""
        self._runs = DOCKER
        self._inside: frozenset[str] = frozenset()  # containers that have a process
        self._quiet = Quiet(0.0, 0.0)
        self._pace = Pace(30, 10.0)
        self._cut = False

    @property
    def docker(self) -> DockerState | None:
        """What the daemon says. When it is silent: the part of its last names that the kernel still supports."""
        state = self.daemon.state if self.daemon and self.daemon.asked else None
        if state is None or not state.error or self._cut:
            return state
        return still_true(state, self._inside, self._links())

    @property
    def asked_at(self) -> float:
        """The Unix time at which the daemon's last answer was asked for."""
        return self.daemon.asked_at if self.daemon else 0.0

    def ask_after(self, at: float) -> None:
        """Asks the daemon again at this Unix time."""
        if self.daemon:
            self.daemon.ask_after(at)

    def _links(self) -> set[str]:
        watch = self._holding.watches.get(self._holding.home) if self._holding else None
        seen = watch.views.get("interfaces") if watch else None
        return {item.name for item in seen.items if isinstance(item, Interface)} if seen else set()

    @property
    def watches(self) -> list[Watch]:
        return list(self._holding.watches.values()) if self._holding else []

    # --- its life ---

    async def run(self) -> None:
        """Runs until the engine no longer knows the container."""
        while True:
            try:
                pid = await self._first_process()
            except BadAnswer:
                await asyncio.sleep(0.5)  # the node's engine is busy or down: the state is unknown
                continue
            if pid is None:
                break
            self.seen_at = time.monotonic()
            if pid:
                try:
                    await self._live(pid)
                except OSError as error:  # perhaps it ended at this moment
                    self._fall(f"{self.name} cannot be watched ({error.strerror or error}).")
                    await asyncio.sleep(0.5)
            else:
                self._fall(f"{self.name} is not running.")
                await asyncio.sleep(0.5)
        self.gone = True
        self._fall(f"{self.name} has been removed.")

    async def _first_process(self) -> int | None:
        """The pid of the first process; 0 when the container is not running, None when the engine does not know it."""
        try:
            told = await ask_json(self._engine, f"/containers/{self.container}/json")
        except BadAnswer as error:
            if "404" in str(error):
                return None
            raise
        state = told.get("State") if isinstance(told, dict) else None
        self._runs = engine_of((told.get("Config") or {}).get("Labels")) if isinstance(told, dict) else DOCKER
        pid = state.get("Pid") if isinstance(state, dict) else 0
        return pid if isinstance(pid, int) else 0

    async def _live(self, pid: int) -> None:
        group = ControlGroup.of(pid, self.container)
        namespace = open_namespace(pid, group.belongs)
        if namespace is None:
            raise ProcessLookupError(0, "its first process has no namespace of its own")
        home = namespace.inode
        namespace.close()
        holding = Holding(self.name, pid, home, group, self._room, self._read_anew, self.look_soon, self._quiet.touch)
        self._holding, self._down = holding, ""
        life = os.pidfd_open(pid)
        tasks: list[Coroutine[Any, Any, None]] = [self._keep_looking(life, holding)]
        if self.kind == "host":
            self._calls = Calls(pid, self._told)
            connect = to_daemon(pid, group.belongs, self._runs)
            engine_id = partial(engine_id_of, pid)
            self.daemon = Daemon(self.name, connect, self._named, self._heard, self._room.account, self._runs, engine_id)
            tasks.append(self.daemon.run())
        else:
            tasks.append(follow(self._engine, self.container, self._logged, self._room.account))
        try:
            running = [asyncio.create_task(task) for task in tasks]
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                if error := task.exception():
                    log.error("host watch failed", host=self.name, container=self.container, exc_info=error)
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            asyncio.get_running_loop().remove_reader(life)
            os.close(life)
            self._fall(f"{self.name} has stopped.")
            await holding.let_go()

    def _fall(self, why: str) -> None:
        self._end_tap()
        self._sights, self._down, self._holding, self._requests, self._calls = [], why, None, None, None
        self._inside = frozenset()
        if self.daemon:
            self.daemon.end(why)
        self._changed()

    # --- looking ---

    def look_soon(self) -> None:
        self._quiet.touch()
        loop = asyncio.get_running_loop()
        for wait in LOOK_AGAIN:
            loop.call_later(wait, self._quiet.touch)

    def _named(self) -> None:
        self._quiet.touch()
        self._changed()

    def _heard(self, sentence: str, detail: str, deed: Deed | None) -> None:
        self.look_soon()
        self._said("docker", self.name, sentence, detail, deed)

    def _told(self, sentence: str, detail: str) -> None:
        self._said("driver", self.name, sentence, detail, None)

    def glance(self) -> None:
        """Looks at the journal of a third-party driver on this host."""
        if self._calls and self._calls.glance():
            self._changed()

    def _logged(self, requests: Observation) -> None:
        self._requests = requests
        self._changed()

    async def _keep_looking(self, life: int, holding: Holding) -> None:
        loop = asyncio.get_running_loop()
        loop.add_reader(life, self._quiet.touch)
        self._quiet.touch()
        while True:
            try:
                async with asyncio.timeout(LOOK_EVERY):
                    await self._quiet.settled()
            except TimeoutError:
                pass
            await self._pace.turn()
            if ended(life):
                return
            for _ in range(await self._look(holding) // PROCESSES_PER_TURN):
                await self._pace.turn()  # the more processes there are, the longer until the next look

    async def _look(self, holding: Holding) -> int:
        """Looks once at all namespaces. Returns the number of processes."""
        seen = await self._room.account.at_once(look_once, holding.group, holding.home, holding.first)
        self._inside = seen.containers
        self._ask_after(seen.mounted)
        holding.follow(seen)
        self._tend_tap()  # the last namespace with a VXLAN interface may be gone
        self._name(seen, holding)
        self.seen_at = time.monotonic()
        if seen.cut and not self._cut:
            self._said(
                "sandbox", self.name, f"{self.name} holds more than is shown here", "too many processes or namespaces", None
            )
        self._cut = seen.cut
        return sum(len(processes) for processes in seen.namespaces.values())

    def _ask_after(self, mounted: dict[int, str]) -> None:
        """Asks the daemon again when mounted namespaces changed: a daemon reports no event when it joins or leaves a swarm,
        but the namespaces of its networks come and go."""
        if self.daemon and mounted.keys() != self._mounted:
            for wait in ASK_AGAIN:
                asyncio.get_running_loop().call_later(wait, self.daemon.refresh)
        self._mounted = set(mounted)

    # --- what passes ---

    def _read_anew(self) -> None:
        self._tend_tap()
        self._changed()

    def _tend_tap(self) -> None:
        """Listens to frames only while the host or one of its namespaces has a VXLAN interface."""
        holding = self._holding
        home = holding.watches.get(holding.home) if holding else None
        if home is None or self.kind != "host" or not any(has_vxlan(watch) for watch in self.watches):
            self._end_tap()
        elif self._tap is None:
            try:
                self._tap = Tap(home.namespace, self._changed)
            except OSError as error:
                log.warning("no packet socket", host=self.name, error=str(error))

    def _end_tap(self) -> None:
        if self._tap:
            self._tap.close()
            self._tap = None

    # --- naming ---

    def _name(self, seen: ProcessTable, holding: Holding) -> None:
        waiting = self._waiting_for_names(seen, holding.home)
        shown = seen.only((holding.watches.keys() | holding.unreadable.keys()) - waiting)
        sights = name_places(self.name, holding.home, shown, self.docker)
        if sights != self._sights:
            self._sights = sights
            self._changed()

    def _waiting_for_names(self, seen: ProcessTable, home: int) -> set[int]:
        nameless = unnamed(seen, self.docker)
        now = time.monotonic()
        self._new = {inode: self._new.get(inode, now) for inode in nameless}
        waiting = {inode for inode, since in self._new.items() if now - since < NAME_PATIENCE and inode != home}
        if self.daemon and any(self._new[inode] == now for inode in waiting):
            self.daemon.refresh()
            self.look_soon()
            asyncio.get_running_loop().call_later(NAME_PATIENCE, self._quiet.touch)
        return waiting

    def place_of(self, container: str) -> str:
        """The place of the container with this id; the host itself for ""."""
        if not container:
            return self.name
        named = next((sight.id for sight in self._sights if sight.container == container), "")
        return named or f"{self.name}/{container_names(self.docker).get(container, container[:12])}"

    def places(self) -> dict[str, Place]:
        """The places that have been read once. A place that cannot be read is here too, with an error."""
        if self._down:
            itself = Sight(self.name, self.kind, self.name, 0)
            return {} if self.gone else {self.name: self._place(itself, {}, self._down)}
        places: dict[str, Place] = {}
        for sight in self._sights:
            views, error = self._read(sight)
            if views is None:
                continue
            places[sight.id] = self._place(sight, views, error)
        return places

    def _place(self, sight: Sight, views: dict[View, Observation], error: str) -> Place:
        return Place(
            id=sight.id,
            kind=self.kind if sight.id == self.name else sight.kind,
            host=self.name,
            name=sight.name,
            netns=sight.netns,
            shares=sight.shares,
            error=error,
            views=views,
        )

    def carried(self) -> dict[str, dict[str, int]]:
        """Place → its interfaces that counted frames since this was asked last, each with its rate."""
        if self._holding is None:
            return {}
        watches = self._holding.watches
        own = [sight for sight in self._sights if sight.netns in watches and not sight.shares]
        return {sight.id: names for sight in own if (names := watches[sight.netns].carried())}

    def _read(self, sight: Sight) -> tuple[dict[View, Observation] | None, str]:
        if self._holding is None:
            return None, ""
        if sight.netns in self._holding.unreadable:
            return {}, self._holding.unreadable[sight.netns]
        watch = self._holding.watches.get(sight.netns)
        if watch is None or not (watch.views or watch.error):
            return None, ""
        if sight.shares:
            return {}, watch.error
        views = dict(watch.views)
        if sight.id == self.name and self._requests is not None:
            views["requests"] = self._requests
        if sight.id == self.name and self._tap is not None:
            views["frames"] = self._tap.observation
        if sight.id == self.name and self._calls and self._calls.seen is not None:
            views["calls"] = self._calls.seen
        return views, watch.error


def look_once(group: ControlGroup, home: int, first: int) -> ProcessTable:
    seen = look(group, home)
    seen.mounted = mounted_namespaces(first)
    return seen


def has_vxlan(watch: Watch) -> bool:
    seen = watch.views.get("interfaces")
    return any(isinstance(item, Interface) and item.kind == "vxlan" for item in (seen.items if seen else ()))
