"""What a browser may say over a websocket, and the few answers that are not events. The word in `type` names the handler."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

TerminalId = Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]
Columns = Annotated[int, Field(ge=10, le=500)]
Rows = Annotated[int, Field(ge=3, le=300)]


class Asked(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class OpenTerminalAsked(Asked):
    type: Literal["open_terminal"]
    place: str = Field(min_length=1, max_length=200)
    columns: Columns = 80
    rows: Rows = 24


class CloseTerminalAsked(Asked):
    type: Literal["close_terminal"]
    terminal: TerminalId


class FollowJourneyAsked(Asked):
    type: Literal["follow_journey"]
    source: str = Field(min_length=1, max_length=200)
    target: str = Field(min_length=1, max_length=253)
    kind: Literal["ping", "tcp", "http", "dns", "record"] = "ping"
    port: int = Field(default=80, ge=1, le=65535)


class StartCaptureAsked(Asked):
    type: Literal["start_capture"]
    place: str = Field(min_length=1, max_length=200)
    interface: str = Field(min_length=1, max_length=32)
    expression: str = Field(default="", max_length=500)


class StopCaptureAsked(Asked):
    type: Literal["stop_capture"]
    capture: TerminalId


class MeasureGridAsked(Asked):
    type: Literal["measure_grid"]


class ResizeAsked(Asked):
    type: Literal["resize"]
    columns: Columns
    rows: Rows


class AckAsked(Asked):
    type: Literal["ack"]
    offset: int = Field(ge=0, le=2**53)


SandboxWish = (
    OpenTerminalAsked | CloseTerminalAsked | FollowJourneyAsked | StartCaptureAsked | StopCaptureAsked | MeasureGridAsked
)
ToSandbox: TypeAdapter[SandboxWish] = TypeAdapter(Annotated[SandboxWish, Field(discriminator="type")])
ToTerminal: TypeAdapter[ResizeAsked | AckAsked] = TypeAdapter(Annotated[ResizeAsked | AckAsked, Field(discriminator="type")])

CLOSED_NORMALLY = 1000
GOING_AWAY = 1012
TRY_LATER = 1013
BAD_MESSAGES = 4400
NOT_YOURS = 4403  # also: unknown; the answers are the same
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


def refused(code: str) -> dict[str, Any]:
    return {"type": "refused", "code": code, "text": REFUSALS[code]}


def encode(message: dict[str, Any]) -> str:
    return json.dumps(message, separators=(",", ":"))
