"""Grids on request: one at a time, a failed one is told as failed."""

import asyncio

from explorer.network.grid import Grid
from explorer.sandboxes.events import MeasureGrid
from explorer.sandboxes.relay_grid import GridDesk


async def told_by(measure, orders):
    told = []
    done = asyncio.Event()

    async def tell(event):
        told.append(event)
        if event.type == "grid_told":
            done.set()

    desk = GridDesk(measure, tell)
    for asked in orders:
        desk.take(MeasureGrid(sandbox="s", asked=asked))
    task = asyncio.create_task(desk.run())
    await asyncio.wait_for(done.wait(), 5)
    task.cancel()
    return [event for event in told if event.type == "grid_told"]


async def test_those_who_ask_together_get_one():
    async def measure():
        return Grid(places=("h1", "outside"))

    told = await told_by(measure, ["a", "b", "c"])
    assert [(event.asked, event.grid.places) for event in told] == [("c", ("h1", "outside"))]


async def test_a_failure_is_told():
    async def measure():
        raise RuntimeError("x")

    (event,) = await told_by(measure, ["a"])
    assert "our fault" in event.grid.error
