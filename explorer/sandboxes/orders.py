"""The messages from a page to a node. A `Wish` is what a page asks for; an `Order` is a wish with what the web process adds.

A browser sends a `Wish` as JSON. The web process checks it, adds the sandbox and the id of the terminal, capture, journey or
grid (a browser may not choose these), and puts the `Order` into the Redis stream of the sandbox's node. The node's relay reads
the same `Wish` from it. The value of `type` is also the name of the method that carries the wish out, in the web process
(`explorer.live`) and in the relay (`explorer.node.relay`).

Typed characters reach the web process as bytes in a binary websocket message, not as JSON. It puts them into a
`TypeInTerminal`.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, TypeAdapter

from explorer.network.journeys import Asked
from explorer.network.weather import Weather

ORDERS_KEPT = 20_000  # per node
ORDER_BYTES = 16 * 1024  # one order, encoded
TYPED_BYTES = 2 * 1024  # in one order: if every byte needs escaping it becomes six times as long and still fits

Id = Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]


def _as_bytes(told: object) -> object:
    return told.encode("latin-1") if isinstance(told, str) else told


Bytes = Annotated[bytes, BeforeValidator(_as_bytes), PlainSerializer(lambda data: data.decode("latin-1"), when_used="json")]
"""Bytes in JSON: one character for each byte, with the byte's number as its code. Plain text is as long as it is."""
Columns = Annotated[int, Field(ge=10, le=500)]
Rows = Annotated[int, Field(ge=3, le=300)]


class Wish(BaseModel):
    """`answered` says that the sender waits for the id under which the result will arrive."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    answered: ClassVar[bool] = False
    type: str


# --- over the websocket of a sandbox ------------------------------------------------------------------------------------


class OpenTerminal(Wish):
    answered = True
    type: Literal["open_terminal"] = "open_terminal"
    place: str = Field(min_length=1, max_length=200)
    columns: Columns = 80
    rows: Rows = 24


class CloseTerminal(Wish):
    type: Literal["close_terminal"] = "close_terminal"
    terminal: Id


class FollowJourney(Wish):
    """Sends one packet from the place `source` to `target` (a place, a name or an address) and follows it. Answer:
    `JourneyTold`.
    """

    answered = True
    type: Literal["follow_journey"] = "follow_journey"
    source: str = Field(min_length=1, max_length=200)
    target: str = Field(min_length=1, max_length=253)
    kind: Literal["ping", "tcp", "http", "dns", "record"] = "ping"
    port: int = Field(default=80, ge=1, le=65535)
    family: Literal[4, 6] = 4

    @property
    def asked(self) -> Asked:
        return Asked(source=self.source, target=self.target, kind=self.kind, port=self.port, family=self.family)


class StartCapture(Wish):
    """Captures frames at an interface of a place. The frames go to the stream of the capture: the first ones until it is full,
    or with `ring` the newest ones for as long as somebody looks at them.
    """

    answered = True
    type: Literal["start_capture"] = "start_capture"
    place: str = Field(min_length=1, max_length=200)
    interface: str = Field(min_length=1, max_length=32)
    expression: str = Field(default="", max_length=500)
    ring: bool = False


class StopCapture(Wish):
    type: Literal["stop_capture"] = "stop_capture"
    capture: Id


class MeasureGrid(Wish):
    """Measures which place reaches which other place. Answer: `GridTold`."""

    answered = True
    type: Literal["measure_grid"] = "measure_grid"


class SetWeather(Wish):
    """Gives the link at this interface delay, jitter, loss, a rate and an MTU; 0 is none. Answer: `WeatherTold`."""

    answered = True
    type: Literal["set_weather"] = "set_weather"
    place: str = Field(min_length=1, max_length=200)
    interface: str = Field(min_length=1, max_length=32)
    delay_ms: float = Field(default=0, allow_inf_nan=False)
    jitter_ms: float = Field(default=0, allow_inf_nan=False)
    loss_percent: float = Field(default=0, allow_inf_nan=False)
    rate_kbit: int = 0
    mtu: int = 0

    @property
    def weather(self) -> Weather:
        """Raises ValidationError with what is wrong."""
        return Weather.model_validate({name: getattr(self, name) for name in Weather.model_fields})


# --- over the websocket of one terminal ---------------------------------------------------------------------------------


class ResizeTerminal(Wish):
    type: Literal["resize_terminal"] = "resize_terminal"
    columns: Columns
    rows: Rows


class AcknowledgeTerminal(Wish):
    """The page has drawn every byte before `offset`, so the node may send more."""

    type: Literal["acknowledge_terminal"] = "acknowledge_terminal"
    offset: int = Field(ge=0, le=2**53)


# --- over the websocket of a sandbox, for the web process alone ----------------------------------------------------------


class AskTicket(Wish):
    """A ticket with which the websocket of this terminal can be opened once. Answer: `ticket_given` or `no_ticket`."""

    answered = True
    type: Literal["ask_ticket"] = "ask_ticket"
    terminal: Id


class AskCaptureTicket(Wish):
    """A ticket with which a program on the desktop can read this capture once, as it runs. Answer: `capture_ticket_given` or
    `no_capture_ticket`.
    """

    answered = True
    type: Literal["ask_capture_ticket"] = "ask_capture_ticket"
    capture: Id


# --- said by the web process itself -------------------------------------------------------------------------------------


class TypeInTerminal(Wish):
    """`data` are the typed bytes. Text is UTF-8; reports of the mouse need not be."""

    type: Literal["type_in_terminal"] = "type_in_terminal"
    data: Bytes = Field(max_length=TYPED_BYTES)


class LookAgain(Wish):
    """The rows about this sandbox changed (its state, or the learner's step): the relay reads them now."""

    type: Literal["look_again"] = "look_again"


SandboxWish = OpenTerminal | CloseTerminal | FollowJourney | StartCapture | StopCapture | MeasureGrid | SetWeather
TerminalWish = ResizeTerminal | AcknowledgeTerminal
PageWish = SandboxWish | AskTicket | AskCaptureTicket  # what a page may say over the websocket of its sandbox
SANDBOX_WISH: TypeAdapter[PageWish] = TypeAdapter(Annotated[PageWish, Field(discriminator="type")])
TERMINAL_WISH: TypeAdapter[TerminalWish] = TypeAdapter(Annotated[TerminalWish, Field(discriminator="type")])
AnyWish = SandboxWish | TerminalWish | TypeInTerminal | LookAgain
WISH_TYPES: frozenset[str] = frozenset(wish.model_fields["type"].default for wish in get_args(AnyWish))


class Order(BaseModel):
    """A wish, the sandbox that it is for, and in `about` the id of a terminal, capture, journey or grid, if any."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    sandbox: str
    about: str = ""
    wish: AnyWish = Field(discriminator="type")


def orders_key(node: str) -> str:
    """Stream of a node: field `m` holds one `Order` as JSON."""
    return f"node:{node}:orders"
