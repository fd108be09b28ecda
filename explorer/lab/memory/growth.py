"""Finds whose processes make the kernel's memory grow, whatever it is that grows: sandboxes are stopped one after the other
until the growth stops, and then each of them goes on and stops again a few times. Whoever starts the growth and stops it every
time is who makes it.

A sandbox that does not make it grow stands still for about two seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

FAST = 24 * 2**20  # bytes per second; slower growth cannot be told from everything else that happens
STOPPED, GOES = 0.2, 0.4  # shares of the growth before: less than the first means that it stopped, more than the second not
TIMES = 5  # how often it has to start and to stop with a sandbox: what others do may look like it once
MOST = 8  # sandboxes that are stopped, those first that use the processor most

One = TypeVar("One")


def growers(
    suspects: Iterable[One], stop: Callable[[One], None], go_on: Callable[[One], None], rate: Callable[[], float]
) -> list[One]:
    """Those that make it grow; they stay stopped, all others go on. `rate` takes a while and says bytes per second."""
    before = rate()
    if before < FAST:
        return []
    stopped: list[One] = []
    guilty: list[One] = []

    def makes_it(one: One) -> bool:
        for _ in range(TIMES):
            go_on(one)
            if rate() < GOES * FAST:
                return False  # it goes on
            stop(one)
            if rate() > STOPPED * before:
                go_on(one)
                return False
        return True

    try:
        for one in list(suspects)[:MOST]:
            stopped.append(one)
            stop(one)
            if rate() < STOPPED * before:
                break
        else:
            return []
        guilty.extend(one for one in list(stopped) if makes_it(one))
        return guilty
    except BaseException:  # nobody is ended, so nobody stays stopped
        guilty.clear()
        raise
    finally:
        for one in stopped:
            if one not in guilty:
                go_on(one)
