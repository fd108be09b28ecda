"""One reader, many sockets: what is not handed out is still to come."""

import asyncio
import contextlib
from typing import Any, cast

from explorer.live.feed import Feed, Subscription
from explorer.live.streams import START, Entry


class SlowOnce:
    """A stream of three entries that takes too long to be read the first time."""

    def __init__(self):
        self.entries = [Entry((number, 0), {b"e": b"x"}) for number in (1, 2, 3)]
        self.reads = 0

    async def newest(self, key):
        return self.entries[-1].id

    async def read(self, key, cursor, count):
        await asyncio.sleep(3600)

    async def range(self, key, position, count):
        self.reads += 1
        if self.reads == 1:
            await asyncio.sleep(3600)
        return [entry for entry in self.entries if entry.id > position][:count]


async def test_a_reader_who_gave_up_in_the_middle_misses_nothing():
    feed = Feed(cast(Any, SlowOnce()), "k")
    subscription = Subscription(feed, START)
    feed.subscribers.add(subscription)
    await feed.ready.wait()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(subscription.next(), 0.05)
    entries = await asyncio.wait_for(subscription.next(), 1)
    feed.stop()
    assert [entry.id[0] for entry in entries] == [1, 2, 3]
