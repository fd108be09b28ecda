"""How full the nodes were, as a chart and in words. The source are the samples that a node writes once a minute."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from explorer.sandboxes.models import NodeSample

WIDTH, HEIGHT = 720, 160  # of the drawing
SLOTS = 144  # across it: ten minutes each of a day
SPANS = {"day": timedelta(days=1), "week": timedelta(days=7)}


@dataclass(frozen=True)
class Slot:
    """A stretch of time, all nodes together: the most sandboxes at once in it, and the places there were."""

    at: datetime
    live: int
    capacity: int


def read_slots(span: str, now: datetime | None = None) -> list[Slot]:
    """The slots of this span, oldest first. Slots without any sample are left out."""
    now = now or timezone.now()
    begun = now - SPANS[span]
    samples = NodeSample.objects.filter(at__gt=begun).values_list("node", "at", "live", "capacity")
    return gather(samples.iterator(), begun, SPANS[span] / SLOTS)


def gather(samples: Iterable[tuple[str, datetime, int, int]], begun: datetime, each: timedelta) -> list[Slot]:
    fullest: dict[int, dict[str, tuple[int, int]]] = {}
    for node, at, live, capacity in samples:
        nodes = fullest.setdefault(int((at - begun) / each), {})
        nodes[node] = max(nodes.get(node, (0, 0)), (live, capacity))
    return [
        Slot(begun + number * each, sum(live for live, _ in nodes.values()), sum(places for _, places in nodes.values()))
        for number, nodes in sorted(fullest.items())
    ]


def draw(slots: list[Slot], span: str, now: datetime | None = None) -> dict[str, Any] | None:
    """Lines for an SVG of WIDTH × HEIGHT, interrupted where there are no samples. None when there are no slots."""
    if not slots:
        return None
    begun = (now or timezone.now()) - SPANS[span]
    each = SPANS[span] / SLOTS
    top = max(1, *(max(slot.live, slot.capacity) for slot in slots))
    points = [(round((slot.at - begun) / SPANS[span] * WIDTH, 1), slot) for slot in slots]
    runs: list[list[tuple[float, Slot]]] = [[]]
    for x, slot in points:
        if runs[-1] and slot.at - runs[-1][-1][1].at > 1.5 * each:
            runs.append([])
        runs[-1].append((x, slot))
    wide = WIDTH / SLOTS
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "top": top,
        "live": [line(run, "live", top, wide) for run in runs],
        "areas": [f"{line(run, 'live', top, wide)} {run[-1][0] + wide:.1f},{HEIGHT} {run[0][0]},{HEIGHT}" for run in runs],
        "capacity": [line(run, "capacity", top, wide) for run in runs],
        "words": words(slots),
    }


def line(run: list[tuple[float, Slot]], what: str, top: int, wide: float) -> str:
    """The points of a line with steps: each slot keeps its value to its end."""
    heights = [(x, round(HEIGHT - getattr(slot, what) / top * (HEIGHT - 8), 1)) for x, slot in run]
    return " ".join(f"{x},{y} {x + wide:.1f},{y}" for x, y in heights)


def words(slots: list[Slot]) -> str:
    most = max(slots, key=lambda slot: slot.live)
    last = slots[-1]
    full = sum(slot.live >= slot.capacity > 0 for slot in slots)
    return (
        f"Most at once: {most.live} of {most.capacity} places, at {most.at:%d %b %H:%M} UTC. "
        f"Last: {last.live} of {last.capacity}. " + (f"Full in {full} of {len(slots)} moments." if full else "Never full.")
    )
