"""One sentence under a row: why its columns differ, or that they do not differ. The sentence is made from the measured
answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from explorer.network.comparison.model import Column
from explorer.network.comparison.reasons import reason, road
from explorer.network.comparison.standing import Standing, stand
from explorer.network.drivers import DRIVERS
from explorer.network.drivers.compared import Cell, Figures, Variant

NOTHING = "Nothing has come out yet."
NO_DIFFERENCE = "No difference seen: the machine's own noise is larger than any there may be."
MEASURED_ONCE = "Measured once in each: take small differences for chance."
ONCE = ("up", "memory")
FIGURES = ("trip", "rate", "lan-trip", "lan-rate")
ONE = "Only {} was measured: there is nothing to compare with."


def why(row: str, columns: Sequence[Column]) -> str:
    """The sentence about the columns that have an answer; columns without an answer are left out."""
    answered = [(column.variant, cell) for column in columns if (cell := column.cell(row))]
    if not answered:
        return NOTHING
    if row in FIGURES:
        return _of_figures(row, answered)
    if row in ONCE:
        slow = dict.fromkeys(DRIVERS[one.driver].slow for one, _ in answered) if row == "up" else {}
        return " ".join((MEASURED_ONCE, *filter(None, slow)))
    clauses: dict[str, list[str]] = {}
    for variant, cell in answered:
        clauses.setdefault(reason(variant, cell), []).append(variant.title)
    if len(clauses) == 1:
        return _alone(next(iter(clauses)), [cell.word for _, cell in answered])
    return "; ".join(f"{_list(titles)}: {clause}" for clause, titles in clauses.items()) + "."


def standing(row: str, columns: Sequence[Column]) -> Standing:
    """The order of the columns in a row of figures, by the ids of variants."""
    return stand(dict(_figures((column.variant, cell) for column in columns if (cell := column.cell(row)))))


def _alone(clause: str, words: list[str]) -> str:
    if len(set(words)) > 1:
        return f"Roughly the same: {clause}."
    return f"The same in all: {clause}." if len(words) > 1 else f"{clause[:1].upper()}{clause[1:]}."


def _figures(answered: Iterable[tuple[Variant, Cell]]) -> Iterable[tuple[str, Figures]]:
    return ((variant.id, cell.figures) for variant, cell in answered if cell.figures)


def _of_figures(row: str, answered: list[tuple[Variant, Cell]]) -> str:
    found, titles = dict(_figures(answered)), {variant.id: variant.title for variant, _ in answered}
    rest = [variant.title for variant, cell in answered if not cell.figures and cell.mark == "no"]
    no_way = f" {_list(rest)}: no way to measure." if rest else ""
    if not found:
        return "There is no way to measure in any of them." if rest else "Nothing could be measured."
    if len(found) == 1:
        return ONE.format(titles[next(iter(found))]) + no_way
    place = stand(found)
    if not place.seen:
        return NO_DIFFERENCE + no_way
    order = ", then ".join(_list([titles[key] for key in group]) for group in place.groups)
    level = [_list([titles[key] for key in group]) for group in place.groups if len(group) > 1]
    told = f"First {order}" if len(place.groups) > 1 else f"No order among {level[0]}"
    if len(place.groups) > 1 and level:
        told += f" (between {' and between '.join(level)} no difference was seen)"
    if place.pairs:
        told += "; still, " + ", ".join(f"{titles[one]} was ahead of {titles[other]}" for one, other in place.pairs)
    roads = [f"{_list(names)}: {road}" for road, names in _roads(row, answered).items()]
    return f"{told}. {'; '.join(roads)}.{no_way}"


def _roads(row: str, answered: list[tuple[Variant, Cell]]) -> dict[str, list[str]]:
    """What lies on each column's path, where that is known."""
    roads: dict[str, list[str]] = {}
    for variant, cell in answered:
        if cell.figures:
            roads.setdefault(road(variant, row), []).append(variant.title)
    return roads


def _list(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
