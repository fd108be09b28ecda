"""What every websocket of the site shares: permission before accepting, a limit on open sockets, bounded messages, close
codes."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar
from urllib.parse import parse_qs
from uuid import UUID

from channels.auth import get_user
from channels.db import database_sync_to_async
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.models import User as Account
from prometheus_client import Counter, Gauge
from pydantic import TypeAdapter, ValidationError
from redis.exceptions import RedisError

from explorer.classroom.people.access import User, find_sandbox, learner_id, role_of
from explorer.classroom.people.embed_pass import PROTOCOL, pass_in
from explorer.classroom.people.sessions import LOGIN, is_alive
from explorer.classroom.people.still import Right
from explorer.live import messages
from explorer.live.feed import Stopped, end
from explorer.live.hub import Hub, get_hub
from explorer.live.limits import BEAT_SECONDS, MESSAGE_BYTES, SEND_SECONDS, SOCKETS_OPEN, STRIKES
from explorer.sandboxes.models import Sandbox
from explorer.sandboxes.orders import AnyWish, Order, Wish
from explorer.sandboxes.streams import give_order_async

log = logging.getLogger(__name__)

OPEN = Gauge("explorer_sockets_open", "Websockets open in this process", ["kind"])
REFUSED = Counter("explorer_sockets_refused_total", "Websockets refused, by close code", ["kind", "code"])
SENT = Counter("explorer_socket_messages_sent_total", "Messages sent to browsers", ["kind"])
STRUCK = Counter("explorer_socket_messages_refused_total", "Messages from browsers that were refused", ["kind", "code"])

Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]


class Close(Exception):
    """Raised to end this socket with this code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Gone(Exception):
    """Raised when the browser has left."""


class Edge:
    """One websocket.

    A subclass says what it is about (`seek`) and what it sends (`flow`, until it ends). It also says what it takes: a text
    message is one of `wishes` and calls the method with the name of its type; bytes go to `typed`.
    """

    kind: ClassVar[str]
    wishes: ClassVar[TypeAdapter[Any] | None] = None
    most: ClassVar[int]  # sockets per learner and thing
    beats: ClassVar[bool] = True  # tells the page that it is still heard, also when there is nothing new

    def __init__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        self.scope, self.receive, self._send = scope, receive, send
        self.hub: Hub = get_hub()
        self.strikes = 0
        self.opened = 0.0  # by the monotonic clock
        self.learner: UUID | None = None  # kept after it was read: an embedded page's pass is checked when the socket opens
        self.right: Right | None = None  # what a user's socket rests on, as it was when it was opened
        self.who: UUID | str  # who asks, as sockets are counted: a learner's id, or that of a user with rights

    @classmethod
    def as_asgi(cls) -> Callable[[dict[str, Any], Receive, Send], Awaitable[None]]:
        async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
            await cls(scope, receive, send).serve()

        return application

    # --- for subclasses ---

    async def ask(self) -> tuple[str, bool] | None:
        """Reads again what this socket is about: its id and whether it is over. None when the asker may not have it. Here the
        asker is a learner; a subclass may ask for a user.
        """
        if self.learner is None:
            given = pass_in(self.scope.get("subprotocols", ()))
            self.learner = await database_sync_to_async(learner_id)(self.scope["session"], given)  # it may read a row
        if self.learner is None:
            return None
        self.who = self.learner
        return await self.seek(self.learner)

    async def seek(self, learner: UUID) -> tuple[str, bool] | None:
        """Like `ask`, for this learner."""
        raise NotImplementedError

    async def admit(self) -> int | None:
        """Asked once, after permission. The code to close the socket with when more than permission is needed; else None."""
        return None

    async def flow(self) -> None:
        raise NotImplementedError

    async def text(self, text: str) -> None:
        try:
            wish = self.wishes.validate_json(text) if self.wishes else None
        except ValidationError:
            wish = None
        await (self.take(wish) if wish else self.refuse("malformed"))

    async def take(self, wish: Wish) -> None:
        await getattr(self, wish.type)(wish)

    async def typed(self, data: bytes) -> None:
        await self.refuse("malformed")

    async def part(self) -> None:
        """Sends the last message when what the socket is about is over."""

    async def stop(self) -> None:
        """Frees what `flow` and the handlers took."""

    # --- the life of a socket ---

    async def serve(self) -> None:
        if (await self.receive())["type"] != "websocket.connect":
            return
        code = await self.enter()
        if code is not None:
            REFUSED.labels(self.kind, code).inc()
            with contextlib.suppress(OSError):
                await self.turn_away(code)
            return
        try:
            await self.accept()
            with OPEN.labels(self.kind).track_inprogress():
                await self.run()
        finally:
            SOCKETS_OPEN.leave(self.seat)
            await self.stop()

    async def enter(self) -> int | None:
        """None if this socket may be opened, else the code to close it with."""
        found = await self.ask()
        if found is None:
            return messages.NOT_YOURS
        thing, over = found
        if over:
            return messages.GONE
        code = await self.admit()
        if code is not None:
            return code
        self.seat = (self.who, thing, self.kind)
        if not SOCKETS_OPEN.enter(self.seat, self.most):
            log.info("socket refused: %s has %d %s sockets", self.who, SOCKETS_OPEN.open[self.seat], self.kind)
            return messages.TOO_MANY
        return None

    async def turn_away(self, code: int) -> None:
        """Asked before accept; accepted only so that the page can read the code, and nothing but the code is sent."""
        await self.accept()
        await self._send({"type": "websocket.close", "code": code})

    async def accept(self) -> None:
        """Accepts the socket. A browser that offers subprotocols, as an embedded page does, closes it unless one of them is
        chosen.
        """
        self.opened = time.monotonic()
        offered = PROTOCOL in self.scope.get("subprotocols", ())
        await self._send({"type": "websocket.accept", **({"subprotocol": PROTOCOL} if offered else {})})

    async def run(self) -> None:
        """Sends and receives until one of the two ends. Then the socket is closed with a code, unless the browser has left."""
        tasks = [asyncio.create_task(one) for one in (self.flow(), self.listen(), self.heed())]
        if self.beats:
            tasks.append(asyncio.create_task(self.beat()))
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            code = max((_code(task) for task in tasks if task.done()), default=0)
        finally:
            await end(*tasks)
        if code:
            with contextlib.suppress(OSError, RuntimeError, TimeoutError):
                async with asyncio.timeout(1):
                    await self._send({"type": "websocket.close", "code": code})

    async def heed(self) -> None:
        """Asks for permission again as soon as there is reason to doubt it. A learner's socket rests on no right of a user."""
        if self.right is None:
            await asyncio.Event().wait()
            return
        with self.hub.guard.heed(self.right) as doubt:
            while True:
                await doubt.wait()
                doubt.clear()
                await self.allowed()

    async def listen(self) -> None:
        while True:
            message = await self.receive()
            if message["type"] == "websocket.disconnect":
                raise Gone
            text, data = message.get("text"), message.get("bytes")
            if len(text.encode() if text is not None else data or b"") > MESSAGE_BYTES:
                await self.refuse("too_big")
            elif text is not None:
                await self.text(text)
            elif data:
                await self.typed(data)

    async def beat(self) -> None:
        """A browser does not notice that this process hangs or that the network swallows everything; it notices the silence."""
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            await self.say_beat()

    async def say_beat(self) -> None:
        """On a slow line it waits behind what was sent before, so the browser sees how old all of that is."""
        await self.say(messages.beat(time.monotonic() - self.opened))

    async def refuse(self, code: str, strike: bool = True) -> None:
        STRUCK.labels(self.kind, code).inc()
        await self.say(messages.refused(code))
        self.strikes += strike
        if self.strikes >= STRIKES:
            raise Close(messages.BAD_MESSAGES)

    async def allowed(self) -> None:
        """Asks for permission again. Ends the socket when what it is about is over or the asker may no longer have it."""
        found = await self.ask()
        if found is None:
            raise Close(messages.NOT_YOURS)
        if found[1]:
            await self.part()
            raise Close(messages.GONE)

    async def user(self) -> User:
        """The user of this session, read again, because rights may be taken back while a page is open. Learners' sockets do
        not call this.
        """
        user: User = await get_user(self.scope)
        if self.right and not await database_sync_to_async(is_alive)(self.scope["session"]):
            return AnonymousUser()
        return user

    async def rest_on(self, user: User, **what: str) -> None:
        """Notes what this socket rests on; `what` is its class or sandbox. Called before accept, and again at each question."""
        if self.right is None and isinstance(user, Account):
            login = str(self.scope["session"].get(LOGIN, ""))
            role = await database_sync_to_async(role_of)(user)
            self.right = Right(login, user.pk, user.password, role, **what)

    @property
    def asker(self) -> str:
        """Who asks, more exactly than `who`: another login of the same user, or a page with a pass, is another asker."""
        login = self.right.login if self.right else ""
        frame = "frame" if pass_in(self.scope.get("subprotocols", ())) else ""
        return f"{self.who} {login} {frame}"

    async def say(self, message: dict[str, Any]) -> None:
        await self.send_text(messages.encode(message))

    async def send_text(self, text: str) -> None:
        await self._send_in_time({"type": "websocket.send", "text": text})

    async def send_bytes(self, data: bytes) -> None:
        await self._send_in_time({"type": "websocket.send", "bytes": data})

    async def _send_in_time(self, message: dict[str, Any]) -> None:
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await self._send(message)
        except TimeoutError:
            raise Close(messages.TOO_SLOW) from None
        SENT.labels(self.kind).inc()

    def asked(self, name: str) -> str | None:
        """The value of one parameter in the query of the address, or None."""
        values = parse_qs(self.scope.get("query_string", b"")[:2048].decode("latin-1")).get(name)
        return values[-1] if values else None


class SandboxEdge(Edge):
    """A websocket about one sandbox."""

    sandbox: Sandbox  # as last read; set before accept

    def sandbox_id(self) -> str:
        raise NotImplementedError

    async def seek(self, learner: UUID) -> tuple[str, bool] | None:
        sandbox = await database_sync_to_async(find_sandbox)(learner, self.sandbox_id())
        if sandbox is None:
            return None
        self.sandbox = sandbox
        return sandbox.pk, sandbox.state in Sandbox.OVER

    async def order(self, wish: AnyWish, about: str = "") -> bool:
        """Sends a wish to the sandbox's node. False when no node has the sandbox yet."""
        order, node = Order(sandbox=self.sandbox.pk, about=about, wish=wish), self.sandbox.node_id
        return node is not None and await give_order_async(self.hub.redis, node, order)


def _code(task: asyncio.Task[None]) -> int:
    """The close code for the way in which one direction of a socket ended; 0 when the browser has left."""
    error = task.exception() if not task.cancelled() else None
    if isinstance(error, Close):
        return error.code
    if isinstance(error, Stopped):
        return messages.GOING_AWAY
    if isinstance(error, Gone | OSError):  # a send to a browser that left is an OSError
        return 0
    if error is None:
        return messages.CLOSED_NORMALLY
    if isinstance(error, RedisError):
        log.warning("websocket ended: Redis does not answer: %s", error)
        return messages.TRY_LATER
    log.error("websocket failed", exc_info=error)
    return 1011
