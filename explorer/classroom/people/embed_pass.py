"""Who reads an embedded page on another site. No cookie of ours gets there, so the embedded page carries a signed pass.

A pass names a learner that was made for that page, and nobody else can be named in one: none is signed for a learner of a
session. It travels as a header of the page's own requests, or as a websocket's subprotocol; never in an address.
"""

from __future__ import annotations

import hashlib
import secrets
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.core.signing import BadSignature, Signer

HEADER = "X-Explorer-Frame"
PROTOCOL, PROTOCOL_PASS = "explorer", "frame."  # what an embedded page's socket offers: the one we agree on, and its pass
PASS_SECONDS = 2 * 3600
RENEW_SECONDS = 15 * 60  # a pass as old as this is answered with a new one
EMBED_SECONDS = 24 * 3600  # and that goes on for a day: a stolen pass is not good for ever
CODE_SECONDS = 300
MOST = 200  # characters; ours have about 110


@dataclass(frozen=True)
class Embed:
    """An embedded page of one reader. `site` marks the listed site it is on; `born` and `made` are the Unix times of the first
    pass and of this one."""

    learner: uuid.UUID
    site: str
    born: int
    made: int

    @property
    def due(self) -> bool:
        return time.time() - self.made >= RENEW_SECONDS


def begin_embed(origin: str) -> Embed:
    """An embedded page nobody has used: its learner has no row before they do something."""
    now = int(time.time())
    return Embed(uuid.uuid4(), mark_site(origin), now, now)


def mark_site(origin: str) -> str:
    """Short and the same every time; sites that are not listed have one mark together."""
    return hashlib.sha256(origin.encode()).hexdigest()[:8] if origin in settings.EMBED_SITES else "other"


def write_pass(embed: Embed) -> str:
    """Good for two hours from now, and only for header and subprotocol: none of its characters needs quoting there."""
    return _signer("pass").sign(f"{embed.learner.hex}-{embed.site}-{embed.born}-{int(time.time())}")


def read_pass(text: str) -> Embed | None:
    """None for what we did not sign, what is too old, and everything while no site may show us."""
    if not settings.EMBED_SITES:
        return None
    parts = _read("pass", text)
    if len(parts) != 4:
        return None
    embed = Embed(uuid.UUID(parts[0]), parts[1], int(parts[2]), int(parts[3]))
    now = time.time()
    return embed if now - embed.made < PASS_SECONDS and now - embed.born < EMBED_SECONDS + PASS_SECONDS else None


def renew_pass(embed: Embed) -> str | None:
    """A younger pass for the same learner, or None once the embed is a day old."""
    return write_pass(embed) if time.time() - embed.born < EMBED_SECONDS else None


def pass_in(protocols: Iterable[str]) -> str:
    """The pass among the subprotocols a websocket offers; empty when there is none."""
    return next((one.removeprefix(PROTOCOL_PASS) for one in protocols if one.startswith(PROTOCOL_PASS)), "")


@dataclass(frozen=True)
class HandOver:
    """`once` is what it is remembered by when it has been used."""

    learner: uuid.UUID
    once: str


def write_hand_over(embed: Embed) -> str:
    return _signer("hand-over").sign(f"{embed.learner.hex}-{secrets.token_hex(8)}-{int(time.time())}")


def read_hand_over(text: str) -> HandOver | None:
    parts = _read("hand-over", text)
    if len(parts) != 3 or time.time() - int(parts[2]) >= CODE_SECONDS:
        return None
    return HandOver(uuid.UUID(parts[0]), parts[1])


def _signer(what: str) -> Signer:
    return Signer(salt=f"explorer.frame.{what}", sep=".")  # another salt would void the passes of pages that are open now


def _read(what: str, text: str) -> list[str]:
    try:
        return _signer(what).unsign(text[:MOST]).split("-")
    except BadSignature:
        return []
