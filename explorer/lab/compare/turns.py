"""Who may do heavy work on this node, and who measures: a measurement waits until no column works, up to a time limit.

The lock is a file lock (flock) that all processes of the node share. The kernel frees it when its holder ends.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

from explorer.lab.config import LabConfig

STEP = 0.02
WAIT = 30.0  # seconds that work waits for a measurement


@asynccontextmanager
async def at_work(config: LabConfig) -> AsyncIterator[None]:
    """Work that would disturb a measurement. Several may work at once. It waits while another column measures, for WAIT
    seconds at most."""
    async with _held(config, "work", fcntl.LOCK_SH, WAIT):
        yield


@contextmanager
def opening(config: LabConfig) -> Iterator[None]:
    """The start of a comparison's hosts. A measurement waits for it. If a measurement runs already, this goes on without
    waiting, because the calling process has other work."""
    descriptor = _open(config, "work")
    try:
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


@asynccontextmanager
async def quiet(config: LabConfig, patience: float) -> AsyncIterator[bool]:
    """Waits until nobody works, for at most `patience` seconds. Yields whether that was reached; if not, the caller measures
    all the same and says so."""
    async with _held(config, "work", fcntl.LOCK_EX, patience) as got:
        yield got


@asynccontextmanager
async def trips_first(config: LabConfig) -> AsyncIterator[None]:
    """Held from the beginning of a column until its round trips are measured."""
    async with _held(config, "trips", fcntl.LOCK_SH, WAIT):
        yield


@asynccontextmanager
async def rates_last(config: LabConfig, patience: float) -> AsyncIterator[bool]:
    """Waits until no column still measures round trips, for at most `patience` seconds, because throughput takes long. Yields
    whether that was reached."""
    async with _held(config, "trips", fcntl.LOCK_EX, patience) as got:
        yield got


@asynccontextmanager
async def _held(config: LabConfig, name: str, how: int, patience: float) -> AsyncIterator[bool]:
    descriptor = _open(config, name)
    try:
        yield await _taken(descriptor, how, time.monotonic() + patience)
    finally:
        os.close(descriptor)


def _open(config: LabConfig, name: str) -> int:
    config.run_dir.mkdir(parents=True, exist_ok=True)
    return os.open(config.run_dir / f"compare-{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


async def _taken(descriptor: int, how: int, until: float) -> bool:
    while True:
        try:
            fcntl.flock(descriptor, how | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            await asyncio.sleep(STEP)
        else:
            return True
