"""Bursts are free, floods are slowed, waiting is bounded: on a clock of the test's own."""

import asyncio
from types import SimpleNamespace

import pytest

from explorer.lab.inside import pace
from explorer.lab.inside.pace import Pace, Quiet


class Clock:
    """Time passes only where somebody sleeps, a little at a time; `meanwhile` happens after each little."""

    STEP = 0.005

    def __init__(self):
        self.now = 1000.0
        self.meanwhile = lambda: None

    def monotonic(self):
        return self.now

    async def sleep(self, seconds):
        until = self.now + max(seconds, 1e-6)  # no clock stands still
        while self.now < until:
            self.now = min(until, self.now + self.STEP)
            self.meanwhile()
            await asyncio.sleep(0)


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(pace, "time", made)
    monkeypatch.setattr(pace, "asyncio", SimpleNamespace(sleep=made.sleep, Event=asyncio.Event))
    return made


def test_a_burst_is_allowed_and_a_flood_is_not():
    turns = Pace(3, 0.001)
    assert [turns.allows() for _ in range(5)] == [True, True, True, False, False]


def test_what_was_not_used_comes_back_up_to_the_burst(clock):
    turns = Pace(3, 2.0)
    assert [turns.allows() for _ in range(4)] == [True, True, True, False]
    clock.now += 0.5
    assert [turns.allows() for _ in range(2)] == [True, False]
    clock.now += 3600
    assert [turns.allows() for _ in range(4)] == [True, True, True, False]


async def test_a_turn_comes_when_it_is_time(clock):
    turns = Pace(1, 50.0)
    came = []
    for _ in range(3):
        await turns.turn()
        came.append(round(clock.now - 1000, 3))
    assert came == [0.0, 0.02, 0.04]


async def test_quiet_comes_when_nothing_was_touched_for_so_long(clock):
    quiet = Quiet(0.05, 10.0)
    touches = [1000.01, 1000.03]

    def touch():
        if touches and clock.now >= touches[0]:
            touches.pop(0)
            quiet.touch()

    clock.meanwhile = touch
    quiet.touch()
    await quiet.settled()
    assert clock.now == pytest.approx(1000.03 + 0.05)


async def test_touches_that_never_end_are_answered_all_the_same(clock):
    quiet = Quiet(0.05, 0.15)
    clock.meanwhile = quiet.touch
    quiet.touch()
    await quiet.settled()
    assert clock.now == pytest.approx(1000.15)


async def test_what_nobody_answers_is_known_to_wait(clock):
    quiet = Quiet(0.0, 0.0)
    assert quiet.waiting == 0.0
    quiet.touch()
    clock.now += 3
    assert quiet.waiting == 3
    await quiet.settled()
    assert quiet.waiting == 0.0
