"""Reads what a class's wall shows, once for all sockets of this process. The first socket starts it, the last one ends it.

Every half second it reads rows and streams, in a thread of its own. Sockets are woken only when something is different.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import Any

from channels.db import database_sync_to_async
from django.db import DatabaseError
from redis.exceptions import RedisError

from explorer.classroom.models import Class
from explorer.classroom.wall.lately import Listener
from explorer.classroom.wall.look import look_at_class
from explorer.classroom.wall.tiles import Tiles, Wire, count, differences, to_wire
from explorer.live import messages

log = logging.getLogger(__name__)

EVERY = 0.5  # seconds
LEAST_REST = 0.2  # between two looks, however long one takes
Counts = dict[str, Any]


class WallReader:
    def __init__(self, klass: str) -> None:
        self.klass = klass
        self.listener = Listener()
        self.tiles: Tiles = {}
        self.counts: Counts = {}
        self.version = 0  # of tiles and counts; 0: nothing was read yet
        self.news = ""  # the message that leads from the last version to this one
        self.fresh = self.open = True
        self.watchers: set[asyncio.Event] = set()
        self.stopped = asyncio.Event()
        self.task = asyncio.create_task(self.run(), name=f"wall {klass}")

    def join(self) -> asyncio.Event:
        """Returns an event that is set whenever something is different. It is set at first too."""
        wake = asyncio.Event()
        wake.set()
        self.watchers.add(wake)
        return wake

    async def stop(self) -> None:
        """Ends the reader. It waits for a look that has begun, because a thread cannot be cancelled."""
        self.stopped.set()
        await self.task

    async def run(self) -> None:
        while not self.stopped.is_set():
            began = time.monotonic()
            try:
                await self.step()
            except (RedisError, OSError, DatabaseError) as error:
                log.warning("wall of %s: %s; trying again", self.klass, error)
                self.be(fresh=False)
            except Exception:  # after an unknown error the wall must say that it is not up to date
                log.exception("wall of %s", self.klass)
                self.be(fresh=False)
            rest = max(LEAST_REST, EVERY - (time.monotonic() - began))
            try:
                async with asyncio.timeout(rest):
                    await self.stopped.wait()
            except TimeoutError:
                continue

    async def step(self) -> None:
        # not in the thread that learners' sockets share, because they would have to wait
        look = database_sync_to_async(self.look, thread_sensitive=False)
        found = await look()
        if found is not None:
            self.take(*found)
        self.be(fresh=True, open=found is not None)

    def look(self) -> tuple[Tiles, Counts] | None:
        """Reads the wall now; it blocks. None when the class is over."""
        klass = Class.objects.filter(pk=self.klass).first()
        if klass is None or not klass.open:
            return None
        tiles = look_at_class(klass, self.listener)
        return {seat: to_wire(tile) for seat, tile in tiles.items()}, count(tiles.values())

    def take(self, tiles: Tiles, counts: Counts) -> None:
        changed = differences(self.tiles, tiles)
        if not changed and counts == self.counts and self.version:
            return
        self.news = tell(changed, counts if counts != self.counts else None)
        self.tiles, self.counts = tiles, counts
        self.version += 1
        self.wake()

    def be(self, **state: bool) -> None:
        if any(getattr(self, name) != value for name, value in state.items()):
            for name, value in state.items():
                setattr(self, name, value)
            self.wake()

    def wake(self) -> None:
        for watcher in self.watchers:
            watcher.set()


def tell(tiles: Mapping[str, Wire | None], counts: Counts | None = None, whole: bool = False) -> str:
    """The message that says what differs, as JSON text. With `whole` it replaces everything that was sent before."""
    message: dict[str, Any] = {"type": "wall", "tiles": tiles}
    if counts is not None:
        message["counts"] = counts
    return messages.encode({**message, "whole": True} if whole else message)
