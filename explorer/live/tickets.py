"""Tickets: a websocket that opens only with something that was given a moment before, once.

The page asks for a ticket over the websocket of its sandbox, which was asked for permission. Its text is in no address and in
no log: the page sends it as a subprotocol, a program on a desktop in the header `Authorization`. What a ticket is for is kept
in Redis until it is taken or too old. Taking it deletes it, also when it does not fit.

A `Ticket` is for one asker (a learner, an embedded page, or one login of a user), one sandbox, one terminal and the place of
that terminal. The terminal's websocket compares the asker with its own cookies. A `CaptureTicket` is for one capture of one
sandbox. A program on a desktop has no cookies, so this ticket also says on whose right the program reads.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from typing import TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, ValidationError
from redis.asyncio import Redis

from explorer.sandboxes.events import ticket_key

TICKET_SECONDS = 20
CAPTURE_TICKET_SECONDS = 300  # a person pastes it into a terminal
PROTOCOL_TICKET = "ticket."  # what a terminal's websocket offers as a subprotocol: this and the ticket
BEARER = "Bearer "
WRITTEN = re.compile(r"[A-Za-z0-9_-]{43}")


class Ticket(BaseModel):
    """What a ticket is for. `asker` is as `Edge.asker` writes it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    asker: str
    sandbox: str
    terminal: str
    place: str


class CaptureTicket(BaseModel):
    """Either `learner` is there, or `user` and `login`, the key of the user's session."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    sandbox: str
    capture: str
    learner: UUID | None = None
    user: int | None = None
    login: str = ""


Kind = TypeVar("Kind", bound=BaseModel)


async def give_ticket(redis: Redis, ticket: BaseModel, seconds: int = 0) -> str:
    text = secrets.token_urlsafe(32)
    await redis.set(ticket_key(text), ticket.model_dump_json(), ex=seconds or TICKET_SECONDS)
    return text


async def take_ticket(redis: Redis, protocols: Iterable[str]) -> Ticket | None:
    """What the ticket among these subprotocols is for. None when there is none, or it was taken, or is too old."""
    text = next((one.removeprefix(PROTOCOL_TICKET) for one in protocols if one.startswith(PROTOCOL_TICKET)), "")
    return await _take(redis, text, Ticket)


async def take_capture_ticket(redis: Redis, headers: Iterable[tuple[bytes, bytes]]) -> CaptureTicket | None:
    """What the ticket in `Authorization: Bearer …` is for. None when there is none, or it was taken, or is too old."""
    told = next((value.decode("latin-1") for name, value in headers if name == b"authorization"), "")
    return await _take(redis, told.removeprefix(BEARER), CaptureTicket)


async def _take(redis: Redis, text: str, kind: type[Kind]) -> Kind | None:
    if not WRITTEN.fullmatch(text):
        return None
    kept = await redis.getdel(ticket_key(text))
    try:
        return kind.model_validate_json(kept) if kept else None
    except ValidationError:  # a ticket of another kind, or another version of this site wrote it
        return None
