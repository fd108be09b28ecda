"""How much of the node's time a sandbox may cost.

Work that grows with what a host offers (reading text, comparing, explaining, writing JSON) is done in a thread beside the event
loop, so that the terminals and streams of others go on meanwhile. Its seconds are charged to the sandbox. A sandbox that has
used up its allowance waits before the next piece of work: it is shown late, and nobody else is. There are two threads: a
sandbox whose work was long lately uses the second, so the short work of others does not queue behind it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar
from weakref import WeakSet

LONG = 0.02  # seconds; a sandbox whose work took longer uses the second thread
FORGET = 0.8  # the part of the longest work that is remembered after the next one
LATE = 2.0  # seconds of waiting that count as being late

Words = ParamSpec("Words")
Result = TypeVar("Result")

_short = ThreadPoolExecutor(1, thread_name_prefix="short work")
_long = ThreadPoolExecutor(1, thread_name_prefix="long work")


@dataclass(frozen=True, slots=True)
class Rates:
    """What is charged is seconds of work, or bytes."""

    rate: float = 0.1  # per second, for one sandbox
    burst: float = 1.0  # at once
    together: float = 0.4  # per second, for all sandboxes in debt
    most_debt: float = 2.0  # so a sandbox waits twenty seconds at most while it is the only one in debt


@dataclass
class Exceeded:
    """What operators can read: how often a sandbox came into debt, how many are in debt now, and what was charged in all."""

    rates: Rates = Rates()
    times: int = 0
    waited: float = 0.0
    worked: float = 0.0
    longest: float = 0.0
    indebted: WeakSet[Account] = field(default_factory=WeakSet)

    def late_now(self) -> int:
        """How many sandboxes wait now."""
        return sum(account.rest() > 0 for account in list(self.indebted))


exceeded = Exceeded()  # of this process


class Account:
    """The allowance of one sandbox."""

    def __init__(self, counts: Exceeded = exceeded) -> None:
        self._counts = counts
        self._left, self._at = counts.rates.burst, time.monotonic()
        self._usual = 0.0
        self.spent = 0.0  # in all

    def charge(self, cost: float) -> float:
        """Charges what was done. Returns the seconds until more may be done; 0 within the allowance."""
        self._fill()
        self.spent += cost
        self._counts.worked += cost
        self._counts.longest = max(self._counts.longest, cost)
        self._left = max(self._left - cost, -self._counts.rates.most_debt)
        if self._left < 0 and self not in self._counts.indebted:
            self._counts.times += 1
            self._counts.indebted.add(self)
        return self.rest()

    def rest(self) -> float:
        """Seconds until work may be done."""
        self._fill()
        return -self._left / self._rate() if self._left < 0 else 0.0

    @property
    def slow(self) -> bool:
        """Whether its work was long lately, or it is in debt: its work is done in the second thread."""
        return self._usual > LONG or self.rest() > 0

    @property
    def late(self) -> bool:
        """Whether it has to wait so long that a person notices it."""
        return self.rest() > LATE

    async def turn(self) -> None:
        """Waits until work may be done."""
        began = time.monotonic()
        while (rest := self.rest()) > 0:  # noqa: ASYNC110 (it is time that is waited for)
            await asyncio.sleep(rest)
        self._counts.waited += time.monotonic() - began

    async def aside(self, work: Callable[Words, Result], *words: Words.args, **named: Words.kwargs) -> Result:
        """Waits for its turn and does the work in a thread. The work must not touch what the loop may change meanwhile."""
        await self.turn()
        return await self.at_once(work, *words, **named)

    async def at_once(self, work: Callable[Words, Result], *words: Words.args, **named: Words.kwargs) -> Result:
        """Like `aside`, also in debt."""
        thread = _long if self.slow else _short
        result, took = await asyncio.get_running_loop().run_in_executor(thread, _timed, lambda: work(*words, **named))
        self._usual = max(took, self._usual * FORGET)
        self.charge(took)
        if isinstance(result, Exception):
            raise result
        return result

    def _fill(self) -> None:
        now = time.monotonic()
        self._left, self._at = min(self._counts.rates.burst, self._left + (now - self._at) * self._rate()), now
        if self._left >= 0:
            self._counts.indebted.discard(self)

    def _rate(self) -> float:
        return min(self._counts.rates.rate, self._counts.rates.together / max(1, len(self._counts.indebted)))


def _timed(work: Callable[[], Result]) -> tuple[Result | Exception, float]:
    """(the result or what was raised, the seconds that this thread worked for it)."""
    began = time.thread_time()
    try:
        result: Result | Exception = work()
    except Exception as error:
        result = error
    return result, time.thread_time() - began
