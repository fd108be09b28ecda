"""The messages of websockets that are not events of a stream (such as refusals), and the close codes."""

from __future__ import annotations

import json
from typing import Any

CLOSED_NORMALLY = 1000
GOING_AWAY = 1012
TRY_LATER = 1013
BAD_MESSAGES = 4400
NO_TICKET = 4401  # a terminal's websocket without a ticket that fits: the page asks for another one
NOT_YOURS = 4403  # also for what does not exist
GONE = 4404
TOO_SLOW = 4408
TOO_MANY = 4409

REFUSALS = {
    "malformed": "That message was not understood.",
    "too_big": "That message was too big.",
    "too_fast": "That was too much at once. Wait a moment and try again.",
    "not_ready": "The sandbox is not ready for that yet.",
    "too_many_terminals": "This sandbox has as many open terminals as it can hold. Close one first.",
    "too_many_captures": "Two captures run in this sandbox already. Stop one first.",
    "unknown_capture": "There is no such capture in this sandbox (any more).",
    "only_watching": "You are watching: this is for the learner to do.",
    "not_invited": "The learner has not invited you to type here, or has taken it back.",
    "paused": "Your class is paused: what you typed was not sent to the shell. Nothing else is lost.",
    "unknown_terminal": "There is no such terminal in this sandbox.",
}


def beat(at: float) -> dict[str, Any]:
    """Says that this process still runs, and that it sent this so many seconds after it opened the socket."""
    return {"type": "beat", "at": round(at, 2)}


def refused(code: str) -> dict[str, Any]:
    return {"type": "refused", "code": code, "text": REFUSALS[code]}


def encode(message: dict[str, Any]) -> str:
    return json.dumps(message, separators=(",", ":"))
