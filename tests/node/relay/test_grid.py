"""Grids on request: one at a time, a failed one is told as failed."""

import asyncio
from typing import Any, cast

from explorer.network.grid import Grid
from explorer.node.relay.grid import GridDesk
from explorer.sandboxes.events import GridTold, grid_key
from explorer.sandboxes.orders import MeasureGrid
from explorer.sandboxes.streams import RedisError


class Kept:
    """A Redis that keeps what it is given; `full` refuses everything."""

    def __init__(self, full=False):
        self.full, self.held = full, {}

    async def set(self, key, value, ex):
        if self.full:
            raise RedisError("OOM command not allowed")
        assert ex > 0
        self.held[key] = value


async def told_by(measure, orders, redis=None):
    told = []
    done = asyncio.Event()

    async def tell(event):
        told.append(event)
        if event.type == "grid_told":
            done.set()

    desk = GridDesk(cast(Any, redis or Kept()), "s", measure, tell)
    for asked in orders:
        desk.measure_grid(asked, MeasureGrid())
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


async def measured():
    return Grid(places=("h1", "outside"))


async def test_it_is_kept_for_pages_that_come_later():
    redis = Kept()
    (event,) = await told_by(measured, ["a"], redis)
    assert GridTold.model_validate_json(redis.held[grid_key("s")]) == event


async def test_one_that_cannot_be_kept_is_told_all_the_same():
    (event,) = await told_by(measured, ["a"], Kept(full=True))
    assert event.grid.places == ("h1", "outside")
