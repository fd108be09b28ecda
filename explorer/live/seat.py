"""The websocket of a learner's pages in a class: says that something of the class has changed. The page fetches what.

The open socket also shows the wall that the learner has a page open. It ends when the seat is removed or the class is over.
"""

from __future__ import annotations

import asyncio
from uuid import UUID

from channels.db import database_sync_to_async
from pydantic import ValidationError

from explorer.classroom.models import Seat
from explorer.classroom.people.access import any_seat_of
from explorer.classroom.seat.changes import note_seen
from explorer.classroom.wall.lately import here_key
from explorer.classroom.wall.watching import watched_key
from explorer.live.edge import Edge
from explorer.live.feed import Restarted, Subscription
from explorer.live.limits import SEAT_SOCKETS
from explorer.live.streams import Entry
from explorer.sandboxes.events import ClassChanged, class_stream, events_key

HERE_SECONDS = 20  # how long a page that says nothing counts as open
LOOK_EVERY = 8.0
CHANGED = {"type": "class_changed"}


class SeatSocket(Edge):
    kind = "seat"
    most = SEAT_SOCKETS
    place: Seat

    async def seek(self, learner: UUID) -> tuple[str, bool] | None:
        seat = await database_sync_to_async(any_seat_of)(learner)
        if seat is None or seat.klass_id != str(self.scope["url_route"]["kwargs"]["klass"]):
            return None
        self.place = seat
        return seat.pk, seat.removed_at is not None or not seat.klass.open

    async def part(self) -> None:
        await self.say(CHANGED)

    async def flow(self) -> None:
        key = events_key(class_stream(self.place.klass_id))
        subscription = await self.hub.subscribe(key, await self.hub.streams.newest(key))
        self.watched = await self.note_here()
        looked_at = asyncio.get_running_loop().time()
        try:
            while True:
                await self.step(subscription, key, looked_at + LOOK_EVERY)
                if asyncio.get_running_loop().time() >= looked_at + LOOK_EVERY:
                    looked_at = asyncio.get_running_loop().time()
                    await self.look()
        finally:
            self.hub.leave(subscription)

    async def step(self, subscription: Subscription, key: str, until: float) -> None:
        """Waits for events until `until`, and tells the page when one is about this seat."""
        try:
            async with asyncio.timeout_at(until):
                entries = await subscription.next()
        except TimeoutError:
            return
        except Restarted:
            subscription.move(await self.hub.streams.newest(key))
            await self.say(CHANGED)
            return
        if any(concerns(entry, self.place.pk) for entry in entries):
            await self.say(CHANGED)
            await self.allowed()

    async def look(self) -> None:
        """Notes that the page is open, asks again whether it may be, and whether the seat is watched. A watcher's machine may
        have died without a word, so this cannot rely on messages.
        """
        watched = await self.note_here()
        await self.allowed()
        if watched != self.watched:
            self.watched = watched
            await self.say(CHANGED)

    async def note_here(self) -> bool:
        """Notes that the page is open. Returns whether the seat is watched."""
        now, _ = await self.hub.redis.time()
        async with self.hub.redis.pipeline(transaction=False) as pipe:
            pipe.set(here_key(self.place.pk), 1, ex=HERE_SECONDS)
            pipe.zcount(watched_key(self.place.pk), now, "+inf")
            _, watchers = await pipe.execute()
        await database_sync_to_async(note_seen)(self.place.pk)
        return bool(watchers)


def concerns(entry: Entry, seat: str) -> bool:
    """Whether this event is about something that this seat's page shows."""
    try:
        told = ClassChanged.model_validate_json(entry.fields.get(b"e", b""))
    except ValidationError:
        return False
    return told.seat in {"", seat}
