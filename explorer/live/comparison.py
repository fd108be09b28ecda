"""The websocket of a comparison's page: how far each column is. The page fetches results when this socket says there are new
ones.

A browser that connects gets the state of every column, then the changes, so it need not remember anything. The open socket
also shows that somebody looks; a comparison that nobody looks at is ended.
"""

from __future__ import annotations

import asyncio
from uuid import UUID

from channels.db import database_sync_to_async

from explorer.classroom.people.access import find_comparison
from explorer.live.edge import Edge
from explorer.live.feed import Restarted, Subscription
from explorer.live.limits import COMPARISON_SOCKETS
from explorer.live.sandbox import write_event
from explorer.sandboxes.columns import describe, describe_comparison
from explorer.sandboxes.comparisons import SEEN_EVERY, note_look
from explorer.sandboxes.events import comparison_stream, events_key, type_of
from explorer.sandboxes.models import Comparison


class ComparisonSocket(Edge):
    kind = "comparison"
    most = COMPARISON_SOCKETS
    comparison: Comparison
    looked_at = float("-inf")

    async def seek(self, learner: UUID) -> tuple[str, bool] | None:
        name = str(self.scope["url_route"]["kwargs"]["comparison"])
        comparison = await database_sync_to_async(find_comparison)(learner, name)
        if comparison is None:
            return None
        self.comparison = comparison
        return comparison.pk, False  # one that is over is still told of, once

    async def flow(self) -> None:
        key = events_key(comparison_stream(self.comparison.pk))
        subscription = await self.hub.subscribe(key, await self.hub.streams.newest(key))
        try:
            await self.look()
            await self.tell_all()
            while self.comparison.state == Comparison.State.RUNNING:
                await self.step(subscription, key)
                if self.comparison.state != Comparison.State.RUNNING:
                    await self.tell_all()  # the rows may say that it is over before the stream does
        finally:
            self.hub.leave(subscription)

    async def step(self, subscription: Subscription, key: str) -> None:
        try:
            async with asyncio.timeout(SEEN_EVERY.total_seconds()):
                entries = await subscription.next()
        except TimeoutError:
            await self.look()
            return
        except Restarted:
            subscription.move(await self.hub.streams.newest(key))
            await self.tell_all()
            return
        for entry in entries:
            if text := write_event(entry):
                await self.send_text(text)
                if type_of(entry.fields) == "comparison_changed":
                    await self.allowed()
        await self.look()

    async def look(self) -> None:
        """Notes that somebody has the page open, and asks again whether they may."""
        now = asyncio.get_running_loop().time()
        if now - self.looked_at >= SEEN_EVERY.total_seconds():
            self.looked_at = now
            await database_sync_to_async(note_look)(self.comparison.pk)
            await self.allowed()

    async def tell_all(self) -> None:
        """Sends the state of every column, then of the comparison."""
        await self.allowed()
        for message in await database_sync_to_async(describe_all)(self.comparison):
            await self.send_text(message)


def describe_all(comparison: Comparison) -> list[str]:
    columns = comparison.columns.select_related("sandbox").defer("result")
    messages = [*map(describe, columns), describe_comparison(comparison)]
    return [message.model_dump_json() for message in messages]
