"""When the scripts of a lesson's checks are run: rarely, and less the longer nothing happens in the sandbox."""

from __future__ import annotations

import time

EVERY = 3.0  # seconds between two rounds in one sandbox …
SETTLING = 10.0  # … while something happens, and for so long after it
IDLE_EVERY = 30.0  # then only so often: a file that is written moves nothing that is seen
ASLEEP = 600.0  # and not at all once nothing has happened for so long
AT_MOST = 4  # scripts a round


class Pacing:
    """`moved` whenever something happens; `due` says whether to run them now, and `ran` when that is over."""

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
