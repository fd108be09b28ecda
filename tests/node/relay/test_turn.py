"""What waits in one sandbox's part of the relay: what is told, for the thread that makes it ready; a grid, for a place."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from explorer.node.relay.sandbox_watch import SandboxWatch


@pytest.fixture
def watch():
    seen = []
    telling: Any = SimpleNamespace(
        see_frames=lambda *told: seen.append("frames"), see_happening=lambda *told: seen.append("line")
    )
    nothing: Any = SimpleNamespace(set=lambda: None, moved=lambda: None)
    watch: Any = object.__new__(SandboxWatch)
    watch.telling, watch.turn, watch.seen = telling, asyncio.Lock(), seen
    watch.wake = watch.turned = watch.pacing = nothing
    watch.oldest = None
    return watch


@pytest.mark.parametrize(
    ("say", "what"),
    [
        (lambda watch: watch.frames_counted("h1", {"eth0": 8}), "frames"),
        (lambda watch: watch.happened("docker", "h1", "container web started"), "line"),
    ],
)
async def test_it_waits_for_the_thread(watch, say, what):
    async with watch.turn:
        saying = asyncio.create_task(say(watch))
        for _ in range(5):
            await asyncio.sleep(0)
        assert watch.seen == []
    await saying
    assert watch.seen == [what]


async def test_a_grid_waits_for_a_place_among_the_journeys_of_the_node(watch):
    async def reach():
        watch.seen.append("grid")

    watch.observer, watch.tracing = SimpleNamespace(reach=reach), asyncio.Semaphore(1)
    async with watch.tracing:
        measuring = asyncio.create_task(watch._reach())
        for _ in range(5):
            await asyncio.sleep(0)
        assert watch.seen == []
    await measuring
    assert watch.seen == ["grid"]
