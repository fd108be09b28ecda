"""The websocket of a sandbox's page: sends the numbered events, takes wishes about terminals, journeys, grids and captures."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from contextlib import suppress
from typing import Any

from channels.db import database_sync_to_async
from prometheus_client import Counter
from redis.exceptions import RedisError

from explorer.live import messages, state
from explorer.live.edge import Receive, SandboxEdge, Send
from explorer.live.feed import Restarted, Subscription, end
from explorer.live.limits import (
    ASK_BURST,
    ASK_RATE,
    CAPTURES,
    RECHECK_SECONDS,
    SANDBOX_SOCKETS,
    TERMINALS,
    TICKET_BURST,
    TICKET_RATE,
    Bucket,
)
from explorer.live.streams import START, Entry
from explorer.live.tickets import CAPTURE_TICKET_SECONDS, CaptureTicket, Ticket, give_ticket
from explorer.sandboxes.changes import describe_row
from explorer.sandboxes.events import events_key, fresh_key, present_key, type_of
from explorer.sandboxes.models import Sandbox
from explorer.sandboxes.orders import (
    SANDBOX_WISH,
    AnyWish,
    AskCaptureTicket,
    AskTicket,
    CloseTerminal,
    FollowJourney,
    MeasureGrid,
    OpenTerminal,
    SetWeather,
    StartCapture,
    StopCapture,
    Wish,
)

RESYNCS = Counter("explorer_socket_resyncs_total", "Times a browser was given a snapshot because its place was trimmed")
SNAPSHOT_TRIES = 10  # how often it waits 0.2 s for a snapshot that joins on to the stream
PRESENT_SECONDS = 45  # a closed page counts as open for this long


class SandboxSocket(SandboxEdge):
    kind = "sandbox"
    most = SANDBOX_SOCKETS
    wishes = SANDBOX_WISH

    def __init__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        super().__init__(scope, receive, send)
        self.asks = Bucket(ASK_RATE, ASK_BURST)
        self.tickets = Bucket(TICKET_RATE, TICKET_BURST)

    def sandbox_id(self) -> str:
        return str(self.scope["url_route"]["kwargs"]["sandbox"])

    async def flow(self) -> None:
        self.fresh: bool | None = None
        sandbox = self.sandbox.pk
        presence = asyncio.create_task(self.tell_presence())
        subscription = await self.hub.subscribe(events_key(sandbox), START, fresh_key(sandbox))
        try:
            await self.begin(subscription)
            while True:
                try:
                    await self.step(subscription)
                except Restarted:
                    await self.resync(subscription)
        finally:
            self.hub.leave(subscription)
            await end(presence)

    async def tell_presence(self) -> None:
        """Notes in Redis that somebody has the sandbox's page open. The note expires soon after the page is closed."""
        while True:
            with suppress(RedisError):  # a failure of Redis here must not end the socket
                await self.hub.redis.set(present_key(self.sandbox.pk), 1, ex=PRESENT_SECONDS)
            await asyncio.sleep(PRESENT_SECONDS / 3)

    # --- where to begin ---

    async def begin(self, subscription: Subscription) -> None:
        given = self.asked("since")
        since = int(given) if given and given.isascii() and given.isdecimal() and len(given) < 16 else None
        if since is not None and await self.kept(since):
            self.number: int | None = since
            subscription.move((since, 0))
        else:
            await self.start_anew(subscription, resync=given is not None)

    async def kept(self, since: int) -> bool:
        """Whether every event after `since` is still in the stream."""
        key = events_key(self.sandbox.pk)
        oldest, newest = (await self.hub.streams.oldest(key))[0], (await self.hub.streams.newest(key))[0]
        return since == newest or max(oldest, 1) - 1 <= since < newest

    async def resync(self, subscription: Subscription) -> None:
        RESYNCS.inc()
        await self.start_anew(subscription, resync=True)

    async def start_anew(self, subscription: Subscription, resync: bool) -> None:
        """Sends the state, then a whole snapshot, then the events after it. When there is no snapshot, sends the stream from
        its beginning.
        """
        await self.allowed()
        for message in await state.describe(self.hub.redis, self.sandbox):
            await self.send_text(message.model_dump_json())
        found = await self.snapshot()
        self.number = None  # the snapshot may be newer than the next event, so the next number is not checked
        if found is None:
            subscription.move(START)
            return
        number, snapshot = found
        before = await state.read_timeline(self.hub.redis, self.sandbox.pk, number)
        await self.send_text(state.write_snapshot(number, snapshot, resync, time.time()))
        if before.happenings:
            await self.send_text(before.model_dump_json())
        subscription.move((number, 0))

    async def snapshot(self) -> tuple[int, str] | None:
        key = events_key(self.sandbox.pk)
        for _ in range(SNAPSHOT_TRIES):
            found = await state.read_snapshot(self.hub.redis, self.sandbox.pk)
            if found is None or found[0] + 1 >= (await self.hub.streams.oldest(key))[0]:
                return found
            await asyncio.sleep(0.2)
        return found

    # --- what follows ---

    async def step(self, subscription: Subscription) -> None:
        try:
            async with asyncio.timeout(RECHECK_SECONDS):
                entries = await subscription.next()
        except TimeoutError:
            await self.allowed()
            return
        for entry in entries:
            number = entry.id[0]
            if self.number is not None and number != self.number + 1:
                await self.resync(subscription)
                return
            self.number = number
            await self.deliver(entry)
        fresh = subscription.feed.fresh
        if self.fresh != fresh and not (fresh and subscription.behind):  # a page with a gap before it is not up to date
            self.fresh = fresh
            await self.say_beat()
            await self.say({"type": "fresh", "ok": bool(self.fresh)})

    async def deliver(self, entry: Entry) -> None:
        text = write_event(entry)
        if text is None:
            return
        await self.send_text(text)
        if type_of(entry.fields) == "sandbox_changed":
            await self.allowed()

    async def part(self) -> None:
        last = await database_sync_to_async(describe_row)(self.sandbox)
        await self.send_text(last.model_dump_json())

    # --- what the page wishes ---

    async def take(self, wish: Wish) -> None:
        if isinstance(wish, AskTicket | AskCaptureTicket):
            await asyncio.sleep(self.tickets.take(1))
            await self.allowed()
            await super().take(wish)
        else:
            await (super().take(wish) if self.asks.spare() else self.refuse("too_fast", strike=False))

    async def ask_ticket(self, wish: AskTicket) -> None:
        facts = await state.read_terminal(self.hub.redis, self.sandbox.pk, wish.terminal)
        if facts is None:
            await self.say({"type": "no_ticket", "terminal": wish.terminal})
            return
        ticket = Ticket(asker=self.asker, sandbox=self.sandbox.pk, terminal=facts.id, place=facts.place)
        text = await give_ticket(self.hub.redis, ticket)
        await self.say({"type": "ticket_given", "terminal": facts.id, "ticket": text})

    async def ask_capture_ticket(self, wish: AskCaptureTicket) -> None:
        captures = await state.read_captures(self.hub.redis, self.sandbox.pk)
        if not any(facts.id == wish.capture and not facts.failed for facts in captures):
            await self.say({"type": "no_capture_ticket", "capture": wish.capture})
            return
        ticket = CaptureTicket(
            sandbox=self.sandbox.pk,
            capture=wish.capture,
            learner=None if self.right else self.learner,
            user=self.right.user if self.right else None,
            login=self.right.login if self.right else "",
        )
        text = await give_ticket(self.hub.redis, ticket, CAPTURE_TICKET_SECONDS)
        await self.say({"type": "capture_ticket_given", "capture": wish.capture, "ticket": text})

    async def open_terminal(self, wish: OpenTerminal) -> None:
        terminals = await state.read_terminals(self.hub.redis, self.sandbox.pk)
        if sum(terminal.open for terminal in terminals) >= TERMINALS:
            await self.refuse("too_many_terminals", strike=False)
        else:
            terminal = secrets.token_hex(8)
            await self.hand_on(wish, terminal, {"type": "terminal_opened", "terminal": terminal})

    async def close_terminal(self, wish: CloseTerminal) -> None:
        terminals = await state.read_terminals(self.hub.redis, self.sandbox.pk)
        if wish.terminal in {terminal.id for terminal in terminals}:
            await self.order(wish, wish.terminal)
        else:
            await self.refuse("unknown_terminal", strike=False)

    async def follow_journey(self, wish: FollowJourney) -> None:
        journey = secrets.token_hex(6)
        await self.hand_on(wish, journey, {"type": "journey_begun", "journey": journey})

    async def start_capture(self, wish: StartCapture) -> None:
        captures = await state.read_captures(self.hub.redis, self.sandbox.pk)
        if sum(capture.running for capture in captures) >= CAPTURES:
            await self.refuse("too_many_captures", strike=False)
        else:
            capture = secrets.token_hex(8)
            await self.hand_on(wish, capture, {"type": "capture_begun", "capture": capture})

    async def stop_capture(self, wish: StopCapture) -> None:
        await self.order(wish, wish.capture)

    async def measure_grid(self, wish: MeasureGrid) -> None:
        asked = secrets.token_hex(6)
        await self.hand_on(wish, asked, {"type": "grid_begun", "asked": asked})

    async def set_weather(self, wish: SetWeather) -> None:
        asked = secrets.token_hex(6)
        await self.hand_on(wish, asked, {"type": "weather_begun", "asked": asked})

    async def hand_on(self, wish: AnyWish, about: str, answer: dict[str, str]) -> None:
        """Sends a wish to the node if the sandbox is ready for it, and tells the page the id under which the
        result will come.
        """
        await self.allowed()
        if self.sandbox.state == Sandbox.State.READY and await self.order(wish, about):
            await self.say(answer)
        else:
            await self.refuse("not_ready", strike=False)


def write_event(entry: Entry) -> str | None:
    """The event as JSON with its number in it. None for an entry that is not an event."""
    text = entry.fields.get(b"e", b"").decode("utf-8", "replace")
    if text.startswith(f'{{"number":{entry.id[0]},'):
        return text
    try:
        event = json.loads(text)
    except ValueError:
        return None
    return messages.encode({**event, "number": entry.id[0]}) if isinstance(event, dict) else None
