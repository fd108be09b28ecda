"""Asks every second whether the users whose sockets are open may still have them: one question for the whole process.

So a logout, another password, a closed account, a removed seat or the end of a class ends a socket soon, whatever changed it,
also when a class's time simply comes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from channels.db import database_sync_to_async
from django.db import Error as DatabaseTrouble  # also of a connection that is closed, which is no DatabaseError

from explorer.classroom.people.still import Right, lost

log = logging.getLogger(__name__)

EVERY = 1.0  # seconds


class Guard:
    def __init__(self) -> None:
        self.doubts: dict[asyncio.Event, Right] = {}
        self.task: asyncio.Task[None] | None = None

    @contextmanager
    def heed(self, right: Right) -> Iterator[asyncio.Event]:
        """Gives an event that is set when this right is lost. The first socket starts the asking, the last one ends it."""
        doubt = asyncio.Event()
        self.doubts[doubt] = right
        if self.task is None or self.task.done():
            self.task = asyncio.create_task(self.run(), name="guard")
        try:
            yield doubt
        finally:
            self.doubts.pop(doubt, None)

    async def run(self) -> None:
        while self.doubts:
            try:
                # not in the thread that learners' sockets share, because they would have to wait
                gone = await database_sync_to_async(lost, thread_sensitive=False)(set(self.doubts.values()))
            except DatabaseTrouble as error:
                log.warning("rights not asked: %s; trying again", error)
            else:
                for doubt, right in list(self.doubts.items()):
                    if right in gone:
                        doubt.set()
            await asyncio.sleep(EVERY)

    async def stop(self) -> None:
        """Waits for a question that was asked, because a thread cannot be cancelled."""
        self.doubts.clear()
        if self.task is not None:
            await self.task
