"""One capture as pcapng over a websocket, for a program on a desktop such as Wireshark.

The program shows a ticket that the learner's page, or the page of a user who watches, was given (`live.tickets`). It sends no
cookies. The permission behind the ticket is asked again while frames flow: this socket ends when the page's own would.

Everything sent is a binary message: the first blocks, each frame, and counts of what was left out. At the end comes the last
count, with the reason as its comment. A frame that was deleted before this reader got to it counts as left out. Whoever sends
anything is cut off.
"""

from __future__ import annotations

import struct
import time
from typing import Any

from channels.db import database_sync_to_async
from django.contrib.auth.models import User
from redis.exceptions import RedisError

from explorer.classroom.people.access import find_watched, role_of
from explorer.classroom.people.still import Right, lost
from explorer.live import messages
from explorer.live.capture import CaptureSocket
from explorer.live.edge import Close, Receive, Send
from explorer.live.limits import PCAPNG_SOCKETS
from explorer.live.streams import Entry
from explorer.live.tickets import CaptureTicket, take_capture_ticket
from explorer.network.packets.captured import Frame
from explorer.network.packets.pcapng import SNAP, begin_file, end_file, write_frame
from explorer.sandboxes.events import CaptureFacts
from explorer.sandboxes.models import Sandbox


class PcapngSocket(CaptureSocket):
    kind = "pcapng"
    most = PCAPNG_SOCKETS

    def __init__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        super().__init__(scope, receive, send)
        self.ticket: CaptureTicket | None = None
        self.sent = self.missed = self.left_out = self.told = self.last = 0  # frames; the number of the last one

    def sandbox_id(self) -> str:
        return self.ticket.sandbox if self.ticket else ""

    # --- who may ---

    async def enter(self) -> int | None:
        try:
            self.ticket = await take_capture_ticket(self.hub.redis, self.scope["headers"])
        except (RedisError, OSError):
            return messages.TRY_LATER
        if self.ticket is None:
            return messages.NO_TICKET
        self.capture = self.ticket.capture
        return await super().enter()

    async def ask(self) -> tuple[str, bool] | None:
        """Asks on the right that the ticket names: that of a learner, or of a user's login."""
        ticket = self.ticket
        if ticket is None:
            return None
        if ticket.learner is not None:
            self.who = ticket.learner
            return await self.seek(ticket.learner)
        found = await database_sync_to_async(_watched)(ticket, self.right)
        if found is None:
            return None
        self.sandbox, self.right = found
        self.who = f"user {ticket.user}"
        return self.sandbox.pk, self.sandbox.state in Sandbox.OVER

    async def turn_away(self, code: int) -> None:
        """The handshake is refused, which the program's user sees as status 403."""
        await self._send({"type": "websocket.close", "code": code})

    # --- out ---

    async def begin(self, facts: CaptureFacts) -> None:
        await self.send_bytes(begin_file(facts.interface, facts.place, facts.expression, SNAP))

    async def carry(self, entries: list[Entry]) -> bool:
        blocks = bytearray()
        for entry in entries:
            if b"f" in entry.fields:
                blocks += self.frame(entry)
            elif b"g" in entry.fields:
                self.left_out = int(entry.fields[b"g"])
            elif b"x" in entry.fields:
                blocks += self.count(entry.fields[b"x"].decode("utf-8", "replace"))
                await self.send_bytes(bytes(blocks))
                return True
        if self.told != self.left_out + self.missed:
            blocks += self.count()
        if blocks:
            await self.send_bytes(bytes(blocks))
        return False

    def frame(self, entry: Entry) -> bytes:
        try:
            frame = Frame.unpack(entry.fields[b"f"])
        except (ValueError, struct.error):  # no entry of ours
            return b""
        self.missed += max(0, entry.id[0] - self.last - 1)
        self.last = entry.id[0]
        self.sent += 1
        return write_frame(frame)

    def count(self, why: str = "") -> bytes:
        self.told = self.left_out + self.missed
        return end_file(time.time_ns(), self.sent + self.told, self.told, self.sent, why)

    async def refuse(self, code: str, strike: bool = True) -> None:
        """A text between the blocks would be no pcapng."""
        raise Close(messages.BAD_MESSAGES if strike else messages.GONE)


def _watched(ticket: CaptureTicket, right: Right | None) -> tuple[Sandbox, Right] | None:
    """The sandbox, and the right as it was at first: None when the user may not watch this sandbox (any more)."""
    user = User.objects.filter(pk=ticket.user).first() if ticket.user is not None else None
    if user is None:
        return None
    right = right or Right(ticket.login, user.pk, user.password, role_of(user), sandbox=ticket.sandbox)
    sandbox = None if lost({right}) else find_watched(user, ticket.sandbox)
    return (sandbox, right) if sandbox else None
