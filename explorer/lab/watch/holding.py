"""The namespaces of one host that are held open and watched: opened when they are seen, closed when they end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

import structlog

from explorer.lab.inside.allowance import Account
from explorer.lab.inside.netns import Namespace, ended, open_namespace
from explorer.lab.inside.places import ControlGroup, ProcessTable
from explorer.lab.watch.mounted import open_mounted
from explorer.lab.watch.namespace import Watch

TRIES = 8  # processes of one namespace that are tried in one look
log = structlog.get_logger(__name__)


class Room(Protocol):
    """How many more places and lines the sandbox may hold, and the account of its work."""

    account: Account

    def room_for_places(self) -> int: ...
    def room_for_lines(self) -> int: ...


class Holding:
    """The watches of one host. `first` is the pid of the host's first process. The host's own namespace is always held, the
    others while there is room."""

    def __init__(
        self,
        host: str,
        first: int,
        home: int,
        group: ControlGroup,
        room: Room,
        changed: Callable[[], None],
        moved: Callable[[], None],
        look: Callable[[], None],
    ) -> None:
        self.host, self.first, self.home, self.group = host, first, home, group
        self.watches: dict[int, Watch] = {}
        self.unreadable: dict[int, str] = {}
        self._room, self._changed, self._moved, self._look = room, changed, moved, look
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._ending: set[asyncio.Task[None]] = set()

    def follow(self, seen: ProcessTable) -> None:
        """Opens and closes namespaces so that those that were seen are held."""
        there = seen.inodes | {self.home}
        for inode in self.watches.keys() - there:
            self._drop(inode)
        self.unreadable = {inode: why for inode, why in self.unreadable.items() if inode in there}
        for inode in sorted(there - self.watches.keys(), key=lambda inode: inode != self.home):
            self._take_up(inode, seen)
        for inode, watch in self.watches.items():
            if ended(watch.namespace.pidfd):
                self._stand_in(watch, [process.pid for process in seen.namespaces.get(inode, ())])

    async def let_go(self) -> None:
        for inode in list(self.watches):
            self._drop(inode)
        await asyncio.gather(*self._ending, return_exceptions=True)

    def _take_up(self, inode: int, seen: ProcessTable) -> None:
        if inode != self.home and self._room.room_for_places() <= 0:
            seen.cut = True
            return
        try:
            namespace = self._open(inode, seen)
        except OSError as error:
            self.unreadable[inode] = f"This namespace cannot be entered ({error.strerror})."
            return
        if namespace is None:
            return
        if namespace.inode != inode or inode in self.watches:
            namespace.close()
            return
        watch = self.watches[inode] = Watch(
            namespace, self._room.room_for_lines, self._changed, self._moved, self._room.account
        )
        self._tasks[inode] = asyncio.create_task(self._keep_watching(watch))
        self.unreadable.pop(inode, None)
        asyncio.get_running_loop().add_reader(namespace.pidfd, self._process_ended, namespace)

    def _open(self, inode: int, seen: ProcessTable) -> Namespace | None:
        if inode == self.home:
            return open_namespace(self.first, self.group.belongs)
        for process in seen.namespaces.get(inode, ())[:TRIES]:
            if namespace := open_namespace(process.pid, self.group.belongs):
                return namespace
        return open_mounted(self.first, seen.mounted[inode]) if inode in seen.mounted else None

    async def _keep_watching(self, watch: Watch) -> None:
        try:
            await watch.run()
        except OSError as error:
            watch.error = f"This namespace cannot be read ({error.strerror})."
        except Exception:
            log.exception("namespace watch failed", host=self.host, group=self.group.path, netns=watch.namespace.inode)
            watch.error = "This namespace could not be read: the explorer made a mistake, and has noted it."
        self._changed()

    def _process_ended(self, namespace: Namespace) -> None:
        asyncio.get_running_loop().remove_reader(namespace.pidfd)
        self._look()

    def _stand_in(self, watch: Watch, pids: list[int]) -> None:
        loop = asyncio.get_running_loop()
        for pid in pids:
            loop.remove_reader(watch.namespace.pidfd)
            with suppress(OSError):
                watch.namespace.follow(pid)
                loop.add_reader(watch.namespace.pidfd, self._process_ended, watch.namespace)
                return

    def _drop(self, inode: int) -> None:
        watch, task = self.watches.pop(inode), self._tasks.pop(inode)
        task.cancel()
        asyncio.get_running_loop().remove_reader(watch.namespace.pidfd)
        self._ending.add(task)
        # the descriptor's number is passed to tools: close it only when no tool can be starting with it
        task.add_done_callback(lambda _task: watch.namespace.close())
        task.add_done_callback(self._ending.discard)
