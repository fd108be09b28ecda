"""One host or machine, watched from outside: finding its namespaces, keeping a watch on each, letting go of what ended."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Literal, Protocol

import structlog

from explorer.lab.daemon import Daemon
from explorer.lab.inner import to_daemon
from explorer.lab.journal import follow
from explorer.lab.netns import Namespace, ended, open_namespace
from explorer.lab.pace import Pace, Quiet
from explorer.lab.places import ControlGroup, Seen, Sight, look, name_places, unnamed
from explorer.lab.unix_http import BadAnswer, Connect, ask_json
from explorer.lab.watch import Watch
from explorer.network.model import DockerState, Observation, Place, View

LOOK_EVERY = 1.0
LOOK_AGAIN = (0.05, 0.25)  # after something moved: a container needs a moment to get its name and its network
log = structlog.get_logger(__name__)
PROCESSES_PER_TURN = 200
NAME_PATIENCE = 0.8  # how long a new container may stay unshown while its daemon is asked for its name

Source = Literal["docker", "kernel", "sandbox", "lesson"]


class Room(Protocol):
    """What is left of the sandbox's share."""

    def room_for_places(self) -> int: ...
    def room_for_lines(self) -> int: ...


class HostWatch:
    """`places()` is the present truth without explanations; `changed` is called whenever it differs."""

    def __init__(
        self,
        name: str,
        kind: Literal["host", "machine"],
        container: str,
        engine: Connect,
        room: Room,
        changed: Callable[[], None],
        said: Callable[[Source, str, str, str], None],
    ) -> None:
        self.name, self.kind, self.container = name, kind, container
        self.daemon: Daemon | None = None
        self.seen_at = 0.0
        self.gone = False
        self.ready = asyncio.Event()
        self._engine, self._room, self._changed, self._said = engine, room, changed, said
        self._pid = 0
        self._home = 0
        self._sights: list[Sight] = []
        self._watches: dict[int, tuple[Watch, asyncio.Task[None]]] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._unreadable: dict[int, str] = {}
        self._new: dict[int, float] = {}
        self._requests: Observation | None = None
        self._down = ""
        self._quiet = Quiet(0.0, 0.0)
        self._pace = Pace(30, 10.0)
        self._cut = False

    @property
    def docker(self) -> DockerState | None:
        return self.daemon.state if self.daemon and self.daemon.asked else None

    @property
    def watches(self) -> list[Watch]:
        return [watch for watch, _task in self._watches.values()]

    # --- its life ---

    async def run(self) -> None:
        """Until the engine no longer knows the container."""
        while True:
            try:
                pid = await self._first_process()
            except BadAnswer:
                await asyncio.sleep(0.5)  # the node's engine is busy or away: nothing was seen
                continue
            if pid is None:
                break
            self.seen_at = time.monotonic()
            if pid:
                try:
                    await self._live(pid)
                except OSError as error:  # perhaps it ended while we began
                    self._fall(f"{self.name} cannot be watched ({error.strerror or error}).")
                    await asyncio.sleep(0.5)
            else:
                self._fall(f"{self.name} is not running.")
                await asyncio.sleep(0.5)
        self.gone = True
        self._fall(f"{self.name} has been removed.")

    async def _first_process(self) -> int | None:
        """0 when it is not running, None when the engine does not know it."""
        try:
            told = await ask_json(self._engine, f"/containers/{self.container}/json")
        except BadAnswer as error:
            if "404" in str(error):
                return None
            raise
        state = told.get("State") if isinstance(told, dict) else None
        pid = state.get("Pid") if isinstance(state, dict) else 0
        return pid if isinstance(pid, int) else 0

    async def _live(self, pid: int) -> None:
        group = ControlGroup.of(pid, self.container)
        namespace = open_namespace(pid, group.belongs)
        if namespace is None:
            await asyncio.sleep(0.05)
            return
        self._pid, self._home, self._down = pid, namespace.inode, ""
        namespace.close()
        life = os.pidfd_open(pid)
        tasks: list[Coroutine[Any, Any, None]] = [self._keep_looking(life, group)]
        if self.kind == "host":
            self.daemon = Daemon(self.name, to_daemon(pid, group.belongs), self._named, self._heard)
            tasks.append(self.daemon.run())
        else:
            tasks.append(follow(self._engine, self.container, self._logged))
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
            await asyncio.gather(*self._ending, return_exceptions=True)

    def _fall(self, why: str) -> None:
        for inode in list(self._watches):
            self._drop(inode)
        self._sights, self._down, self._unreadable = [], why, {}
        self._requests = None
        self.ready.set()
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

    def _heard(self, sentence: str, detail: str) -> None:
        self.look_soon()
        self._said("docker", self.name, sentence, detail)

    def _logged(self, requests: Observation) -> None:
        self._requests = requests
        self._changed()

    async def _keep_looking(self, life: int, group: ControlGroup) -> None:
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
            for _ in range(self._look(group) // PROCESSES_PER_TURN):
                await self._pace.turn()  # the more there was to look at, the longer until the next look

    def _look(self, group: ControlGroup) -> int:
        """The number of processes there are."""
        seen = look(group)
        if self._home not in seen.namespaces:
            seen.namespaces[self._home] = []
        for inode in [inode for inode in self._watches if inode not in seen.namespaces]:
            self._drop(inode)
        self._unreadable = {inode: why for inode, why in self._unreadable.items() if inode in seen.namespaces}
        for inode in seen.namespaces.keys() - self._watches.keys():
            self._take_up(inode, seen, group)
        for inode, (watch, _task) in self._watches.items():
            if ended(watch.namespace.pidfd):
                self._stand_in(watch, seen, inode)
        self._name(seen)
        self.seen_at = time.monotonic()
        if seen.cut and not self._cut:
            self._said("sandbox", self.name, f"{self.name} holds more than is shown here", "too many processes or namespaces")
        self._cut = seen.cut
        return sum(len(processes) for processes in seen.namespaces.values())

    def _take_up(self, inode: int, seen: Seen, group: ControlGroup) -> None:
        if inode != self._home and self._room.room_for_places() <= 0:
            seen.cut = True
            return
        pids = [process.pid for process in seen.namespaces[inode][:8]]
        for pid in [self._pid] if inode == self._home else pids:
            try:
                namespace = open_namespace(pid, group.belongs)
            except OSError as error:
                self._unreadable[inode] = f"This namespace cannot be entered ({error.strerror})."
                continue
            if namespace and namespace.inode == inode and inode not in self._watches:
                watch = Watch(namespace, self._room.room_for_lines, self._changed, self.look_soon)
                self._watches[inode] = (watch, asyncio.create_task(self._keep_watching(watch, inode)))
                self._unreadable.pop(inode, None)
                asyncio.get_running_loop().add_reader(namespace.pidfd, self._process_ended, namespace)
                return
            if namespace:
                namespace.close()

    async def _keep_watching(self, watch: Watch, inode: int) -> None:
        try:
            await watch.run()
        except OSError as error:
            watch.error = f"This namespace cannot be read ({error.strerror})."
            self._changed()
        except Exception:
            log.exception("namespace watch failed", host=self.name, container=self.container, netns=inode)
            watch.error = "This namespace could not be read: the explorer made a mistake, and has noted it."
            self._changed()

    def _process_ended(self, namespace: Namespace) -> None:
        asyncio.get_running_loop().remove_reader(namespace.pidfd)
        self._quiet.touch()

    def _stand_in(self, watch: Watch, seen: Seen, inode: int) -> None:
        loop = asyncio.get_running_loop()
        for process in seen.namespaces[inode]:
            loop.remove_reader(watch.namespace.pidfd)
            with suppress(OSError):
                watch.namespace.follow(process.pid)
                loop.add_reader(watch.namespace.pidfd, self._process_ended, watch.namespace)
                return

    def _drop(self, inode: int) -> None:
        watch, task = self._watches.pop(inode)
        task.cancel()
        asyncio.get_running_loop().remove_reader(watch.namespace.pidfd)
        self._ending.add(task)
        # the descriptor is passed to tools by number: close it only when no tool can be starting with it
        task.add_done_callback(lambda _task: watch.namespace.close())
        task.add_done_callback(self._ending.discard)

    # --- naming ---

    def _name(self, seen: Seen) -> None:
        waiting = self._waiting_for_names(seen)
        shown = {inode for inode in seen.namespaces if self._shows(inode) and inode not in waiting}
        known = Seen({inode: processes for inode, processes in seen.namespaces.items() if inode in shown})
        sights = name_places(self.name, self._home, known, self.docker)
        if sights != self._sights:
            self._sights = sights
            self._changed()

    def _shows(self, inode: int) -> bool:
        return inode in self._watches or inode in self._unreadable

    def _waiting_for_names(self, seen: Seen) -> set[int]:
        nameless = unnamed(seen, self.docker)
        now = time.monotonic()
        self._new = {inode: self._new.get(inode, now) for inode in nameless}
        waiting = {inode for inode, since in self._new.items() if now - since < NAME_PATIENCE and inode != self._home}
        if self.daemon and any(self._new[inode] == now for inode in waiting):
            self.daemon.refresh()
            self.look_soon()
            asyncio.get_running_loop().call_later(NAME_PATIENCE, self._quiet.touch)
        return waiting

    def places(self) -> dict[str, Place]:
        """Those whose first reading is in. A place that cannot be read says so and is there all the same."""
        if self._down:
            itself = Sight(self.name, self.kind, self.name, 0)
            return {} if self.gone else {self.name: self._place(itself, {}, self._down)}
        places: dict[str, Place] = {}
        for sight in self._sights:
            views, error = self._read(sight)
            if views is None:
                continue
            places[sight.id] = self._place(sight, views, error)
        if self.name in places:
            self.ready.set()
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

    def _read(self, sight: Sight) -> tuple[dict[View, Observation] | None, str]:
        if sight.netns in self._unreadable:
            return {}, self._unreadable[sight.netns]
        watch, _task = self._watches.get(sight.netns, (None, None))
        if watch is None or not (watch.views or watch.error):
            return None, ""
        if sight.shares:
            return {}, watch.error
        views = dict(watch.views)
        if sight.id == self.name and self._requests is not None:
            views["requests"] = self._requests
        return views, watch.error
