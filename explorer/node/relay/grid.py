"""Measures grids (which place reaches which other place) for pages. One runs at a time in a sandbox; requests that come
meanwhile are answered together by the next one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import redis.asyncio as redis_asyncio
import structlog

from explorer.network.grid import Grid
from explorer.sandboxes.events import Event, GridTold, Happened, grid_key
from explorer.sandboxes.orders import MeasureGrid
from explorer.sandboxes.streams import KEPT_SECONDS, RedisError

log = structlog.get_logger(__name__)

REST = 2.0  # seconds between two grids: each is up to some hundred packets in a learner's own network


class GridDesk:
    def __init__(
        self,
        redis: redis_asyncio.Redis,
        sandbox: str,
        measure: Callable[[], Awaitable[Grid]],
        tell: Callable[[Event], Awaitable[None]],
    ) -> None:
        self._redis, self._sandbox = redis, sandbox
        self._measure, self._tell = measure, tell
        self._wanted = asyncio.Event()
        self._asked = ""

    def measure_grid(self, asked: str, _: MeasureGrid) -> None:
        self._asked = asked
        self._wanted.set()

    async def run(self) -> None:
        """Runs until it is cancelled. When measuring fails, the page gets a grid with an error."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            asked = self._asked
            await self._tell(Happened(source="sandbox", text="every place pings every other: a grid was asked for"))
            try:
                grid = await self._measure()
            except Exception:
                log.exception("grid failed")
                grid = Grid(error="The grid could not be measured. That is our fault; try again.")
            told = GridTold(asked=asked, grid=grid, at=time.time())
            await self._keep(told)
            await self._tell(told)
            await asyncio.sleep(REST)

    async def _keep(self, told: GridTold) -> None:
        """Keeps the grid in Redis for pages that open later."""
        try:
            await self._redis.set(grid_key(self._sandbox), told.model_dump_json(), ex=KEPT_SECONDS)
        except (RedisError, OSError) as error:
            log.warning("grid not kept", error=str(error))
