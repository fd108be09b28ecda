"""Which column was faster, where the noise of the machine lets a difference be seen.

Columns are measured one after the other, and the load of the machine changes. So each figure is also compared with the
machine's loopback at the same time. A column is ahead only when it is better both ways: plainly and relative to loopback.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import NamedTuple

from explorer.network.ahead import SURE
from explorer.network.drivers.compared import Figures

LEAST_ROUNDS = 6
LEAST_APART = 0.02  # share of the figure; a smaller difference does not count


class Standing(NamedTuple):
    """`groups` are keys from the fastest group to the slowest. No order is known within a group, except for its `pairs`
    (faster, slower) that differ enough."""

    groups: tuple[tuple[str, ...], ...]
    pairs: tuple[tuple[str, str], ...] = ()

    @property
    def seen(self) -> bool:
        """Whether a difference can be seen."""
        return len(self.groups) > 1 or bool(self.pairs)


def stand(figures: Mapping[str, Figures]) -> Standing:
    ordered = sorted(figures, key=lambda key: _score(figures[key]))
    groups: list[list[str]] = []
    for key in ordered:
        if groups and not all(is_ahead(figures[one], figures[key]) for one in groups[-1]):
            groups[-1].append(key)
        else:
            groups.append([key])
    # a member of a later group may equal a member of an earlier group: then both groups are one
    while (at := _level(groups, figures)) is not None:
        groups[at : at + 2] = [groups[at] + groups[at + 1]]
    pairs = [
        (one, other)
        for group in groups
        for number, one in enumerate(group)
        for other in group[number + 1 :]
        if is_ahead(figures[one], figures[other])
    ]
    return Standing(tuple(map(tuple, groups)), tuple(pairs))


def _level(groups: Sequence[Sequence[str]], figures: Mapping[str, Figures]) -> int | None:
    for at in range(len(groups) - 1):
        pairs = ((one, other) for one in groups[at] for other in groups[at + 1])
        if not all(is_ahead(figures[one], figures[other]) for one, other in pairs):
            return at
    return None


def is_ahead(one: Figures, other: Figures) -> bool:
    """Whether `one` has less time or a higher rate than `other` in at least nine of ten pairs of rounds, plainly and relative
    to loopback."""
    if one.unit != other.unit or min(len(one.rounds), len(other.rounds)) < LEAST_ROUNDS:
        return False
    plain = _share(_better_first(one, one.rounds), _better_first(other, other.rounds))
    apart = abs(one.median - other.median) >= LEAST_APART * max(one.median, other.median)
    return apart and plain >= SURE and _share(_held(one), _held(other)) >= SURE


def _share(mine: Sequence[float], theirs: Sequence[float]) -> float:
    """The share of all pairs in which the value of `mine` is smaller; 0 when there is no pair."""
    pairs = len(mine) * len(theirs)
    return sum(a < b for a in mine for b in theirs) / pairs if pairs else 0.0


def _held(one: Figures) -> list[float]:
    """Each round divided by the median of loopback at that time. The median is used because single loopback runs vary more
    than the paths do."""
    usual = median(one.loopback) if one.loopback else 0.0
    return _better_first(one, [mine / usual for mine in one.rounds]) if usual > 0 else []


def _better_first(one: Figures, rounds: Sequence[float]) -> list[float]:
    """The rounds as numbers of which a smaller one is better."""
    return [-value for value in rounds] if one.unit == "Mbit/s" else list(rounds)


def _score(one: Figures) -> float:
    held = _held(one)
    return median(held) if held else median(_better_first(one, one.rounds) or [0.0])
