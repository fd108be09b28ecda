"""Prepares what the page of a comparison shows: which columns, in which order, their heads, and the rows of answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict

from explorer.network.comparison import ROWS, Cell, Column, Figures, Row
from explorer.network.comparison.answers import answer_of
from explorer.network.comparison.rows import GROUPS
from explorer.network.comparison.why import NOTHING, why
from explorer.sandboxes.events import ColumnMoved

WIDTH = 100  # of a figure's bar
ROOM = 1.6  # times the largest median; rare samples beyond it are cut off, so that the other bars stay readable
SIGNS = {
    "yes": "check",
    "no": "x",
    "partly": "circle-dot",
    "lacks": "ban",
    "failed": "triangle-alert",
    "unknown": "circle-help",
}
SAID = {"partly": "partly", "lacks": "not possible here", "failed": "failed", "unknown": "not known"}
STATES = {"waiting": "Waiting", "running": "Measuring", "done": "Complete", "failed": "Failed", "lacks": "Not possible here"}
PHASES = (  # the phases of a column in order; before them come those of its sandbox
    "looking at the host",
    "making the network and the containers",
    "asking who reaches whom",
    "looking at what was added",
    "following a request",
    "waiting for a quiet moment to measure",
    "measuring round trips",
    "measuring throughput",
)


@dataclass(frozen=True)
class Sight:
    """What the link asks for. `show` has the ids of columns in order. `predict` means that questions are shown before the
    answers.
    """

    show: tuple[str, ...] = ()
    predict: bool = False

    def query(self, show: Sequence[str] | None = None, *, predict: bool | None = None) -> str:
        ids = self.show if show is None else show
        asked = self.predict if predict is None else predict
        words = ({"show": ",".join(ids)} if ids else {}) | ({"predict": "1"} if asked else {})
        return f"?{urlencode(words, safe=',@')}" if words else "?"


@dataclass(frozen=True)
class Head:
    """The head of one column: how far it is, and the links that move it left or right, hide it, or put it first."""

    column: Column
    told: ColumnMoved
    left: str = ""
    right: str = ""
    hide: str = ""
    front: str = ""

    @property
    def word(self) -> str:
        return STATES[self.column.state]

    @property
    def step(self) -> int:
        return PHASES.index(self.column.phase) + 1 if self.column.phase in PHASES else 0

    @property
    def steps(self) -> int:
        return len(PHASES)

    @property
    def picture(self) -> str:
        """A text that differs whenever there is more to draw; empty while there is nothing."""
        return f"{len(self.column.journeys)} {self.column.state}" if self.column.snapshot else ""


@dataclass(frozen=True)
class Bar:
    low: float
    median: float
    range: float
    cut: bool


@dataclass(frozen=True)
class Shown:
    """One answer. `cell` is None while there is no answer; with `over` there will be none. Not `asked`: the row says nothing of
    this column."""

    column: Column
    row: Row
    cell: Cell | None
    over: bool
    asked: bool = True
    bar: Bar | None = None

    @property
    def key(self) -> str:
        return f"{self.row.key}:{self.column.variant.id}"

    @property
    def sign(self) -> str:
        return SIGNS.get(self.cell.mark, "") if self.cell else ""

    @property
    def said(self) -> str:
        """The sign in words, if the word beside it does not say the same."""
        return SAID.get(self.cell.mark, "") if self.cell else ""

    @property
    def answer(self) -> str:
        return answer_of(self.cell) if self.cell else ""


@dataclass(frozen=True)
class Line:
    row: Row
    cells: list[Shown]
    why: str
    differs: bool


def read_sight(query: QueryDict, ids: Sequence[str]) -> Sight:
    """Reads the link. Ids that are not columns of this comparison are left out."""
    asked = query.get("show", "")[:400].split(",")
    return Sight(tuple(dict.fromkeys(word for word in asked if word in ids)), query.get("predict") == "1")


def describe(columns: list[Column], told: list[ColumnMoved], sight: Sight) -> dict[str, Any]:
    ids = [column.variant.id for column in columns]
    order = list(sight.show) or ids
    by_id = {column.variant.id: (column, one) for column, one in zip(columns, told, strict=True)}
    shown = [by_id[name][0] for name in order]
    return {
        "heads": [_head(*by_id[name], order, sight) for name in order],
        "hidden": [(by_id[name][0], sight.query([*order, name])) for name in ids if name not in order],
        "groups": [(title, lines) for group, title in GROUPS.items() if (lines := lines_of(group, shown, sight))],
        "columns_shown": shown,
        "predict": sight.predict,
        "here": sight.query(),
        "reveal": sight.query(predict=False),
        "guess": sight.query(predict=True),
        "all_columns": sight.query([]),
    }


def _head(column: Column, told: ColumnMoved, order: list[str], sight: Sight) -> Head:
    name = column.variant.id
    at = order.index(name)
    others = [one for one in order if one != name]

    def moved(to: int) -> str:
        return sight.query([*others[:to], name, *others[to:]]) if 0 <= to < len(order) else ""

    return Head(
        column,
        told,
        left=moved(at - 1),
        right=moved(at + 1),
        hide=sight.query(others) if len(others) > 1 else "",
        front=moved(0),
    )


def lines_of(group: str, columns: list[Column], sight: Sight) -> list[Line]:
    rows = [row for row in ROWS if row.group == group and (row.answers or not sight.predict)]
    rows = [row for row in rows if any(row.asked_of(column.variant) for column in columns)]
    return [_line(row, columns, sight) for row in rows]


def _line(row: Row, columns: list[Column], sight: Sight) -> Line:
    cells = [column.cell(row.key) for column in columns]
    end = ROOM * max((cell.figures.median for cell in cells if cell and cell.figures), default=0.0)
    shown = [
        Shown(
            column,
            row,
            cell,
            column.over,
            row.asked_of(column.variant),
            _bar(cell.figures, end) if cell and cell.figures else None,
        )
        for column, cell in zip(columns, cells, strict=True)
    ]
    sentence = "" if sight.predict else why(row.key, columns)
    words = {(cell.mark, cell.word) for cell in cells if cell}
    return Line(row, shown, "" if sentence == NOTHING else sentence, len(words) > 1)


def _bar(figures: Figures, end: float) -> Bar:
    high = figures.high if figures.p95 is None else figures.p95

    def on(value: float) -> float:
        return round(min(value / end, 1.0) * WIDTH, 1) if end else 0.0

    return Bar(on(figures.low), on(figures.median), max(on(high) - on(figures.low), 1.0), high > end)
