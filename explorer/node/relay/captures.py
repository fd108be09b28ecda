"""The captures of one sandbox: starts them, ends them, and writes their frames to Redis.

Each capture has a stream of its own. It may have thousands of frames that only one page shows, and these must not push events
out of the sandbox's stream. A download is made from that stream later, so the relay holds one batch of frames at a time.

A capture keeps its first frames and ends when it is full. A ring keeps its newest frames and goes on while somebody follows it,
for an hour at most: a page, or a program on a desktop (`live.pcapng`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Protocol

import redis.asyncio as redis_asyncio
import structlog

from explorer.lab.ask.capture import FILE, RING, Batch, Bounds
from explorer.lab.errors import LabError
from explorer.sandboxes.events import CaptureFacts, CapturesChanged, capture_key, captures_key, followed_key
from explorer.sandboxes.orders import StartCapture, StopCapture
from explorer.sandboxes.streams import RedisError

log = structlog.get_logger(__name__)

MOST = 2  # running, and kept, in one sandbox: with their bounds, 8 MiB
RING_FRAMES = 500  # kept of a ring: with frames of 9 KB, 4.5 MiB
RINGS = 16  # on one node: each costs up to 200 frames a second for an hour
LONELY = 60.0  # seconds after which a ring that nobody follows ends
TAKE_EVERY = 0.1
KEPT_SECONDS = 2 * 3600
STOPPED = "You stopped it."
LOST = "It ended because this node was restarted."
FORSAKEN = "It ended because nobody had looked at it for a minute."


class Listening(Protocol):
    """The part of `lab.watch.capture.Capture` that this file uses."""

    taken: int
    left_out: int

    def take(self) -> Batch: ...
    def finish(self) -> None: ...
    def close(self) -> None: ...


Open = Callable[[str, str, str, Bounds], Awaitable[Listening]]
rings: set[str] = set()  # the ids of the rings that run in this process


class Captures:
    """`open` starts a capture (place, interface, expression, bounds); `tell` publishes an event."""

    def __init__(
        self, redis: redis_asyncio.Redis, sandbox: str, open: Open, tell: Callable[[CapturesChanged], Awaitable[None]]
    ) -> None:
        self.redis, self.sandbox, self.open, self.tell = redis, sandbox, open, tell
        self.facts: dict[str, CaptureFacts] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self.stops: dict[str, asyncio.Event] = {}

    async def remember(self) -> None:
        """Reads the captures that are in Redis. Those that ran under an earlier relay are ended."""
        raw = await self.redis.hgetall(captures_key(self.sandbox))  # type: ignore[misc]
        known = sorted((CaptureFacts.model_validate_json(value) for value in raw.values()), key=lambda one: one.began)
        self.facts = {one.id: one for one in known} | self.facts
        for one in known:
            if one.running and one.id not in self.tasks:
                await self._end(one.id, LOST)

    def start_capture(self, capture: str, wish: StartCapture) -> None:
        """Starts a task and returns at once."""
        if capture not in self.facts and capture not in self.tasks:
            task = asyncio.create_task(self._serve(capture, wish), name=f"capture {capture}")
            self.tasks[capture] = task
            task.add_done_callback(lambda _: self._let_go(capture))
            self.stops[capture] = asyncio.Event()

    def stop_capture(self, capture: str, _: StopCapture) -> None:
        if stop := self.stops.get(capture):
            stop.set()

    def _let_go(self, capture: str) -> None:
        self.tasks.pop(capture, None)
        self.stops.pop(capture, None)

    async def end_all(self, reason: str) -> None:
        tasks = dict(self.tasks)
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)
        for capture in tasks:
            if capture in self.facts and self.facts[capture].running:
                with suppress(RedisError, OSError):
                    await self._end(capture, reason)

    async def _serve(self, capture: str, wish: StartCapture) -> None:
        running = sum(facts.running for facts in self.facts.values())
        self.facts[capture] = CaptureFacts(
            id=capture,
            place=wish.place,
            interface=wish.interface,
            expression=wish.expression,
            began=time.time(),
            ring=wish.ring,
        )
        try:
            if refusal := _refusal(running, wish):
                await self._end(capture, refusal, failed=True)
                return
            if wish.ring:
                rings.add(capture)
            listening = await self.open(wish.place, wish.interface, wish.expression, RING if wish.ring else FILE)
            try:
                await self._forget_old(capture)
                await self._publish(capture)
                reason = await self._carry(capture, listening)
                self._keep(capture, kept=listening.taken, left_out=listening.left_out)
            finally:
                listening.close()
            await self._end(capture, reason)
        except LabError as error:
            await self._end(capture, str(error), failed=True)
        except (RedisError, OSError) as error:
            log.warning("capture lost", capture=capture, error=str(error))
            with suppress(RedisError, OSError):
                await self._end(capture, "It was lost. That is our fault; start another one.")
        finally:
            rings.discard(capture)

    async def _carry(self, capture: str, listening: Listening) -> str:
        """Writes frames to Redis until the capture ends; returns why it ended."""
        stop, ring = self.stops[capture], self.facts[capture].ring
        key, number, told, parts = capture_key(self.sandbox, capture), 0, 0, 0
        most = RING_FRAMES if ring else None
        followed = time.monotonic()
        while True:
            batch = listening.take()
            reason = batch.ended or (STOPPED if stop.is_set() else "")
            if ring and not reason and time.monotonic() - followed > LONELY:
                if await self.redis.exists(followed_key(self.sandbox, capture)):
                    followed = time.monotonic()
                else:
                    reason = FORSAKEN
            if reason:
                listening.finish()
            async with self.redis.pipeline(transaction=False) as pipe:
                for frame in batch.frames:
                    number, parts = number + 1, 0
                    pipe.xadd(key, {"f": frame.pack()}, id=f"{number}-0", maxlen=most, approximate=False)
                if listening.left_out > told:
                    told, parts = listening.left_out, parts + 1
                    pipe.xadd(key, {"g": told}, id=f"{number}-{parts}")
                if batch.frames or reason:
                    pipe.expire(key, KEPT_SECONDS)
                await pipe.execute()
            self._keep(capture, kept=listening.taken, left_out=listening.left_out)
            if reason:
                return reason
            with suppress(TimeoutError):
                async with asyncio.timeout(TAKE_EVERY):
                    await stop.wait()

    def _keep(self, capture: str, **changed: int) -> None:
        if facts := self.facts.get(capture):
            self.facts[capture] = facts.model_copy(update=changed)

    async def _end(self, capture: str, reason: str, failed: bool = False) -> None:
        changed = {"running": False, "failed": failed, "reason": reason[:400]}
        self.facts[capture] = facts = self.facts[capture].model_copy(update=changed)
        key = capture_key(self.sandbox, capture)
        last = await self.redis.xrevrange(key, count=1)
        top, part = last[0][0].decode().split("-") if last else ("0", "0")
        await self.redis.xadd(key, {"x": facts.reason}, id=f"{top}-{int(part) + 1}")
        await self.redis.expire(key, KEPT_SECONDS)
        await self._forget_old(capture)
        await self._publish(capture)

    async def _forget_old(self, newest: str) -> None:
        """Deletes failed captures, and the oldest ended ones beyond `MOST`. A running capture and the newest one stay."""
        failed = [one for one in self.facts.values() if one.failed and one.id != newest]
        real = [one for one in self.facts.values() if not one.failed]
        ended = [one for one in real if not one.running and one.id != newest]
        for old in [*failed, *ended[: max(0, len(real) - MOST)]]:
            del self.facts[old.id]
            await self.redis.hdel(captures_key(self.sandbox), old.id)  # type: ignore[misc]
            await self.redis.delete(capture_key(self.sandbox, old.id))

    async def _publish(self, capture: str) -> None:
        if facts := self.facts.get(capture):
            await self.redis.hset(captures_key(self.sandbox), capture, facts.model_dump_json())  # type: ignore[misc]
        await self.redis.expire(captures_key(self.sandbox), 2 * 24 * 3600)
        await self.tell(CapturesChanged(captures=tuple(self.facts.values())))


def _refusal(running: int, wish: StartCapture) -> str:
    """Why this capture may not begin now; empty when it may."""
    if running >= MOST:
        return f"{MOST} captures run in this sandbox already. Stop one first."
    if wish.ring and len(rings) >= RINGS:
        return f"{RINGS} captures without an end run on this node already. Keep the first packets instead, or try again later."
    return ""
