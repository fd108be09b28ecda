"""What a measurement says: which of several roads was ahead, if noise leaves that to be seen at all."""

from __future__ import annotations

from typing import Literal

from explorer.network.model import Measured, RoadMeasured

What = Literal["trips", "rates"]
SURE = 0.9  # of all rounds: by chance alone, two equal roads come this far apart about once in fifty times (ten rounds)


def ahead(measured: Measured, what: What) -> str:
    """The id of the road that beat every other one in nearly every round; "" when no difference can be seen."""
    for one in measured.roads:
        rivals = [other for other in measured.roads if other is not one]
        if rivals and all(wins(one, other, what) >= SURE * len(one.by_round) > 0 for other in rivals):
            return one.road.id
    return ""


def wins(one: RoadMeasured, other: RoadMeasured, what: What) -> int:
    """In how many rounds `one` was better: a shorter way there and back, or more bytes in the same time."""
    pairs = zip(one.by_round, other.by_round, strict=False)
    if what == "trips":
        return sum(mine[0] < theirs[0] for mine, theirs in pairs)
    return sum(mine[1] > theirs[1] for mine, theirs in pairs)
