"""Questions about what was measured."""

from __future__ import annotations

from typing import Literal

from explorer.network.ahead import ahead as in_front
from explorer.network.world import World


def measured(world: World, *, measure: str) -> bool:
    """The measurement was made and gave figures."""
    found = world.snapshot.measured.get(measure)
    return found is not None and bool(found.roads)


def ahead(world: World, *, measure: str, what: Literal["trips", "rates"], road: str = "") -> bool:
    """`road` was ahead in nearly every round; with an empty `road`: no difference could be seen. False before the
    measurement."""
    found = world.snapshot.measured.get(measure)
    return found is not None and bool(found.roads) and in_front(found, what) == road


QUESTIONS = (measured, ahead)
