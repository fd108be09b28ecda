"""The websocket of one capture: a message for each frame, the number of frames left out, and why the capture ended.

The frames are read from the capture's stream and dissected in this process, which has no special rights. It takes no wishes.
"""

from __future__ import annotations

import asyncio
import struct
from contextlib import suppress
from typing import Any

from redis.exceptions import RedisError

from explorer.live import messages, state
from explorer.live.edge import Close, Receive, SandboxEdge, Send
from explorer.live.feed import Restarted, end
from explorer.live.limits import CAPTURE_SOCKETS, RECHECK_SECONDS
from explorer.live.streams import START, Entry
from explorer.network.packets.captured import Frame, tell_row
from explorer.sandboxes.events import CaptureFacts, capture_key, followed_key

APPEARS_SECONDS = 5.0  # a page may connect before the node has begun what was just asked for
FOLLOWED_SECONDS = 30  # a capture that was left counts as followed for this long


class CaptureSocket(SandboxEdge):
    kind = "capture"
    beats = False  # it belongs to a page whose other socket does
    most = CAPTURE_SOCKETS
    capture: str

    def __init__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        super().__init__(scope, receive, send)
        self.capture = str(self.scope["url_route"]["kwargs"].get("capture", ""))

    def sandbox_id(self) -> str:
        return self.asked("sandbox") or ""

    async def flow(self) -> None:
        """Sends the frames from the first to the last. A page that connects again gets all of them again."""
        await self.begin(await self.find())
        follow = asyncio.create_task(self.follow())
        try:
            await self.pass_on()
        finally:
            await end(follow)

    async def pass_on(self) -> None:
        """Sends what comes, until the capture ends."""
        subscription = await self.hub.subscribe(capture_key(self.sandbox.pk, self.capture), START)
        loop = asyncio.get_running_loop()
        asked = loop.time()
        try:
            while True:
                if loop.time() >= asked + RECHECK_SECONDS:  # also when there is always something more to send
                    asked = loop.time()
                    await self.allowed()
                try:
                    async with asyncio.timeout(max(0.0, asked + RECHECK_SECONDS - loop.time())):
                        entries = await subscription.next()
                except TimeoutError:
                    continue
                except Restarted:
                    return
                if await self.carry(entries):
                    return
        finally:
            self.hub.leave(subscription)

    async def begin(self, facts: CaptureFacts) -> None:
        """Sends what stands before the frames."""

    async def follow(self) -> None:
        """Notes in Redis that somebody reads this capture: the node ends a ring that nobody reads."""
        while True:
            with suppress(RedisError, OSError):  # else a short trouble of Redis would end a ring that is looked at
                await self.hub.redis.set(followed_key(self.sandbox.pk, self.capture), 1, ex=FOLLOWED_SECONDS)
            await asyncio.sleep(FOLLOWED_SECONDS / 3)

    async def find(self) -> CaptureFacts:
        deadline = asyncio.get_running_loop().time() + APPEARS_SECONDS
        while asyncio.get_running_loop().time() < deadline:
            for facts in await state.read_captures(self.hub.redis, self.sandbox.pk):
                if facts.id == self.capture:
                    return facts
            await asyncio.sleep(0.1)
        await self.refuse("unknown_capture", strike=False)
        raise Close(messages.NOT_YOURS)

    async def carry(self, entries: list[Entry]) -> bool:
        """Sends these entries. True when they include the end of the capture."""
        told = write_entries(entries)
        if told["rows"]:
            await self.say(told)
        ended = next((entry for entry in entries if b"x" in entry.fields), None)
        if ended:
            await self.say({"type": "capture_ended", "reason": ended.fields[b"x"].decode("utf-8", "replace")})
        return ended is not None


def write_entries(entries: list[Entry]) -> dict[str, Any]:
    rows: list[dict[str, Any]] = []
    for entry in entries:
        try:
            if b"f" in entry.fields:
                rows.append(tell_row(entry.id[0], Frame.unpack(entry.fields[b"f"])))
            elif b"g" in entry.fields:
                rows.append({"left_out": int(entry.fields[b"g"])})
        except (ValueError, struct.error):  # no entry of ours
            continue
    return {"type": "captured", "rows": rows}
