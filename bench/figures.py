"""What a measurement is: samples in one unit, the baseline they are held against, and the most they should be."""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


def at(samples: Sequence[float], share: float) -> float:
    """The sample below which `share` of all lie."""
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


@dataclass(frozen=True)
class Samples:
    what: str
    values: tuple[float, ...]

    def facts(self) -> dict[str, Any]:
        if not self.values:
            return {"what": self.what, "n": 0}
        return {
            "what": self.what,
            "n": len(self.values),
            "p50": round(statistics.median(self.values), 4),
            "p95": round(at(self.values, 0.95), 4),
            "min": round(min(self.values), 4),
            "max": round(max(self.values), 4),
        }


@dataclass(frozen=True)
class Figure:
    name: str
    unit: str  # s, ms, MB, %
    measured: Samples
    baseline: Samples | None = None
    held: str = "p50"  # which of the facts is held against `most`
    most: float | None = None
    note: str = ""

    @property
    def good(self) -> bool | None:
        value = self.measured.facts().get(self.held)
        return None if self.most is None or value is None else value <= self.most

    def line(self) -> str:
        facts: dict[str, Any] = {"name": self.name, "unit": self.unit, **self.measured.facts()}
        if self.baseline:
            facts["baseline"] = self.baseline.facts()
        if self.most is not None:
            facts |= {"held": self.held, "most": self.most, "good": self.good}
        if self.note:
            facts["note"] = self.note
        return json.dumps(facts, ensure_ascii=False)


@dataclass
class Report:
    figures: list[Figure] = field(default_factory=list)

    def add(self, figure: Figure) -> None:
        self.figures.append(figure)
        print(figure.line(), flush=True)

    def table(self) -> str:
        head = ("figure", "p50", "p95", "n", "baseline p50", "p95", "of what", "wanted", "")
        return align([head, *(_row(figure) for figure in self.figures)])


def _row(figure: Figure) -> tuple[str, ...]:
    mine = figure.measured.facts()
    base = figure.baseline.facts() if figure.baseline else {}
    wanted = f"{figure.held} ≤ {figure.most:g} {figure.unit}" if figure.most is not None else ""
    mark = {True: "✓", False: "✗", None: ""}[figure.good]
    return (
        figure.name,
        *(_number(mine.get(key), figure.unit) for key in ("p50", "p95")),
        str(mine["n"]),
        *(_number(base.get(key), figure.unit) for key in ("p50", "p95")),
        str(base.get("what", "")),
        wanted,
        mark,
    )


def _number(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    return f"{value:.2f} {unit}" if abs(value) < 100 else f"{value:.0f} {unit}"


def align(rows: list[tuple[str, ...]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "─" * max(map(len, lines)), *lines[1:]])


def say(text: str) -> None:
    """Progress, beside the figures."""
    print(text, file=sys.stderr, flush=True)
