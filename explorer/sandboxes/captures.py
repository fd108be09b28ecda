"""What is kept of captures, read by whoever shows or hands it out. The node's relay writes it (`node.relay.captures`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from explorer.network.captured import Frame
from explorer.sandboxes import streams
from explorer.sandboxes.events import CaptureFacts, capture_key, captures_key

AT_ONCE = 100  # frames; less than a megabyte


def known(sandbox: str, capture: str) -> CaptureFacts | None:
    """What was last said of it."""
    raw = cast("bytes | None", streams.redis().hget(captures_key(sandbox), capture[:64]))
    return CaptureFacts.model_validate_json(raw) if raw is not None else None


def find(sandbox: str, capture: str) -> CaptureFacts | None:
    """With the figures of this moment, which for one that runs means reading all of it."""
    facts = known(sandbox, capture)
    if facts is None or not facts.running:
        return facts
    kept, left_out = counts(sandbox, capture)
    return facts.model_copy(update={"kept": kept, "left_out": left_out})


def counts(sandbox: str, capture: str) -> tuple[int, int]:
    """(frames kept, frames left out) of one that still runs, as far as its stream tells."""
    entries = cast(Any, streams.redis().xrevrange(capture_key(sandbox, capture)))
    left_out = next((int(fields[b"g"]) for _, fields in entries if b"g" in fields), 0)
    return sum(b"f" in fields for _, fields in entries), left_out


def read_frames(sandbox: str, capture: str) -> Iterator[Frame]:
    """Those there are now; a few at a time, so that a download holds little."""
    after = "-"
    while entries := cast(Any, streams.redis().xrange(capture_key(sandbox, capture), after, count=AT_ONCE)):
        for _, fields in entries:
            if b"f" in fields:
                yield Frame.unpack(fields[b"f"])
        after = f"({entries[-1][0].decode()}"


def read_frame(sandbox: str, capture: str, number: int) -> Frame | None:
    if not 0 < number < 2**32:
        return None
    name = f"{number}-0"
    entries = cast(Any, streams.redis().xrange(capture_key(sandbox, capture), name, name))
    return Frame.unpack(entries[0][1][b"f"]) if entries and b"f" in entries[0][1] else None
