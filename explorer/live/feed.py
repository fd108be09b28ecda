"""One reader for each Redis stream, for any number of local sockets.

A `Feed` reads a stream with one blocking XREAD and offers each entry to its `Subscription`s. A subscription has its own
position in the stream and a bounded queue. When the queue is full, the subscription is `behind`: it then reads from the stream
itself, as it also does at its beginning. It subscribes before its first read, so no entry is missed in between; entries up to
its position are dropped, so none comes twice. Whether entries were deleted from the stream in between, the reader finds out
from their numbers (events) or offsets (terminals).
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque

from redis.exceptions import RedisError

from explorer.live.limits import PAGE, QUEUE_BYTES, QUEUE_ENTRIES
from explorer.live.streams import Entry, Id, Streams

log = logging.getLogger(__name__)

# AttributeError comes from redis-py when another task has just closed the connection.
TROUBLE = (RedisError, OSError, AttributeError)

FRESH_SECONDS = 1.0  # between two looks, and the longest that one may take


class Restarted(Exception):
    """The stream began again from its beginning, so old positions mean nothing."""


class Stopped(Exception):
    """The hub is stopping, and the socket has to end."""


async def end(*tasks: asyncio.Task[None]) -> None:
    """Cancels a task until it has ended: redis-py may swallow a cancellation that comes while it connects."""
    while waiting := [task for task in tasks if not task.done()]:
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting, timeout=0.1)
    for task in tasks:
        if not task.cancelled():
            task.exception()  # looked at, so that the loop does not complain about it


class Subscription:
    def __init__(self, feed: Feed, position: Id) -> None:
        self.feed, self.position = feed, position
        self.queue: deque[Entry] = deque()
        self.queued = 0
        self.behind = True
        self.restarted = self.stopped = False
        self.wake = asyncio.Event()

    def offer(self, entries: list[Entry]) -> None:
        self.wake.set()
        if self.behind:
            return
        self.queue.extend(entries)
        self.queued += sum(entry.size for entry in entries)
        if len(self.queue) > QUEUE_ENTRIES or self.queued > QUEUE_BYTES:
            self.fall_behind()

    def fall_behind(self) -> None:
        self.queue.clear()
        self.queued, self.behind = 0, True
        self.wake.set()

    def move(self, position: Id) -> None:
        """Sets the position and drops what was queued."""
        self.position, self.restarted = position, False
        self.fall_behind()

    async def next(self) -> list[Entry]:
        """The next entries in order. Empty when something else about the feed has changed, or when Redis does not answer."""
        while True:
            if self.stopped:
                raise Stopped
            if self.restarted:
                raise Restarted
            entries = await self._catch_up() if self.behind else self._take()
            if entries:
                self.position = entries[-1].id
                return entries
            if self.queue:
                continue
            if self.behind:  # Redis does not answer
                return []
            await self.wake.wait()
            self.wake.clear()
            if not self.queue and not self.behind and not self.restarted and not self.stopped:
                return []

    async def _catch_up(self) -> list[Entry]:
        # Before the read, not after: what is appended while it runs must land in the queue.
        self.behind = False
        self.queue.clear()
        self.queued = 0
        whole = False
        try:
            entries = await self.feed.streams.range(self.feed.key, self.position, PAGE)
            whole = len(entries) < PAGE
        except TROUBLE:
            await asyncio.sleep(0.5)
            return []
        finally:  # also when the reader was cancelled meanwhile: these entries have not been handed out
            self.behind = self.behind or not whole
        return entries

    def _take(self) -> list[Entry]:
        entries = [entry for entry in self.queue if entry.id > self.position]
        self.queue.clear()
        self.queued = 0
        return entries


class Feed:
    def __init__(self, streams: Streams, key: str) -> None:
        self.streams, self.key = streams, key
        self.subscribers: set[Subscription] = set()
        self.cursor: Id | None = None
        self.ready = asyncio.Event()
        self.fresh: bool | None = None
        self.stopped = False
        self.tasks = [asyncio.create_task(self.read(), name=f"feed {key}")]
        self.fresh_key = ""

    async def read(self) -> None:
        while not self.stopped:
            try:
                await self.read_once()
            except TROUBLE as error:
                log.warning("stream %s: %s; trying again", self.key, error)
                self.ready.set()
                await asyncio.sleep(0.5)

    async def read_once(self) -> None:
        newest = await self.streams.newest(self.key)
        if self.cursor is not None and newest < self.cursor:
            for subscriber in self.subscribers:
                subscriber.restarted = True
                subscriber.wake.set()
            self.cursor = newest
        if self.cursor is None:
            self.cursor = newest
            for subscriber in self.subscribers:  # a feed that ran before may have passed the newest entries already
                subscriber.fall_behind()
        cursor = self.cursor
        self.ready.set()
        while (entries := await self.streams.read(self.key, cursor, PAGE)) and not self.stopped:
            cursor = self.cursor = entries[-1].id
            for subscriber in self.subscribers:
                subscriber.offer(entries)

    def watch_fresh(self, fresh_key: str) -> None:
        """From now on, `fresh` says whether that Redis key exists."""
        if fresh_key and not self.fresh_key:
            self.fresh_key = fresh_key
            self.tasks.append(asyncio.create_task(self.keep_fresh(), name=f"fresh {self.key}"))

    async def keep_fresh(self) -> None:
        while not self.stopped:
            try:
                async with asyncio.timeout(FRESH_SECONDS):
                    fresh = bool(await self.streams.redis.exists(self.fresh_key))
            except (*TROUBLE, TimeoutError):
                fresh = False
            if fresh != self.fresh:
                self.fresh = fresh
                for subscriber in self.subscribers:
                    subscriber.wake.set()
            await asyncio.sleep(FRESH_SECONDS)

    def stop(self) -> None:
        self.stopped = True
        for task in self.tasks:
            task.cancel()
        for subscriber in self.subscribers:
            subscriber.stopped = True
            subscriber.wake.set()
