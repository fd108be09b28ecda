"""What became of one attempt."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tried:
    """One attempt: `held` when it was refused, `fair` when it was an attempt at all."""

    origin: str
    name: str
    held_by: str
    seen: str
    held: bool
    fair: bool
