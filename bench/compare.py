"""A comparison of five drivers: how soon the first answer comes, how soon all, and whether they are always the same."""

from __future__ import annotations

import asyncio
import json
import re
import time
from dataclasses import dataclass
from typing import Any

from bench import node
from bench.figures import Figure, Report, Samples, say
from bench.learner import PATIENCE, Learner
from bench.stack import Stack
from explorer.lab.config import LabConfig
from explorer.lab.hosts import lifecycle
from explorer.network.comparison import ROWS, Column, Comparison

TURNS = 5
QUERY = "columns=bridge,host,none,macvlan,overlay&throughput=0"
WARM = 2  # sandboxes an installation keeps ready as it comes
FIRST, WHOLE = 2.0, 25.0  # seconds wanted
GONE = 60.0


@dataclass(frozen=True)
class Run:
    first: float  # seconds from the click until the first answer is told at the websocket
    whole: float
    told: Comparison


async def five_drivers(site: Stack, report: Report) -> None:
    """As it comes out of the box, from a warm node, without throughput; one after another."""
    lab = node.config()
    runs: list[Run] = []
    left: list[float] = []
    for turn in range(TURNS):
        await settle(lab)
        runs.append(await one_run(site))
        left.append(float(await gone(lab, runs[-1].told)))
        say(f"· comparison {turn + 1}: first after {runs[-1].first:.2f} s, whole after {runs[-1].whole:.1f} s")
    first = Samples("click → first answer at the websocket", tuple(run.first for run in runs))
    whole = Samples("click → every column complete", tuple(run.whole for run in runs))
    report.add(Figure("five drivers, first answer", "s", first, None, "p50", FIRST))
    report.add(Figure("five drivers, the whole table", "s", whole, None, "p50", WHOLE))
    unequal = differing([run.told for run in runs])
    for line in unequal:
        say(f"  differs: {line}")
    cells = Samples(f"of {counted(runs[0].told)} in {TURNS} runs", (float(len(unequal)),))
    report.add(Figure("  behaviour cells that differ from run to run", "", cells, None, "max", 0.0))
    report.add(Figure("  columns that are not complete", "", Samples("in all runs", (float(failed(runs)),)), None, "max", 0.0))
    report.add(Figure("  left on the engine afterwards", "", Samples("sandboxes of it", tuple(left)), None, "max", 0.0))


async def one_run(site: Stack) -> Run:
    learner = Learner(site)
    began = time.perf_counter()
    answer = await asyncio.to_thread(learner.post, "/compare/start/", query=QUERY)
    found = re.search(r"/compare/([a-z0-9]+)/$", answer.url)
    if not found:
        raise RuntimeError("the comparison was not started")
    first = 0.0
    async with learner.dial(f"/ws/comparison/{found[1]}/") as socket, asyncio.timeout(2 * PATIENCE):
        while True:
            message: dict[str, Any] = json.loads(await socket.recv())
            if message["type"] == "column_moved" and message["cells"] and not first:
                first = time.perf_counter() - began
            if message["type"] == "comparison_changed" and message["state"] != "running":
                break
    whole = time.perf_counter() - began
    exported = await asyncio.to_thread(learner.http.get, f"{site.address}/compare/{found[1]}/json/", timeout=PATIENCE)
    exported.raise_for_status()
    return Run(first, whole, Comparison.model_validate_json(exported.text))


async def settle(lab: LabConfig) -> None:
    """Until what is kept warm is warm, and nothing else is there."""
    until = time.monotonic() + 2 * PATIENCE
    while len([one for one in await asyncio.to_thread(lifecycle.list_sandboxes, lab) if one.running]) != WARM:
        if time.monotonic() > until:
            raise RuntimeError("the node does not get warm")
        await asyncio.sleep(0.5)
    await asyncio.sleep(3)


async def gone(lab: LabConfig, told: Comparison) -> int:
    """How many sandboxes of this comparison are still there after a minute."""
    ours = {column.sandbox for column in told.columns}
    until = time.monotonic() + GONE
    while True:
        left = len([one for one in await asyncio.to_thread(lifecycle.list_sandboxes, lab) if one.sandbox in ours])
        if not left or time.monotonic() > until:
            return left
        await asyncio.sleep(0.5)


def differing(runs: list[Comparison]) -> list[str]:
    """The cells whose mark or word is not the same in every run, of the rows that are the same whenever the same is done."""
    seen: dict[str, set[str]] = {}
    for told in runs:
        for column in told.columns:
            for row, said in behaviour(column).items():
                seen.setdefault(f"{column.variant.id} {row}", set()).add(said)
    return [f"{cell}: {' · '.join(sorted(said))}" for cell, said in seen.items() if len(said) > 1]


def behaviour(column: Column) -> dict[str, str]:
    cells = {row.key: column.cell(row.key) for row in ROWS if not row.varies}
    return {row: f"{cell.mark} {cell.word}" if cell else "nothing" for row, cell in cells.items()}


def counted(told: Comparison) -> int:
    return sum(len(behaviour(column)) for column in told.columns)


def failed(runs: list[Run]) -> int:
    return sum(column.state != "done" for run in runs for column in run.told.columns)
