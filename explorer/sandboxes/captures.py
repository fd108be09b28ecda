"""Reads captured frames and the facts of captures from Redis. The node's relay writes them (`node.relay.captures`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from explorer.network.packets.captured import Frame
from explorer.sandboxes import streams
from explorer.sandboxes.events import CaptureFacts, capture_key, captures_key

AT_ONCE = 100  # frames; less than a megabyte


def known(sandbox: str, capture: str) -> CaptureFacts | None:
    """The facts of one capture as the relay wrote them last, or None when there is no such capture."""
    raw = cast("bytes | None", streams.redis().hget(captures_key(sandbox), capture[:64]))
    return CaptureFacts.model_validate_json(raw) if raw is not None else None


def find(sandbox: str, capture: str) -> CaptureFacts | None:
    """Like `known`, but the two counters of a running capture are counted now. This reads the whole stream of the capture."""
    facts = known(sandbox, capture)
    if facts is None or not facts.running:
        return facts
    kept, left_out = counts(sandbox, capture)
    return facts.model_copy(update={"kept": kept, "left_out": left_out})


def counts(sandbox: str, capture: str) -> tuple[int, int]:
    """Returns (frames taken, frames left out) of one capture. Frames are numbered from 1, so the last entry says how many they
    are, also in a ring, whose first frames are deleted.
    """
    entries = cast(Any, streams.redis().xrevrange(capture_key(sandbox, capture)))
    left_out = next((int(fields[b"g"]) for _, fields in entries if b"g" in fields), 0)
    return int(entries[0][0].split(b"-")[0]) if entries else 0, left_out


def read_frames(sandbox: str, capture: str) -> Iterator[Frame]:
    """Yields the frames that are in the stream now, oldest first. It reads 100 at a time, so a download needs little memory."""
    after = "-"
    while entries := cast(Any, streams.redis().xrange(capture_key(sandbox, capture), after, count=AT_ONCE)):
        for _, fields in entries:
            if b"f" in fields:
                yield Frame.unpack(fields[b"f"])
        after = f"({entries[-1][0].decode()}"


def read_frame(sandbox: str, capture: str, number: int) -> Frame | None:
    """One frame of a capture by its number, from 1. None when it is not there."""
    if not 0 < number < 2**32:
        return None
    name = f"{number}-0"
    entries = cast(Any, streams.redis().xrange(capture_key(sandbox, capture), name, name))
    return Frame.unpack(entries[0][1][b"f"]) if entries and b"f" in entries[0][1] else None
