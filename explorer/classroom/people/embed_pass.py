"""The signed pass of an embedded page. On another site, browsers may send no cookie of ours, so the page carries a pass
instead.

A pass names a learner that was made for that page, so it gives no access to a learner of a session. It travels in a header of
the page's own requests or in a websocket's subprotocol, not in an address.
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
EMBED_SECONDS = 24 * 3600  # passes are renewed for a day only, so a stolen pass does not work for ever
CODE_SECONDS = 300
MOST = 200  # characters; ours have about 110


@dataclass(frozen=True)
class Embed:
    """An embedded page of one reader. `site` is a short mark of the site around it. `born` and `made` are the Unix times of
    the first pass and of this one.
    """

    learner: uuid.UUID
    site: str
    born: int
    made: int

    @property
    def due(self) -> bool:
        return time.time() - self.made >= RENEW_SECONDS


def begin_embed(origin: str) -> Embed:
    """A new embedded page with a new learner's id. The learner has no row until they do something."""
    now = int(time.time())
    return Embed(uuid.uuid4(), mark_site(origin), now, now)


def mark_site(origin: str) -> str:
    """A short mark for a site, always the same for it. All sites that are not listed share one mark."""
    return hashlib.sha256(origin.encode()).hexdigest()[:8] if origin in settings.EMBED_SITES else "other"


def write_pass(embed: Embed) -> str:
    """The pass as text, valid for two hours from now. Its characters need no quoting in a header or subprotocol."""
    return _signer("pass").sign(f"{embed.learner.hex}-{embed.site}-{embed.born}-{int(time.time())}")


def read_pass(text: str) -> Embed | None:
    """None for a text that we did not sign, for a pass that is too old, and for all passes when the settings list no site."""
    if not settings.EMBED_SITES:
        return None
    parts = _read("pass", text)
    if len(parts) != 4:
        return None
    embed = Embed(uuid.UUID(parts[0]), parts[1], int(parts[2]), int(parts[3]))
    now = time.time()
    return embed if now - embed.made < PASS_SECONDS and now - embed.born < EMBED_SECONDS + PASS_SECONDS else None


def renew_pass(embed: Embed) -> str | None:
    """A new pass for the same learner; None when the first pass is older than a day."""
    return write_pass(embed) if time.time() - embed.born < EMBED_SECONDS else None


def pass_in(protocols: Iterable[str]) -> str:
    """The pass among the subprotocols that a websocket offers; empty when there is none."""
    return next((one.removeprefix(PROTOCOL_PASS) for one in protocols if one.startswith(PROTOCOL_PASS)), "")


@dataclass(frozen=True)
class HandOver:
    """`once` is the key under which the use of this code is remembered."""

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
