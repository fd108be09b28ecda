"""The answer that a measured cell gives to its row's question, in the words that a learner can choose from."""

from __future__ import annotations

from explorer.network.comparison.rows import ROWS_BY_KEY, YES_NO
from explorer.network.drivers.compared import Cell


def answer_of(cell: Cell) -> str:
    """One of the row's answers; "" where nothing was measured, so that a guess is neither right nor wrong."""
    answers = ROWS_BY_KEY[cell.row].answers if cell.row in ROWS_BY_KEY else ()
    if cell.mark in ("lacks", "failed", "unknown"):
        return ""
    if answers == YES_NO:
        return "yes" if cell.mark == "yes" else "no"  # `partly` counts as no
    return cell.word if cell.word in answers else ""


def agrees(cell: Cell | None, expected: str) -> bool | None:
    """Whether the measured answer is `expected`; None where nothing was measured."""
    if cell is None or cell.mark in ("lacks", "failed", "unknown"):
        return None
    return expected in (cell.word, answer_of(cell))
