"""Which of several measured paths (roads) was faster than all others, or that no difference can be seen in the noise."""

from __future__ import annotations

from typing import Literal

from explorer.network.model import Measured, RoadMeasured

What = Literal["trips", "rates"]
SURE = 0.9  # of all rounds: with ten rounds, two equal roads differ this much by chance about once in fifty times


def ahead(measured: Measured, what: What) -> str:
    """The id of the road that was better than every other road in at least nine of ten rounds; "" when there is none."""
    for one in measured.roads:
        rivals = [other for other in measured.roads if other is not one]
        if rivals and all(wins(one, other, what) >= SURE * len(one.by_round) > 0 for other in rivals):
            return one.road.id
    return ""


def wins(one: RoadMeasured, other: RoadMeasured, what: What) -> int:
    """The number of rounds in which `one` was better: less time for `trips`, more Mbit/s for `rates`."""
    pairs = zip(one.by_round, other.by_round, strict=False)
    if what == "trips":
        return sum(mine[0] < theirs[0] for mine, theirs in pairs)
    return sum(mine[1] > theirs[1] for mine, theirs in pairs)
