"""Limits on what one browser, one learner and one process may ask for."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from uuid import UUID

MESSAGE_BYTES = 16 * 1024  # one message from a browser; the server refuses bigger ones with 1009 before we see them
STRIKES = 5  # bad messages before the socket is closed
SANDBOX_SOCKETS = 6  # per learner and sandbox: tabs
SEAT_SOCKETS = 12  # per learner: tabs, of lessons too
COMPARISON_SOCKETS = 6  # per learner and comparison: tabs
TERMINAL_SOCKETS = 24  # per learner and sandbox: tabs times terminals
WALL_SOCKETS = 10  # per user and class: tabs
SOCKETS = 4_000  # in this process
CAPTURE_SOCKETS = 12  # per learner and sandbox: tabs times captures
PCAPNG_SOCKETS = 4  # per learner (or user) and sandbox: programs on a desktop
CAPTURES = 2  # running at once in one sandbox; the node runs no more either
TERMINALS = 8  # open at once in one sandbox; the node holds no more either
QUEUE_ENTRIES = 256  # waiting for one socket; beyond that it reads on from the stream itself
QUEUE_BYTES = 1024 * 1024
PAGE = 64  # entries read from a stream at once
SEND_SECONDS = 30.0  # a socket to which nothing can be sent for this long is closed
BEAT_SECONDS = 1.5  # a page that hears nothing for 4.5 s says that it may be old (`stream/heartbeat.js`)
RECHECK_SECONDS = 30.0  # permission is asked again at least this often
TYPED_RATE, TYPED_BURST = 64 * 1024, 128 * 1024  # bytes per second, bytes
ASK_RATE, ASK_BURST = 5.0, 10.0  # requests of a sandbox socket
RESIZE_RATE, RESIZE_BURST = 20.0, 40.0
TICKET_RATE, TICKET_BURST = 4.0, 24.0  # tickets; a page that wants more waits
ACK_BYTES, ACK_SECONDS = 32 * 1024, 0.1
TYPED_LEAST = 128  # each message counts as at least so many bytes, so that single keys do not become too many orders
TYPED_COUNTED = 4 * 1024  # after so many typed bytes it is compared how much the shell has read
TYPED_KEPT = 64 * 1024  # typed bytes that one socket keeps here; no more is read from the page until there is room
TYPED_LOOK = 0.05  # seconds between two comparisons while the shell reads nothing


class Bucket:
    """A token bucket. `take` returns how many seconds to wait before `amount` is allowed; `spare` takes only if no wait is
    needed.
    """

    def __init__(self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate, self.burst, self.clock = rate, burst, clock
        self.level, self.at = burst, clock()

    def _fill(self) -> None:
        now = self.clock()
        self.level, self.at = min(self.burst, self.level + (now - self.at) * self.rate), now

    def take(self, amount: float) -> float:
        self._fill()
        self.level -= amount
        return max(0.0, -self.level / self.rate)

    def spare(self, amount: float = 1.0) -> bool:
        self._fill()
        if self.level < amount:
            return False
        self.level -= amount
        return True


class Sockets:
    """Counts the sockets that are open in this process, by learner (or user), sandbox and kind."""

    def __init__(self) -> None:
        self.open: Counter[tuple[UUID | str, str, str]] = Counter()

    def enter(self, who: tuple[UUID | str, str, str], most: int) -> bool:
        if self.open[who] >= most or self.open.total() >= SOCKETS:
            return False
        self.open[who] += 1
        return True

    def leave(self, who: tuple[UUID | str, str, str]) -> None:
        self.open[who] -= 1
        if self.open[who] <= 0:
            del self.open[who]


SOCKETS_OPEN = Sockets()
