"""The relay's heartbeat: counts what operators should know, measures how late the loop is, and writes both to Redis."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress

import redis.asyncio as redis_asyncio

from explorer.lab.inside.allowance import exceeded
from explorer.lab.watch.commands import Commands
from explorer.node.relay.one_shell import printed
from explorer.node.relay.sandbox_watch import SandboxWatch
from explorer.sandboxes.figures import figures
from explorer.sandboxes.heartbeat import EVERY, KEPT, RelayCounts, relay_key, to_json
from explorer.sandboxes.streams import RedisError

STEP = 0.05


class Pulse:
    def __init__(self, redis: redis_asyncio.Redis, node: str, watches: Mapping[str, SandboxWatch], commands: Commands) -> None:
        self._redis, self._node, self._watches, self._commands = redis, node, watches, commands
        self._dropped = 0  # of watches that are gone
        self._latest: dict[str, int] = {}

    async def run(self) -> None:
        while True:
            late = await self._lateness(EVERY)
            with suppress(RedisError, OSError):
                await self._redis.set(relay_key(self._node), to_json(self.counts(late)), ex=KEPT)
            await asyncio.to_thread(figures.flush)

    async def _lateness(self, seconds: float) -> float:
        """Measures for so long; the longest that a timer of the loop was late."""
        longest, until = 0.0, time.monotonic() + seconds
        while (began := time.monotonic()) < until:
            await asyncio.sleep(STEP)
            longest = max(longest, time.monotonic() - began - STEP)
        return longest

    def counts(self, late: float = 0.0) -> RelayCounts:
        watches = list(self._watches.values())
        return RelayCounts(
            at=time.time(),
            sandboxes=len(watches),
            terminals=sum(len(watch.terminals.shells) for watch in watches),
            sandboxes_late=exceeded.late_now(),
            allowance_exceeded=exceeded.times,
            output_exceeded=printed.times,
            allowance_waited=round(exceeded.waited, 3),
            work_seconds=round(exceeded.worked, 3),
            work_longest=round(exceeded.longest, 4),
            loop_late=round(late, 4),
            lines_dropped=self._lines_dropped(),
            commands_lost=self._commands.lost,
        )

    def _lines_dropped(self) -> int:
        now = {f"{name} {id(watch)}": watch.telling.lines_dropped for name, watch in self._watches.items()}
        self._dropped += sum(count for key, count in self._latest.items() if key not in now)
        self._latest = now
        return self._dropped + sum(now.values())
