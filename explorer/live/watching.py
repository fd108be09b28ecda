"""A learner's sandbox for a user who watches it. These are the learner's own kinds of sockets, but they only send.

One exception: the watcher may type into a terminal while its learner invites them. A watcher's sockets are counted apart from
the learner's. A watcher does not change the terminal's size and acknowledges no output. Before the first byte of a terminal is
read, the watcher is noted in Redis, and the learner's page shows it.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

from channels.db import database_sync_to_async
from django.contrib.auth.models import User

from explorer.classroom.models import Seat
from explorer.classroom.people.access import find_watched, may_type, seat_with_terminals
from explorer.classroom.wall.watching import LOOK_SECONDS, SAME_LOOK, end_watch, note_typing, note_watch
from explorer.live import messages
from explorer.live.capture import CaptureSocket
from explorer.live.edge import Close, Edge, Receive, SandboxEdge, Send
from explorer.live.feed import Restarted, end
from explorer.live.sandbox import SandboxSocket
from explorer.live.terminal import TerminalSocket
from explorer.sandboxes.events import class_stream, events_key, size_key
from explorer.sandboxes.models import Sandbox
from explorer.sandboxes.orders import AnyWish, AskCaptureTicket, AskTicket, Wish

RIGHTS_KEPT = 1.0  # seconds for which an invitation that was read holds
Application = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]


def or_watching(learners: type[Edge], watchers: type[Edge]) -> Application:
    """The learner's socket, or with `?watch=1` a watcher's. Only a watcher's socket asks which user it is."""

    async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        asked = parse_qs(scope.get("query_string", b"")[:2048].decode("latin-1")).get("watch")
        await (watchers if asked == ["1"] else learners)(scope, receive, send).serve()

    return application


class Watcher(SandboxEdge):
    watcher: User  # as last read; set before accept

    async def ask(self) -> tuple[str, bool] | None:
        user = await self.user()
        sandbox = await database_sync_to_async(find_watched)(user, self.sandbox_id())
        if sandbox is None or not isinstance(user, User):
            return None
        self.who, self.watcher, self.sandbox = f"user {user.pk}", user, sandbox
        await self.rest_on(user, sandbox=sandbox.pk)
        return sandbox.pk, sandbox.state in Sandbox.OVER

    async def text(self, text: str) -> None:
        await self.refuse("only_watching")

    async def typed(self, data: bytes) -> None:
        await self.refuse("only_watching")


class SandboxWatcher(Watcher, SandboxSocket):
    kind = "watched sandbox"

    async def text(self, text: str) -> None:
        """A watcher may ask for tickets, also for a capture, which a watcher may download. The terminal's own socket asks
        whether its terminals may be read."""
        await SandboxSocket.text(self, text)

    async def take(self, wish: Wish) -> None:
        may = isinstance(wish, AskTicket | AskCaptureTicket)
        await (super().take(wish) if may else self.refuse("only_watching"))

    async def tell_presence(self) -> None:
        """Does nothing: a watcher does not count as somebody in the sandbox."""


class CaptureWatcher(Watcher, CaptureSocket):
    kind = "watched capture"


class TerminalWatcher(Watcher, TerminalSocket):
    kind = "watched terminal"
    watched: Seat

    def __init__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        super().__init__(scope, receive, send)
        self.name = secrets.token_hex(8)
        self.asked_at = self.marked_at = self.noted_at = float("-inf")
        self.typing_told: bool | None = None
        self.size = b""

    async def ask(self) -> tuple[str, bool] | None:
        found = await super().ask()
        return found if found and await self.find_seat() else None

    async def find_seat(self) -> bool:
        """Reads the seat again. False when its terminals may not be read; then the seat read before stays."""
        seat = await database_sync_to_async(seat_with_terminals)(self.sandbox)
        if seat is not None:
            self.watched, self.asked_at = seat, time.monotonic()
        return seat is not None

    # --- out ---

    async def flow(self) -> None:
        await self.mark()
        attend = asyncio.create_task(self.attend())
        carry = asyncio.create_task(super().flow())
        try:
            done, _ = await asyncio.wait({attend, carry}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            await end(attend, carry)

    async def mark(self) -> None:
        """Notes in Redis that somebody watches, which the learner's page shows."""
        if time.monotonic() - self.marked_at > LOOK_SECONDS / 4:
            self.marked_at = time.monotonic()
            await database_sync_to_async(note_watch)(self.watcher, self.watched, self.sandbox, self.name)

    async def attend(self) -> None:
        """Renews the note, sends the terminal's size and the invitation when they change, and ends when the permission ends."""
        key = events_key(class_stream(self.watched.klass_id))
        subscription = await self.hub.subscribe(key, await self.hub.streams.newest(key))
        try:
            while True:
                await self.tell_size()
                await self.tell_typing()
                await self.mark()
                try:
                    async with asyncio.timeout(RIGHTS_KEPT):
                        news = bool(await subscription.next())
                except TimeoutError:
                    continue
                except Restarted:
                    subscription.move(await self.hub.streams.newest(key))
                    news = True
                if news:  # asked outside of the time limit: on a busy machine the answer may take longer
                    await self.allowed()
        finally:
            self.hub.leave(subscription)

    async def tell_size(self) -> None:
        size = await self.hub.redis.get(size_key(self.terminal))
        if size and size != self.size:
            self.size = size
            columns, _, rows = size.partition(b" ")
            await self.say({"type": "size", "columns": int(columns), "rows": int(rows)})

    async def tell_typing(self) -> None:
        if self.typing_told != may_type(self.watched):
            self.typing_told = may_type(self.watched)
            await self.say({"type": "typing", "allowed": self.typing_told})

    async def stop(self) -> None:
        await super().stop()
        if hasattr(self, "watched"):
            await database_sync_to_async(end_watch)(self.watched, self.name)

    # --- in ---

    async def typed(self, data: bytes) -> None:
        await TerminalSocket.typed(self, data)

    async def order(self, wish: AnyWish, about: str = "") -> bool:
        """Asks before each message whether typing is allowed; what it knows of the seat is at most `RIGHTS_KEPT`
        seconds old.
        """
        if time.monotonic() - self.asked_at > RIGHTS_KEPT and not await self.find_seat():
            raise Close(messages.NOT_YOURS)
        if not may_type(self.watched):
            await self.refuse("not_invited", strike=False)
            return False
        if time.monotonic() - self.noted_at > SAME_LOOK / 2:
            self.noted_at = time.monotonic()
            await database_sync_to_async(note_typing)(self.watcher, self.watched, self.sandbox)
        return await super().order(wish, about)
