"""Decides when the scripts of a lesson's checks run: less often when nothing happens in the sandbox, and not at all after a
while."""

from __future__ import annotations

import time

EVERY = 3.0  # seconds between two rounds in one sandbox …
SETTLING = 10.0  # … while something happens, and this long after it
IDLE_EVERY = 30.0  # after that; not never, because writing a file changes nothing that the relay sees
ASLEEP = 600.0  # when nothing has happened for this long, scripts do not run
AT_MOST = 4  # scripts a round


class Pacing:
    """Call `moved` whenever something happens and `ran` after the scripts ran; `due` says whether they should run now."""

    def __init__(self) -> None:
        self.moved_at = time.monotonic()
        self.ran_at = 0.0

    def moved(self) -> None:
        self.moved_at = time.monotonic()

    def ran(self) -> None:
        self.ran_at = time.monotonic()

    def due(self) -> bool:
        now = time.monotonic()
        still, rested = now - self.moved_at, now - self.ran_at
        if still > ASLEEP:
            return False
        return rested >= (EVERY if still < SETTLING or self.moved_at > self.ran_at else IDLE_EVERY)
