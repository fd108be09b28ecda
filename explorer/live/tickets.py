"""Tickets for terminals: a terminal's websocket opens only with a ticket that was given a moment before, once.

The page asks for it over the websocket of its sandbox, which was asked for permission, and sends it as a subprotocol of the
terminal's websocket, so it is in no address and in no log. A ticket is kept in Redis for `TICKET_SECONDS`. It is for one asker
(a learner, an embedded page, or one login of a user), one sandbox, one terminal and the place of that terminal. Taking it
deletes it, also when it does not fit.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict, ValidationError
from redis.asyncio import Redis

from explorer.sandboxes.events import ticket_key

TICKET_SECONDS = 20
PROTOCOL_TICKET = "ticket."  # what a terminal's websocket offers as a subprotocol: this and the ticket
WRITTEN = re.compile(r"[A-Za-z0-9_-]{43}")


class Ticket(BaseModel):
    """What a ticket is for. `asker` is as `Edge.asker` writes it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    asker: str
    sandbox: str
    terminal: str
    place: str


async def give_ticket(redis: Redis, ticket: Ticket) -> str:
    text = secrets.token_urlsafe(32)
    await redis.set(ticket_key(text), ticket.model_dump_json(), ex=TICKET_SECONDS)
    return text


async def take_ticket(redis: Redis, protocols: Iterable[str]) -> Ticket | None:
    """What the ticket among these subprotocols is for. None when there is none, or it was taken, or is too old."""
    text = next((one.removeprefix(PROTOCOL_TICKET) for one in protocols if one.startswith(PROTOCOL_TICKET)), "")
    if not WRITTEN.fullmatch(text):
        return None
    kept = await redis.getdel(ticket_key(text))
    try:
        return Ticket.model_validate_json(kept) if kept else None
    except ValidationError:  # another version of this site wrote it
        return None
