"""The messages to browsers about a sandbox (the types of its event stream), and the names of all its Redis keys.

  node, web → browsers   `Event` types, in one numbered, bounded Redis stream for each sandbox, comparison and class
  browser → web → node   see `explorer.sandboxes.orders`
  node → browser         bytes of a terminal, in one stream for each terminal, each with its offset
                         captured frames, in one stream for each capture: they may be thousands

An entry of the event stream holds the event as JSON (field `e`) and its type beside it (field `t`), so a reader that wants
some types only need not parse the others.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from explorer.network.grid import Grid
from explorer.network.journeys import Journeys
from explorer.network.model import DockerState, Gone, Line, Measured, Observation, Place, ProbeResult, Snapshot, View

EVENTS_KEPT = 2_000  # per sandbox
TERMINAL_KEPT_BYTES = 256 * 1024  # ring per terminal
TYPED_AHEAD = 64 * 1024  # typed bytes of one terminal that a node was given and its shell has not read, at most
TYPED_TOLD = 8 * 1024  # after so many bytes at most, the node writes how much a shell has read


class Message(BaseModel):
    """Any message in a stream. The stream sets `number` (0 before that); `at` is Unix time in seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    number: int = 0
    at: float = 0.0


# --- node, web → browsers ------------------------------------------------------------------------------------------


class SandboxChanged(Message):
    """The row of the sandbox changed. Holds what the page's header, countdown and progress show."""

    type: Literal["sandbox_changed"] = "sandbox_changed"
    state: str
    phase: str = ""
    detail: str = ""
    generation: int = 1
    expires_at: float | None = None
    position: int | None = None  # place in the queue, when queued


class SnapshotTaken(Message):
    """The whole picture: sent first, after a reset, and (with `resync`) when events after the reader's number were deleted."""

    type: Literal["snapshot_taken"] = "snapshot_taken"
    snapshot: Snapshot
    resync: bool = False


class PlaceSeen(Message):
    """A place appeared, was renamed, or can no longer be read. Holds its whole present content."""

    type: Literal["place_seen"] = "place_seen"
    place: Place


class PlaceGone(Message):
    type: Literal["place_gone"] = "place_gone"
    place: str
    name: str = ""


class ViewChanged(Message):
    """One view of one place now shows `observation`.

    `added`, `changed` and `passing` are keys of its lines, and `removed` are the lines that went, as `network.differ` finds
    them. `passing` are those of `changed` in which only counters or short-lived states differ.
    """

    type: Literal["view_changed"] = "view_changed"
    place: str
    view: View
    observation: Observation
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    passing: tuple[str, ...] = ()
    removed: tuple[Line, ...] = ()
    cause: str = ""


class FramesCounted(Message):
    """These interfaces of a place counted frames, sent or received, since that was told last. `rates` are in bits per second,
    in the direction in which more went, where enough time passed to tell."""

    type: Literal["frames_counted"] = "frames_counted"
    place: str
    interfaces: tuple[str, ...]
    rates: dict[str, int] = Field(default_factory=dict)


class DockerChanged(Message):
    type: Literal["docker_changed"] = "docker_changed"
    docker: DockerState


class OwnerGone(Message):
    """A network or container was removed. Holds what it had put on its host, so that a reader can see what is left of that."""

    type: Literal["owner_gone"] = "owner_gone"
    gone: Gone


class Happened(Message):
    """One line of the timeline. `source` says who reported it: the host's engine, a driver's journal, the kernel, or us.
    A `command` is one that a person gave, as the kernel saw it begin; `text` is what was executed, quoted for a shell. A line
    that sums up several events has `began`: the Unix time of the first."""

    type: Literal["happened"] = "happened"
    source: Literal["docker", "driver", "kernel", "command", "sandbox", "lesson"]
    place: str = ""
    text: str
    detail: str = ""
    began: float = 0.0


class TimelineTold(Message):
    """The timeline before the snapshot with which a page begins: oldest first, as far as the stream still has it."""

    type: Literal["timeline_told"] = "timeline_told"
    happenings: tuple[Happened, ...] = ()


class ProbeAnswered(Message):
    type: Literal["probe_answered"] = "probe_answered"
    result: ProbeResult


class MeasuredChanged(Message):
    """The figures of a lesson's measurement. `measured` is None when earlier figures are no longer true."""

    type: Literal["measured_changed"] = "measured_changed"
    measure: str
    measured: Measured | None = None


class GridTold(Message):
    """The measured answers of “who reaches whom”. `asked` is the id of the request."""

    type: Literal["grid_told"] = "grid_told"
    asked: str
    grid: Grid


class WeatherTold(Message):
    """The weather of a link was set: `text` says how, empty for none. Or `error` says why not. `asked` is the id of the
    request."""

    type: Literal["weather_told"] = "weather_told"
    asked: str
    place: str
    interface: str
    text: str = ""
    error: str = ""


class LessonMoved(Message):
    """The learner's progress in the sandbox's lesson. `passed` are ids of the step's checks. `found` is {id of a passed check:
    what was found, as sanitised HTML}, for the checks that tell it. `hints` are texts for the present state. `answers` is
    {prediction id: id of the option that proved true}.
    """

    type: Literal["lesson_moved"] = "lesson_moved"
    lesson: str
    step: str
    passed: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    found: dict[str, str] = Field(default_factory=dict)
    answers: dict[str, str] = Field(default_factory=dict)
    finished: bool = False


class JourneyTold(Message):
    """A packet was sent and followed. `journey` is the id that the page got when it asked."""

    type: Literal["journey_told"] = "journey_told"
    journey: str
    told: Journeys


class TerminalsChanged(Message):
    """All terminals of this sandbox, open and closed, oldest first."""

    type: Literal["terminals_changed"] = "terminals_changed"
    terminals: tuple[TerminalFacts, ...] = ()


class CapturesChanged(Message):
    """All captures of this sandbox, running and finished, oldest first."""

    type: Literal["captures_changed"] = "captures_changed"
    captures: tuple[CaptureFacts, ...] = ()


class ComparisonChanged(Message):
    """In the stream of a comparison: its state. `reason` says why it was ended."""

    type: Literal["comparison_changed"] = "comparison_changed"
    state: str
    reason: str = ""


class ClassChanged(Message):
    """In the stream of a class: something that learners' pages show has changed, and the page fetches it. `seat` is the id of
    the seat that it concerns, or empty for all seats.
    """

    type: Literal["class_changed"] = "class_changed"
    seat: str = ""


class ColumnMoved(Message):
    """In the stream of a comparison: what the row of one column says now. The measured results are not in it: the page fetches
    them when `version` has changed. `position` is the place in the queue while the sandbox is queued.
    """

    type: Literal["column_moved"] = "column_moved"
    column: str
    state: str
    phase: str = ""
    reason: str = ""
    position: int | None = None
    cells: int = 0
    version: int = 0


class CaptureFacts(BaseModel):
    """`reason` says why the capture ended; `failed` says that it did not start. `kept` and `left_out` are final
    after its end. With `ring` only the newest of the `kept` frames are there.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: str
    place: str
    interface: str
    expression: str = ""
    began: float = 0.0
    running: bool = True
    failed: bool = False
    reason: str = ""
    kept: int = 0
    left_out: int = 0
    ring: bool = False


class TerminalFacts(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    id: str
    place: str
    open: bool = True
    reason: str = ""


Event = Annotated[
    SandboxChanged
    | SnapshotTaken
    | PlaceSeen
    | PlaceGone
    | ViewChanged
    | FramesCounted
    | DockerChanged
    | OwnerGone
    | Happened
    | TimelineTold
    | ProbeAnswered
    | MeasuredChanged
    | JourneyTold
    | GridTold
    | WeatherTold
    | LessonMoved
    | TerminalsChanged
    | CapturesChanged
    | ComparisonChanged
    | ColumnMoved
    | ClassChanged,
    Field(discriminator="type"),
]
EVENT: TypeAdapter[Event] = TypeAdapter(Event)


# --- keys --------------------------------------------------------------------------------------------------------------


def events_key(sandbox: str) -> str:
    """Stream; entry ids are `<number>-0`, field `e` holds one `Event` as JSON, field `t` its type."""
    return f"sb:{sandbox}:events"


def type_of(fields: Mapping[bytes, bytes]) -> str:
    """The type of the event in one entry of the stream; empty for an entry without an event. Entries written by versions
    before the field `t` are searched for the type; such entries are deleted two days after an upgrade.
    """
    if named := fields.get(b"t"):
        return named.decode("ascii", "replace")
    try:
        told = json.loads(fields.get(b"e", b""))
    except ValueError:
        return ""
    return str(told.get("type", "")) if isinstance(told, dict) else ""


def comparison_stream(comparison: str) -> str:
    """The name used in place of a sandbox's id, so that a comparison's stream is kept like a sandbox's stream."""
    return f"cmp-{comparison}"


def class_stream(klass: str) -> str:
    """The name used in place of a sandbox's id for the stream of a class (`ClassChanged`)."""
    return f"class-{klass}"


def number_key(sandbox: str) -> str:
    return f"sb:{sandbox}:number"


def snapshot_key(sandbox: str) -> str:
    """String: the latest `Snapshot` as JSON. Its `number` is that of the last event that it includes."""
    return f"sb:{sandbox}:snapshot"


def snapshots_key(sandbox: str) -> str:
    """Sorted set by number, each entry `<generation> <number> <Snapshot as JSON>`: some earlier whole snapshots."""
    return f"sb:{sandbox}:pictures"


def fresh_key(sandbox: str) -> str:
    """String that expires after 5 s; the relay renews it while it reads the sandbox without trouble."""
    return f"sb:{sandbox}:fresh"


def present_key(sandbox: str) -> str:
    """String that expires; sockets of the learner's pages renew it. So it exists while a page is open."""
    return f"sb:{sandbox}:present"


def terminals_key(sandbox: str) -> str:
    """Hash: terminal id → `TerminalFacts` as JSON."""
    return f"sb:{sandbox}:terminals"


def terminal_key(terminal: str) -> str:
    """Stream: fields `o` (byte offset of the first byte) and `d` (bytes); the last entry has `x` (why it closed)."""
    return f"term:{terminal}:out"


def typed_key(terminal: str) -> str:
    """Number: typed bytes that were handed to the node by all pages together."""
    return f"term:{terminal}:typed"


def taken_key(terminal: str) -> str:
    """Number: typed bytes that the shell has read, written every `TYPED_TOLD` bytes."""
    return f"term:{terminal}:taken"


def size_key(terminal: str) -> str:
    """String: columns and rows as the learner's page asked for last. A page that watches draws the terminal in this size."""
    return f"term:{terminal}:size"


def ticket_key(ticket: str) -> str:
    """String: what a ticket is for, as JSON. Only the web process knows it (`explorer.live.tickets`)."""
    return f"ticket:{ticket}"


def captures_key(sandbox: str) -> str:
    """Hash: capture id → `CaptureFacts` as JSON."""
    return f"sb:{sandbox}:captures"


def weather_key(sandbox: str, generation: int) -> str:
    """Hash: "place interface" → `network.weather.Set` as JSON; field `begun` when the scenario's weather has been set."""
    return f"sb:{sandbox}:weather:{generation}"


def grid_key(sandbox: str) -> str:
    """String: the last `GridTold` as JSON, for pages that open later."""
    return f"sb:{sandbox}:grid"


def capture_key(sandbox: str, capture: str) -> str:
    """Stream: entry `<number>-0` has a frame in field `f` (`network.captured.Frame`), numbered from 1. Entries between frames
    have field `g`: how many frames were left out so far. The last entry has field `x`: why the capture ended.
    """
    return f"sb:{sandbox}:capture:{capture}"


def followed_key(sandbox: str, capture: str) -> str:
    """Exists while a page or a program reads this capture as it runs."""
    return f"sb:{sandbox}:capture:{capture}:followed"
