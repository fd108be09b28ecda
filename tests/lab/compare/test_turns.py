"""Work and measuring take turns on a node, between processes and within one."""

import asyncio

import pytest

from explorer.lab.compare import turns
from explorer.lab.compare.turns import at_work, quiet, rates_last, trips_first
from explorer.lab.config import LabConfig


@pytest.fixture
def config(tmp_path):
    return LabConfig("t", "n", tmp_path / "engine", tmp_path / "run", tmp_path / "cache")


async def test_many_may_work_at_once(config):
    async with asyncio.timeout(1), at_work(config), at_work(config), at_work(config):
        pass


async def test_a_measurement_waits_until_the_work_is_done(config):
    order = []

    async def work():
        async with at_work(config):
            await asyncio.sleep(0.1)
            order.append("worked")

    async def measure():
        await asyncio.sleep(0.02)
        async with quiet(config, 5) as alone:
            order.append("measured" if alone else "disturbed")

    await asyncio.gather(work(), measure())
    assert order == ["worked", "measured"]


async def test_two_never_measure_at_once(config):
    measuring = 0

    async def measure():
        nonlocal measuring
        async with quiet(config, 5) as alone:
            assert alone
            measuring += 1
            assert measuring == 1
            await asyncio.sleep(0.03)
            measuring -= 1

    await asyncio.gather(*(measure() for _ in range(4)))


async def test_nobody_waits_for_ever(config):
    async with at_work(config), quiet(config, 0.05) as alone:
        assert alone is False


async def test_a_worker_works_all_the_same_when_a_measurement_hangs(config, monkeypatch):
    monkeypatch.setattr(turns, "WAIT", 0.05)
    async with asyncio.timeout(1), quiet(config, 1), at_work(config):
        pass


async def test_throughput_waits_for_everybodys_round_trips(config):
    order = []

    async def column(name, seconds):
        async with trips_first(config):
            await asyncio.sleep(seconds)
            order.append(f"{name} trips")
        async with rates_last(config, 5) as others:
            assert others
            order.append(f"{name} rates")

    await asyncio.gather(column("quick", 0.02), column("slow", 0.15))
    assert order[:2] == ["quick trips", "slow trips"]
    assert sorted(order[2:]) == ["quick rates", "slow rates"]


async def test_who_is_cancelled_lets_go(config):
    waiting = asyncio.create_task(hold_quiet(config))
    await asyncio.sleep(0.05)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    async with quiet(config, 0) as alone:
        assert alone


async def hold_quiet(config):
    async with quiet(config, 5):
        await asyncio.sleep(60)


async def test_a_measurement_waits_for_hosts_that_are_being_opened(config):
    with turns.opening(config):
        async with quiet(config, 0.05) as alone:
            assert alone is False
    async with quiet(config, 0.05) as alone:
        assert alone


async def test_opening_waits_for_nobody(config):
    async with asyncio.timeout(1), quiet(config, 1):
        with turns.opening(config):
            pass
