"""How busy the machine was while a comparison was measured, as one figure: the round trips over its own loopback, over all
columns."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from explorer.network.comparison.model import Column
from explorer.network.drivers.compared import Figures

MOST_ROUNDS = 40


def overall_noise(columns: Sequence[Column]) -> Figures | None:
    """`median` is the median of the columns' medians; `low` and `high` are the lowest and highest of all; `rounds` are the
    columns' medians, in their order. None when no column has a figure."""
    heard = [column.noise for column in columns if column.noise]
    if not heard:
        return None
    p95 = [one.p95 for one in heard if one.p95 is not None]
    return Figures(
        unit=heard[0].unit,
        median=round(statistics.median(one.median for one in heard), 3),
        low=min(one.low for one in heard),
        high=max(one.high for one in heard),
        p95=round(statistics.median(p95), 3) if p95 else None,
        samples=sum(one.samples for one in heard),
        rounds=tuple(one.median for one in heard[:MOST_ROUNDS]),
        way="h1 → h1, over loopback",
    )
