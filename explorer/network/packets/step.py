"""What a header says about what follows it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Next:
    """What comes next. `protocol` names the next layer; when it is empty, the rest is payload. `end` is where the bytes of
    this layer end, if the header says so; bytes after it are padding."""

    protocol: str
    end: int | None = None
    inner: bool = False  # a frame inside a tunnel follows
    piece: bool = False  # a piece of a bigger packet
    payload: str = "Payload"  # the name of the rest
