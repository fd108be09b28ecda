"""The websocket of one terminal: output bytes with their offsets go out, typed bytes come in.

Out: binary messages. The first eight bytes are the offset of the first output byte (big-endian), the output follows. The
stream in Redis keeps the last output; this socket leaves out what the browser already has, and says so when output was
deleted.

In: binary messages with the typed bytes, which are handed on in order. When the shell does not read, typed bytes wait here up
to `TYPED_KEPT`, then in the browser. The browser is told how many were taken (`taken`, counted from the opening of the socket)
and shows that the rest waits. Typed bytes are dropped, with a message to the browser, while the class is paused or no node has
the sandbox; and when the socket or the shell ends.
"""

from __future__ import annotations

import asyncio
import struct
from collections import deque
from contextlib import suppress
from typing import Any
from uuid import UUID

from redis.asyncio import Redis
from redis.exceptions import RedisError

from explorer.classroom.people.rules import is_paused
from explorer.live import messages, state
from explorer.live.edge import Receive, SandboxEdge, Send
from explorer.live.feed import Restarted, Subscription, end
from explorer.live.limits import (
    ACK_BYTES,
    ACK_SECONDS,
    RECHECK_SECONDS,
    RESIZE_BURST,
    RESIZE_RATE,
    TERMINAL_SOCKETS,
    TYPED_BURST,
    TYPED_COUNTED,
    TYPED_KEPT,
    TYPED_LEAST,
    TYPED_LOOK,
    TYPED_RATE,
    Bucket,
)
from explorer.live.streams import START, Entry
from explorer.live.tickets import Ticket, take_ticket
from explorer.sandboxes.events import (
    TYPED_AHEAD,
    TYPED_TOLD,
    TerminalFacts,
    events_key,
    size_key,
    taken_key,
    terminal_key,
    type_of,
    typed_key,
)
from explorer.sandboxes.orders import (
    TERMINAL_WISH,
    TYPED_BYTES,
    AcknowledgeTerminal,
    AnyWish,
    ResizeTerminal,
    TypeInTerminal,
)

FRAME_BYTES = 64 * 1024
SIZE_KEPT = 24 * 3600  # seconds
TYPED_REMEMBERED = 24 * 3600  # seconds
OFFSET = struct.Struct(">Q")


class TerminalSocket(SandboxEdge):
    kind = "terminal"
    beats = False  # it belongs to a page whose other socket does
    most = TERMINAL_SOCKETS
    wishes = TERMINAL_WISH

    def __init__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        super().__init__(scope, receive, send)
        self.terminal = str(self.scope["url_route"]["kwargs"]["terminal"])
        self.offset = self.drawn = self.told = 0  # next byte to send · acknowledged by the page · told to the node
        self.telling: asyncio.Task[None] | None = None
        self.paused = False  # the learner's class is: nothing is typed
        self.facts: TerminalFacts  # as they were when the socket was opened
        self.kept: deque[bytes] = deque()  # typed, and not yet handed on
        self.kept_bytes = self.taken = self.taken_told = self.uncounted = 0
        self.come, self.room = asyncio.Event(), asyncio.Event()
        self.typing = Bucket(TYPED_RATE, TYPED_BURST)
        self.resizing = Bucket(RESIZE_RATE, RESIZE_BURST)

    def sandbox_id(self) -> str:
        return self.asked("sandbox") or ""

    async def seek(self, learner: UUID) -> tuple[str, bool] | None:
        """Called again whenever the sandbox's row has changed; a pause and its end also announce a change."""
        found = await super().seek(learner)
        self.paused = found is not None and is_paused(self.sandbox)
        return found

    async def admit(self) -> int | None:
        """The ticket has to be for this terminal of this sandbox, and to come from whom it was given to."""
        try:
            ticket = await take_ticket(self.hub.redis, self.scope.get("subprotocols", ()))
            facts = await state.read_terminal(self.hub.redis, self.sandbox.pk, self.terminal)
        except (RedisError, OSError):
            return messages.TRY_LATER
        if facts is None:
            return messages.NOT_YOURS
        self.facts = facts
        fitting = Ticket(asker=self.asker, sandbox=self.sandbox.pk, terminal=self.terminal, place=facts.place)
        return None if ticket == fitting else messages.NO_TICKET

    # --- out ---

    async def flow(self) -> None:
        subscription = await self.hub.subscribe(terminal_key(self.terminal), START)
        watch = asyncio.create_task(self.watch())
        carry = asyncio.create_task(self.carry(subscription))
        hand_on = asyncio.create_task(self.hand_on())
        try:
            done, _ = await asyncio.wait({watch, carry, hand_on}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            self.hub.leave(subscription)
            await end(watch, carry, hand_on)

    async def watch(self) -> None:
        """Ends the socket when the sandbox ends or may no longer be used."""
        key = events_key(self.sandbox.pk)
        subscription = await self.hub.subscribe(key, await self.hub.streams.newest(key))
        try:
            await self.allowed()  # the row may have changed between permission and subscription
            while True:
                try:
                    async with asyncio.timeout(RECHECK_SECONDS):
                        entries = await subscription.next()
                    if any(type_of(entry.fields) == "sandbox_changed" for entry in entries):
                        await self.allowed()
                except TimeoutError:
                    await self.allowed()
                except Restarted:
                    subscription.move(await self.hub.streams.newest(key))
                    await self.allowed()
        finally:
            self.hub.leave(subscription)

    async def part(self) -> None:
        await self.say({"type": "closed", "reason": "The sandbox is over."})

    async def carry(self, subscription: Subscription) -> None:
        await self.begin()
        if not self.facts.open and await self.hub.streams.newest(terminal_key(self.terminal)) == START:
            await self.say({"type": "closed", "reason": self.facts.reason})
            return
        while True:
            try:
                entries = await subscription.next()
            except Restarted:
                await self.say({"type": "closed", "reason": ""})
                return
            if await self.deliver(entries):
                return

    async def begin(self) -> None:
        given = self.asked("offset")
        self.offset = int(given) if given and given.isascii() and given.isdecimal() and len(given) < 16 else 0
        end = await self.end()
        if self.offset > end:  # this offset was never sent, so the page starts again from 0
            self.offset = 0
            await self.say({"type": "skipped", "offset": 0})
        self.drawn = self.told = self.offset

    async def end(self) -> int:
        found = await self.hub.redis.xrevrange(terminal_key(self.terminal), count=2)
        return max((_offset(fields) + len(fields.get(b"d", b"")) for _, fields in found), default=0)

    async def deliver(self, entries: list[Entry]) -> bool:
        """Sends what the entries hold. True when the terminal has closed."""
        pending = bytearray()
        for entry in entries:
            data, start = entry.fields.get(b"d", b""), _offset(entry.fields)
            if data:
                if start > self.offset + len(pending):
                    await self.flush(pending)
                    self.offset = start
                    await self.say({"type": "skipped", "offset": start})
                pending += data[self.offset + len(pending) - start :]
                if len(pending) >= FRAME_BYTES:
                    await self.flush(pending)
            if b"x" in entry.fields:
                await self.flush(pending)
                await self.say({"type": "closed", "reason": entry.fields[b"x"].decode("utf-8", "replace")})
                return True
        await self.flush(pending)
        return False

    async def flush(self, pending: bytearray) -> None:
        for at in range(0, len(pending), FRAME_BYTES):
            piece = pending[at : at + FRAME_BYTES]
            await self.send_bytes(OFFSET.pack(self.offset) + piece)
            self.offset += len(piece)
        pending.clear()

    # --- in ---

    async def order(self, wish: AnyWish, about: str = "") -> bool:
        return await super().order(wish, about or self.terminal)

    async def typed(self, data: bytes) -> None:
        while self.kept_bytes >= TYPED_KEPT:  # our own page waits by itself; any other sender has to wait here
            self.room.clear()
            await self.room.wait()
        self.kept.append(data)
        self.kept_bytes += len(data)
        self.come.set()

    async def hand_on(self) -> None:
        """Gives typed bytes to the node at a limited rate, and not more than the shell may lag behind."""
        while True:
            await self.come.wait()
            while self.kept:
                data = self.kept.popleft()
                for at in range(0, len(data), TYPED_BYTES):
                    await self.give(data[at : at + TYPED_BYTES])
            self.come.clear()

    async def give(self, piece: bytes) -> None:
        if self.paused:
            await self.refuse("paused", strike=False)
        else:
            await asyncio.sleep(self.typing.take(max(len(piece), TYPED_LEAST)))
            if await self.order(TypeInTerminal(data=piece)):
                await self.wait_until_taken(len(piece))
        self.kept_bytes -= len(piece)
        self.room.set()
        self.taken += len(piece)
        if self.taken - self.taken_told >= TYPED_TOLD:
            self.taken_told = self.taken
            await self.say({"type": "taken", "bytes": self.taken})

    async def wait_until_taken(self, size: int) -> None:
        """Compares now and then, not for every key, how much the shell has read, and waits while it is too far behind."""
        self.uncounted += size
        if self.uncounted < TYPED_COUNTED:
            return
        more, self.uncounted = self.uncounted, 0
        while await count_typed(self.hub.redis, self.terminal, more) > TYPED_AHEAD:
            more = 0
            await asyncio.sleep(TYPED_LOOK)

    async def resize_terminal(self, wish: ResizeTerminal) -> None:
        await asyncio.sleep(self.resizing.take(1))
        await self.hub.redis.set(size_key(self.terminal), f"{wish.columns} {wish.rows}", ex=SIZE_KEPT)
        await self.order(wish)

    async def acknowledge_terminal(self, wish: AcknowledgeTerminal) -> None:
        """Tells the node how much was drawn: at once when it is much, else a little later together with what follows."""
        self.drawn = max(self.drawn, min(wish.offset, self.offset))
        if self.drawn - self.told >= ACK_BYTES:
            await self.tell()
        elif self.drawn > self.told and (self.telling is None or self.telling.done()):
            self.telling = asyncio.create_task(self.tell_later())

    async def tell_later(self) -> None:
        await asyncio.sleep(ACK_SECONDS)
        await self.tell()

    async def tell(self) -> None:
        if self.drawn > self.told:
            self.told = self.drawn
            await self.order(AcknowledgeTerminal(offset=self.drawn))

    async def stop(self) -> None:
        if self.telling is not None:
            await end(self.telling)
        if self.uncounted:
            with suppress(RedisError, OSError):
                await count_typed(self.hub.redis, self.terminal, self.uncounted)


async def count_typed(redis: Redis, terminal: str, more: int) -> int:
    """Counts bytes that were given to the node. Returns how many bytes of this terminal the shell has not read yet."""
    async with redis.pipeline(transaction=False) as pipe:
        pipe.incrby(typed_key(terminal), more)
        pipe.expire(typed_key(terminal), TYPED_REMEMBERED)
        pipe.get(taken_key(terminal))
        given, _, taken = await pipe.execute()
    return int(given) - int(taken or 0)


def _offset(fields: dict[bytes, bytes]) -> int:
    raw = fields.get(b"o", b"0")
    return int(raw) if raw.isdigit() else 0
