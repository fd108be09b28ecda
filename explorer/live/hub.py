"""One reader per stream and process, any number of local sockets.

A `Feed` reads one Redis stream with one blocking XREAD and offers every entry to its `Subscription`s. A subscription holds
its own position in the stream and a bounded queue. What does not fit is not kept and not lost: the subscription is then
`behind` and reads on from the stream itself, which is also how it begins. Subscribing happens before the first read, so
nothing falls between replay and live; entries at or before the position are dropped, so nothing comes twice. Whether
something was trimmed in between is for the reader to see: numbers (events) and offsets (terminals) tell.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from django.conf import settings
from redis.asyncio import Redis
from redis.exceptions import RedisError

from explorer.live.limits import PAGE, QUEUE_BYTES, QUEUE_ENTRIES

log = logging.getLogger(__name__)

BLOCK_MS = 4_000
FRESH_SECONDS = 2.0
Id = tuple[int, int]
START: Id = (0, 0)


class Entry(NamedTuple):
    id: Id
    fields: dict[bytes, bytes]

    @property
    def size(self) -> int:
        return sum(len(value) for value in self.fields.values())


class Restarted(Exception):
    """The stream began anew: positions in the old one mean nothing."""


class Stopped(Exception):
    """The hub is going away, and so must the socket."""


def parse_id(raw: bytes | str) -> Id:
    text = raw.decode() if isinstance(raw, bytes) else raw
    first, _, second = text.partition("-")
    return int(first), int(second or 0)


def write_id(position: Id) -> str:
    return f"{position[0]}-{position[1]}"


async def end(*tasks: asyncio.Task[None]) -> None:
    """Cancels until it is so: redis-py takes a cancellation that comes while it connects for itself and goes on."""
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
        """Read on from here, whatever was queued."""
        self.position, self.restarted = position, False
        self.fall_behind()

    async def next(self) -> list[Entry]:
        """The next entries in order; empty when something else about the feed changed."""
        while True:
            if self.stopped:
                raise Stopped
            if self.restarted:
                raise Restarted
            entries = await self._catch_up() if self.behind else self._take()
            if entries:
                self.position = entries[-1].id
                return entries
            if self.behind or self.queue:
                continue
            await self.wake.wait()
            self.wake.clear()
            if not self.queue and not self.behind and not self.restarted and not self.stopped:
                return []

    async def _catch_up(self) -> list[Entry]:
        # Before the read, not after: what is appended while it runs must land in the queue.
        self.behind = False
        self.queue.clear()
        self.queued = 0
        try:
            entries = await self.feed.hub.range(self.feed.key, self.position, PAGE)
        except (RedisError, OSError):
            await asyncio.sleep(0.5)
            self.behind = True
            return []
        self.behind = self.behind or len(entries) == PAGE
        return entries

    def _take(self) -> list[Entry]:
        entries = [entry for entry in self.queue if entry.id > self.position]
        self.queue.clear()
        self.queued = 0
        return entries


class Feed:
    def __init__(self, hub: Hub, key: str, fresh_key: str = "") -> None:
        self.hub, self.key, self.fresh_key = hub, key, fresh_key
        self.subscribers: set[Subscription] = set()
        self.cursor: Id | None = None
        self.ready = asyncio.Event()
        self.fresh: bool | None = None
        self.stopped = False
        self.tasks = [asyncio.create_task(self.read(), name=f"feed {key}")]
        if fresh_key:
            self.tasks.append(asyncio.create_task(self.watch_fresh(), name=f"fresh {key}"))

    async def read(self) -> None:
        while not self.stopped:
            try:
                await self.read_once()
            except (RedisError, OSError) as error:
                log.warning("stream %s: %s; trying again", self.key, error)
                self.ready.set()
                await asyncio.sleep(0.5)

    async def read_once(self) -> None:
        newest = await self.hub.newest(self.key)
        if self.cursor is not None and newest < self.cursor:
            for subscriber in self.subscribers:
                subscriber.restarted = True
                subscriber.wake.set()
            self.cursor = newest
        if self.cursor is None:
            self.cursor = newest
            for subscriber in self.subscribers:  # one that began without us may have missed what came just before now
                subscriber.fall_behind()
        cursor = self.cursor
        self.ready.set()
        while (entries := await self.hub.read(self.key, cursor)) and not self.stopped:
            cursor = self.cursor = entries[-1].id
            for subscriber in self.subscribers:
                subscriber.offer(entries)

    async def watch_fresh(self) -> None:
        while not self.stopped:
            try:
                fresh = bool(await self.hub.redis.exists(self.fresh_key))
            except (RedisError, OSError):
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


class Hub:
    """The feeds of one event loop and the Redis connections they share."""

    def __init__(self, url: str) -> None:
        self.redis: Redis = Redis.from_url(url, socket_timeout=15, socket_connect_timeout=3, protocol=2, max_connections=10_000)
        self.feeds: dict[str, Feed] = {}

    async def subscribe(self, key: str, position: Id, fresh_key: str = "") -> Subscription:
        feed = self.feeds.get(key)
        if feed is None:
            feed = self.feeds[key] = Feed(self, key, fresh_key)
        subscription = Subscription(feed, position)
        feed.subscribers.add(subscription)
        try:
            await feed.ready.wait()
        except asyncio.CancelledError:
            self.leave(subscription)
            raise
        return subscription

    def leave(self, subscription: Subscription) -> None:
        feed = subscription.feed
        feed.subscribers.discard(subscription)
        if not feed.subscribers and self.feeds.get(feed.key) is feed:
            del self.feeds[feed.key]
            feed.stop()

    async def newest(self, key: str) -> Id:
        found = await self.redis.xrevrange(key, count=1)
        return parse_id(found[0][0]) if found else START

    async def oldest(self, key: str) -> Id:
        found = await self.redis.xrange(key, count=1)
        return parse_id(found[0][0]) if found else START

    async def range(self, key: str, after: Id, count: int) -> list[Entry]:
        found = await self.redis.xrange(key, min=f"({write_id(after)}", count=count)
        return _entries(found)

    async def read(self, key: str, after: Id) -> list[Entry]:
        found = await self.redis.xread({key: write_id(after)}, count=PAGE, block=BLOCK_MS)
        return _entries(found[0][1]) if found else []

    async def stop(self) -> None:
        for feed in list(self.feeds.values()):
            feed.stop()
            await end(*feed.tasks)
        self.feeds.clear()
        await self.redis.aclose()


def _entries(found: list[Any]) -> list[Entry]:
    return [Entry(parse_id(number), fields) for number, fields in found if fields is not None]


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def get_hub() -> Hub:
    """The hub of the running loop, made when first asked for."""
    loop = asyncio.get_running_loop()
    hub = _hubs.get(loop)
    if hub is None:
        hub = _hubs[loop] = Hub(settings.REDIS_URL)
    return hub


async def stop_hub() -> None:
    hub = _hubs.pop(asyncio.get_running_loop(), None)
    if hub is not None:
        await hub.stop()
