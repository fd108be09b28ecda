"""Follows packets for pages. One journey runs at a time in a sandbox, because two would see each other's packets."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog

from explorer.network.journeys import Asked, Journeys
from explorer.sandboxes.events import Event, JourneyTold
from explorer.sandboxes.orders import FollowJourney

log = structlog.get_logger(__name__)

WAITING = 4  # no person asks for more at once in one sandbox
AT_ONCE = 24  # on one node, with grids; each needs some processes, and some megabytes when many packets pass
PATIENCE = 8.0  # seconds
FULL = "This node follows as many packets as it can at once. Try again in a moment."


class JourneyDesk:
    """`room` limits how many journeys and grids run at once on the node; all desks share it."""

    def __init__(
        self,
        follow: Callable[[Asked], Awaitable[Journeys]],
        tell: Callable[[Event], Awaitable[None]],
        room: asyncio.Semaphore,
    ) -> None:
        self._follow, self._tell, self._room = follow, tell, room
        self._asked: asyncio.Queue[tuple[str, Asked]] = asyncio.Queue(WAITING)

    def follow_journey(self, journey: str, wish: FollowJourney) -> None:
        try:
            self._asked.put_nowait((journey, wish.asked))
        except asyncio.QueueFull:
            log.info("journeys asked for faster than they can be made; one was left out", journey=journey)

    async def run(self) -> None:
        """Runs until it is cancelled. When following fails, the page gets a journey with an error."""
        while True:
            journey, asked = await self._asked.get()
            try:
                told = await self._followed(asked)
            except Exception:
                log.exception("journey failed", journey=journey)
                told = Journeys(asked=asked, at=time.time(), error="The packet could not be followed. That is our fault.")
            await self._tell(JourneyTold(journey=journey, told=told))

    async def _followed(self, asked: Asked) -> Journeys:
        try:
            async with asyncio.timeout(PATIENCE):
                await self._room.acquire()
        except TimeoutError:
            return Journeys(asked=asked, at=time.time(), error=FULL)
        try:
            return await self._follow(asked)
        finally:
            self._room.release()
