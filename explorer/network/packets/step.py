"""What a header says of what follows it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Next:
    """`protocol` names the next layer; when it is empty, the rest is payload. `end` is where the bytes of this layer end, if
    it says so itself (what follows is padding)."""

    protocol: str
    end: int | None = None
    inner: bool = False  # a whole frame of another network follows
    piece: bool = False  # of a bigger packet: a fragment
    payload: str = "Payload"  # what the rest is called
