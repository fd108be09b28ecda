"""Bursts are free, floods are slowed, waiting is bounded."""

import asyncio
import time

from explorer.lab.inside.pace import Pace, Quiet


def test_a_burst_is_allowed_and_a_flood_is_not():
    pace = Pace(3, 0.001)
    assert [pace.allows() for _ in range(5)] == [True, True, True, False, False]


async def test_a_turn_comes_when_it_is_time():
    pace = Pace(1, 50.0)
    began = time.monotonic()
    for _ in range(3):
        await pace.turn()
    assert 0.03 < time.monotonic() - began < 0.5


async def test_touches_that_never_end_are_answered_all_the_same():
    quiet = Quiet(0.05, 0.15)

    async def flood():
        while True:
            quiet.touch()
            await asyncio.sleep(0.005)

    flooding = asyncio.create_task(flood())
    began = time.monotonic()
    await quiet.settled()
    flooding.cancel()
    assert 0.1 < time.monotonic() - began < 0.4


async def test_what_nobody_answers_is_known_to_wait():
    quiet = Quiet(0.0, 0.0)
    assert quiet.waiting == 0.0
    quiet.touch()
    await asyncio.sleep(0.02)
    assert quiet.waiting >= 0.02
    await quiet.settled()
    assert quiet.waiting == 0.0
