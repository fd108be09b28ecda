"""How often something may be done for one sandbox: a burst at once, then at a rate. And waiting for a pause, up to a limit."""

from __future__ import annotations

import asyncio
import time


class Pace:
    """Allows `burst` turns at once and then `rate` turns per second."""

    def __init__(self, burst: int, rate: float) -> None:
        self._burst, self._rate = float(burst), rate
        self._left, self._at = float(burst), time.monotonic()

    def _fill(self) -> None:
        now = time.monotonic()
        self._left, self._at = min(self._burst, self._left + (now - self._at) * self._rate), now

    def allows(self) -> bool:
        """Takes a turn and returns True, if there is one."""
        self._fill()
        if self._left < 1:
            return False
        self._left -= 1
        return True

    async def turn(self) -> None:
        """Waits for the next turn and takes it."""
        while not self.allows():  # noqa: ASYNC110 (it is time that is waited for)
            await asyncio.sleep((1 - self._left) / self._rate)


class Quiet:
    """Waits until nothing has been touched for `still` seconds, at most `longest` after the first touch."""

    def __init__(self, still: float, longest: float) -> None:
        self._still, self._longest = still, longest
        self._first = self._last = 0.0
        self._touched = asyncio.Event()

    def touch(self) -> None:
        self._last = time.monotonic()
        if not self._touched.is_set():
            self._first = self._last
            self._touched.set()

    @property
    def waiting(self) -> float:
        """Seconds since the first touch that `settled` has not yet returned for; 0 without a touch."""
        return time.monotonic() - self._first if self._touched.is_set() else 0.0

    async def settled(self) -> None:
        await self._touched.wait()
        while (left := min(self._last + self._still, self._first + self._longest) - time.monotonic()) > 0:  # noqa: ASYNC110
            await asyncio.sleep(left)
        self._touched.clear()
