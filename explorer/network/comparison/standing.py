"""Which column was faster, as far as the machine's own noise leaves that to be seen.

Columns are measured one after the other, and the machine is not the same for all. So what is measured is held against the
loopback of the same while, and a column is ahead only when it was so both ways: plainly, and held against loopback.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import NamedTuple

from explorer.network.ahead import SURE
from explorer.network.drivers.compared import Figures

LEAST_ROUNDS = 6
LEAST_APART = 0.02  # of the figure: what is closer is no difference to anybody


class Standing(NamedTuple):
    """`groups` from first to last, by the keys given; within a group no order is to be seen, but for `pairs` (first, last) of
    it that are far enough apart to tell."""

    groups: tuple[tuple[str, ...], ...]
    pairs: tuple[tuple[str, str], ...] = ()

    @property
    def seen(self) -> bool:
        """Whether any difference is."""
        return len(self.groups) > 1 or bool(self.pairs)


def stand(figures: Mapping[str, Figures]) -> Standing:
    ordered = sorted(figures, key=lambda key: _score(figures[key]))
    groups: list[list[str]] = []
    for key in ordered:
        if groups and not all(is_ahead(figures[one], figures[key]) for one in groups[-1]):
            groups[-1].append(key)
        else:
            groups.append([key])
    # who came late may be level with somebody of an earlier group: then these are one group
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
    """By less time, or by more bytes in it, in nearly every pair of rounds."""
    if one.unit != other.unit or min(len(one.rounds), len(other.rounds)) < LEAST_ROUNDS:
        return False
    plain = _share(_better_first(one, one.rounds), _better_first(other, other.rounds))
    apart = abs(one.median - other.median) >= LEAST_APART * max(one.median, other.median)
    return apart and plain >= SURE and _share(_held(one), _held(other)) >= SURE


def _share(mine: Sequence[float], theirs: Sequence[float]) -> float:
    """In how many of all pairs mine is the smaller one; with nothing to hold against, none."""
    pairs = len(mine) * len(theirs)
    return sum(a < b for a in mine for b in theirs) / pairs if pairs else 0.0


def _held(one: Figures) -> list[float]:
    """Each round against what loopback was meanwhile: its middle, since single runs of it scatter more than the roads do."""
    usual = median(one.loopback) if one.loopback else 0.0
    return _better_first(one, [mine / usual for mine in one.rounds]) if usual > 0 else []


def _better_first(one: Figures, rounds: Sequence[float]) -> list[float]:
    """So that less is better."""
    return [-value for value in rounds] if one.unit == "Mbit/s" else list(rounds)


def _score(one: Figures) -> float:
    held = _held(one)
    return median(held) if held else median(_better_first(one, one.rounds) or [0.0])
