"""A step's measurement as a small table with bars. The figures are those of the learner's own sandbox."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from explorer.classroom.people.access import current_learner
from explorer.network.ahead import What, ahead, wins
from explorer.network.model import Measured, RoadMeasured, Spread
from explorer.sandboxes.last_snapshot import read_snapshot
from explorer.sandboxes.life import current_sandbox
from explorer.web.learn.lesson import find_lesson, find_step

WIDTH = 200  # of a bar's drawing
ROOM = 2.5  # times the largest median; rare samples beyond it are cut off, so that the other bars stay readable


@dataclass(frozen=True)
class Bar:
    """The figures of one of the compared ways. `median`, `low` and `high` are positions in the drawing; `cut` says that `high`
    lies beyond its edge.
    """

    title: str
    spread: Spread
    median: float
    low: float
    high: float
    cut: bool
    first: bool

    @property
    def range(self) -> float:
        return max(self.high - self.low, 1.0)


@dataclass(frozen=True)
class Chart:
    title: str
    unit: str
    digits: int
    high: str  # what the last figure is
    bars: list[Bar]
    verdict: str


@require_safe
def show_measured(request: HttpRequest, slug: str, step: str) -> HttpResponse:
    lesson = find_lesson(request, slug)
    here = find_step(lesson, step)
    sandbox = current_sandbox(current_learner(request))
    snapshot = read_snapshot(sandbox if sandbox and sandbox.lesson == lesson.slug else None)
    found = snapshot.measured if snapshot else {}
    shown = [(one, found.get(one.id), charts(found[one.id]) if one.id in found else []) for one in here.measures]
    return render(request, "_measured.html", {"shown": shown})


def charts(measured: Measured) -> list[Chart]:
    if not measured.roads:
        return []
    return [
        chart("Round trip", "µs", 1, "p95", measured, "trips", lambda one: one.trips),
        chart("Throughput", "Mbit/s", 0, "best", measured, "rates", lambda one: one.rates),
    ]


def chart(
    title: str, unit: str, digits: int, high: str, measured: Measured, what: What, pick: Callable[[RoadMeasured], Spread | None]
) -> Chart:
    spreads = [(one, spread) for one in measured.roads if (spread := pick(one))]
    first = ahead(measured, what)
    most = max((spread.median for _, spread in spreads), default=0.0) * ROOM
    end = max(min(most, max((spread.high for _, spread in spreads), default=0.0)), 0.001)
    bars = [
        Bar(
            title=one.road.title,
            spread=spread,
            median=on(spread.median, end),
            low=on(spread.low, end),
            high=on(spread.high, end),
            cut=spread.high > end,
            first=one.road.id == first,
        )
        for one, spread in spreads
    ]
    return Chart(title, unit, digits, high, bars, verdict(measured, what, first))


def on(value: float, end: float) -> float:
    return round(min(value / end, 1.0) * WIDTH, 1)


def verdict(measured: Measured, what: What, first: str) -> str:
    rounds = min(len(one.by_round) for one in measured.roads)
    if first:
        one = next(one for one in measured.roads if one.road.id == first)
        least = min(wins(one, other, what) for other in measured.roads if other is not one)
        return f"{one.road.title} was ahead in {least} of {rounds} rounds."
    leader = max(measured.roads, key=lambda one: sum(wins(one, other, what) for other in measured.roads))
    best = min(wins(leader, other, what) for other in measured.roads if other is not leader)
    return f"No difference seen: {leader.road.title} was ahead in {best} of {rounds} rounds, and that can be chance."
