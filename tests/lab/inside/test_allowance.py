"""What a sandbox costs is bounded, and nobody else waits for it: on a clock of the test's own."""

import asyncio
import threading
from types import SimpleNamespace

import pytest

from explorer.lab.inside import allowance
from explorer.lab.inside.allowance import Account, Exceeded, Rates
from tests.lab.inside.test_pace import Clock

RATES = Rates()


class WorkingClock(Clock):
    """Whoever works lets its time pass."""

    def thread_time(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    made = WorkingClock()
    monkeypatch.setattr(allowance, "time", made)
    monkeypatch.setattr(allowance, "asyncio", SimpleNamespace(sleep=made.sleep, get_running_loop=asyncio.get_running_loop))
    return made


def test_within_the_allowance_nobody_waits(clock):
    account = Account(Exceeded())
    assert account.charge(RATES.burst / 2) == 0.0
    assert not account.slow


def test_who_costs_more_waits_until_it_is_paid(clock):
    account = Account(Exceeded())
    assert account.charge(RATES.burst + 0.3) == pytest.approx(0.3 / RATES.rate)
    clock.now += 0.3 / RATES.rate
    assert account.rest() == pytest.approx(0.0)


def test_no_debt_keeps_a_sandbox_away_for_ever(clock):
    account = Account(Exceeded())
    assert account.charge(3600.0) == pytest.approx(RATES.most_debt / RATES.rate)
    assert account.late


async def test_work_over_time_keeps_to_the_rate(clock):
    """Each piece takes half a second: in a hundred seconds there are no more than the rate allows."""
    account, done = Account(Exceeded()), []

    def work():
        clock.now += 0.5
        done.append(clock.now)

    began = clock.now
    while clock.now < began + 100:
        await account.aside(work)
    assert len(done) * 0.5 <= RATES.burst + RATES.rate * 100 + 1.0


def test_many_in_debt_share_what_all_of_them_may_cost(clock):
    counts = Exceeded()
    accounts = [Account(counts) for _ in range(20)]
    for account in accounts:
        account.charge(RATES.burst + 0.1)
    assert counts.times == len(counts.indebted) == 20
    clock.now += 1.0
    paid = sum(0.1 - account.rest() * RATES.together / 20 for account in accounts)
    assert paid == pytest.approx(RATES.together, rel=0.01)


def test_a_sandbox_that_is_gone_is_no_longer_counted(clock):
    counts = Exceeded()
    account = Account(counts)
    account.charge(10.0)
    del account
    assert len(counts.indebted) == 0
    assert counts.times == 1


async def test_the_loop_goes_on_while_work_is_done():
    """The work ends only when the loop says so: it would never end in the loop itself."""
    account, told = Account(Exceeded()), threading.Event()
    working = asyncio.create_task(account.aside(told.wait, 30))
    await asyncio.sleep(0)
    told.set()
    assert await working is True


async def test_short_work_of_others_does_not_queue_behind_long_work():
    heavy, light, told = Account(Exceeded()), Account(Exceeded()), threading.Event()
    heavy.charge(RATES.burst + 0.001)
    working = asyncio.create_task(heavy.at_once(told.wait, 30))
    await asyncio.sleep(0)
    assert await light.aside(lambda: "done") == "done"
    assert not working.done()
    told.set()
    await working


async def test_what_the_work_raises_is_raised():
    with pytest.raises(ZeroDivisionError):
        await Account(Exceeded()).aside(lambda: 1 / 0)
