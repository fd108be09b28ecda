"""What is told is made ready in a thread beside the loop. Meanwhile nothing else changes what is told."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from explorer.node.relay.sandbox_watch import SandboxWatch


@pytest.fixture
def watch():
    seen = []
    telling = SimpleNamespace(see_frames=lambda *told: seen.append("frames"), see_happening=lambda *told: seen.append("line"))
    nothing = SimpleNamespace(set=lambda: None, moved=lambda: None)
    watch = object.__new__(SandboxWatch)
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
