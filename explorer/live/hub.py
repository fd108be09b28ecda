"""The feeds of this process, and the guard of its users' rights. The first socket of a stream starts its reader, and the last
one to leave stops it."""

from __future__ import annotations

import asyncio
from weakref import WeakKeyDictionary

from django.conf import settings
from redis.asyncio import Redis

from explorer.live.feed import Feed, Subscription, end
from explorer.live.guard import Guard
from explorer.live.streams import Id, Streams
from explorer.live.wall_reader import WallReader


class Hub:
    """The feeds of one event loop, and their Redis connections."""

    def __init__(self, url: str) -> None:
        self.redis: Redis = Redis.from_url(url, socket_timeout=15, socket_connect_timeout=3, protocol=2, max_connections=10_000)
        self.streams = Streams(self.redis)
        self.feeds: dict[str, Feed] = {}
        self.walls: dict[str, WallReader] = {}  # by class
        self.guard = Guard()

    async def subscribe(self, key: str, position: Id, fresh_key: str = "") -> Subscription:
        feed = self.feeds.get(key)
        if feed is None:
            feed = self.feeds[key] = Feed(self.streams, key)
        feed.watch_fresh(fresh_key)
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

    async def stop(self) -> None:
        for feed in list(self.feeds.values()):
            feed.stop()
            await end(*feed.tasks)
        self.feeds.clear()
        for wall in list(self.walls.values()):
            await wall.stop()
        self.walls.clear()
        await self.guard.stop()
        await self.redis.aclose()


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def get_hub() -> Hub:
    """The hub of the running event loop. It is made at the first call."""
    loop = asyncio.get_running_loop()
    hub = _hubs.get(loop)
    if hub is None:
        hub = _hubs[loop] = Hub(settings.REDIS_URL)
    return hub


async def stop_hub() -> None:
    hub = _hubs.pop(asyncio.get_running_loop(), None)
    if hub is not None:
        await hub.stop()
