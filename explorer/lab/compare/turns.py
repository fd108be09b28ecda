"""Who may do heavy work on this node now, and who measures: a measurement waits until nobody works, and has the node to itself.

The lock is the kernel's (flock) and shared by all processes of the node: it goes with whoever held it.
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
WAIT = 30.0  # seconds for those who only work


@asynccontextmanager
async def at_work(config: LabConfig) -> AsyncIterator[None]:
    """Work that would spoil a measurement. Any number at once; waits while somebody measures, which is soon over."""
    async with _held(config, "work", fcntl.LOCK_SH, WAIT):
        yield


@contextmanager
def opening(config: LabConfig) -> Iterator[None]:
    """Hosts of a comparison are being started, by a process that has other things to do than wait: whoever wants to measure
    waits for us; while somebody measures we go on all the same."""
    descriptor = _open(config, "work")
    try:
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


@asynccontextmanager
async def quiet(config: LabConfig, patience: float) -> AsyncIterator[bool]:
    """Yields whether the node is ours; after `patience` seconds we measure all the same, and it has to be said."""
    async with _held(config, "work", fcntl.LOCK_EX, patience) as got:
        yield got


@asynccontextmanager
async def trips_first(config: LabConfig) -> AsyncIterator[None]:
    """From the beginning of a column until its round trips are measured."""
    async with _held(config, "trips", fcntl.LOCK_SH, WAIT):
        yield


@asynccontextmanager
async def rates_last(config: LabConfig, patience: float) -> AsyncIterator[bool]:
    """Throughput takes long, and is measured once every column has its round trips; yields whether all have."""
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
