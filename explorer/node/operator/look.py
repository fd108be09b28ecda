"""Looks once into a sandbox without a relay: runs an observer until everything has been read and nothing changes any more."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from explorer.lab.config import LabConfig
from explorer.lab.watch.observe import Observer
from explorer.network.differ import Change
from explorer.network.grid import Grid
from explorer.network.journeys import Asked, Journeys
from explorer.network.model import DockerState, Place, Snapshot

WHOLE = 5.0  # seconds at most
STILL = 0.4


class LastHeard:
    """A witness that only notes when the last report came."""

    def __init__(self) -> None:
        self.at = time.monotonic()

    async def place_seen(self, place: Place) -> None:
        self.at = time.monotonic()

    async def place_gone(self, place_id: str) -> None:
        self.at = time.monotonic()

    async def view_changed(self, change: Change) -> None:
        self.at = time.monotonic()

    async def docker_changed(self, docker: DockerState) -> None:
        self.at = time.monotonic()

    async def frames_counted(self, place: str, interfaces: Mapping[str, int]) -> None:
        """Ignored: it says nothing about whether everything has been read."""

    async def happened(self, source: Any, place: str, text: str, detail: str = "", deed: Any = None) -> None:
        """Ignored: a single look has no timeline."""


@asynccontextmanager
async def looking(config: LabConfig, sandbox: str, generation: int, facts: dict[str, Any]) -> AsyncIterator[Observer]:
    """An observer that has read every expected place and heard no change for a moment, or that has had `WHOLE` seconds."""
    heard = LastHeard()
    expected = {*facts.get("hosts", {}), *facts.get("machines", {})}
    observer = Observer(config, sandbox, generation, facts, heard)
    task = asyncio.create_task(observer.run())
    try:
        until = time.monotonic() + WHOLE
        while not task.done() and time.monotonic() < until:
            whole = expected <= observer.places.keys() and set(facts.get("hosts", {})) <= observer.docker.keys()
            if whole and time.monotonic() - heard.at > STILL:
                break
            await asyncio.sleep(0.02)
        yield observer
    finally:
        if task.done():
            task.result()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def look_once(config: LabConfig, sandbox: str, generation: int, facts: dict[str, Any]) -> Snapshot:
    async with looking(config, sandbox, generation, facts) as observer:
        places, docker = dict(observer.places), dict(observer.docker)
    return Snapshot(sandbox=sandbox, generation=generation, at=time.time(), places=places, docker=docker)


async def journey_once(config: LabConfig, sandbox: str, generation: int, facts: dict[str, Any], asked: Asked) -> Journeys:
    async with looking(config, sandbox, generation, facts) as observer:
        return await observer.journey(asked)


async def grid_once(config: LabConfig, sandbox: str, generation: int, facts: dict[str, Any]) -> Grid:
    async with looking(config, sandbox, generation, facts) as observer:
        return await observer.reach()
