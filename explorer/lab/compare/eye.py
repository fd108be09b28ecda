"""Observes a column's sandbox while the column is worked on; each line has the time since when it has been there."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from explorer.environment import patient
from explorer.lab.config import LabConfig
from explorer.lab.errors import HostError
from explorer.lab.watch.observe import Observer
from explorer.network.comparison.host import bounded
from explorer.network.differ import Change
from explorer.network.model import DockerState, Observation, Place, Snapshot, View
from explorer.network.views import VIEWS, kept, lasting

WHOLE_SECONDS = patient(6.0)
SHOWN_SECONDS = patient(4.0)
STILL, STILL_SECONDS = 1.0, patient(12.0)  # a busy machine makes pauses between what belongs together
STEP = 0.02
PLACES = 24  # places that are kept with a comparison


class Eye:
    """An observer and its witness. `places` and `docker` are what the observer shows now."""

    def __init__(self, config: LabConfig, sandbox: str, generation: int, facts: dict[str, Any]) -> None:
        self.observer = Observer(config, sandbox, generation, facts, self)
        self._hosts = set(facts.get("hosts", {}))
        self._expected = self._hosts | set(facts.get("machines", {}))
        self._moved = time.monotonic()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self.observer.run())
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    @property
    def places(self) -> dict[str, Place]:
        return self.observer.places

    @property
    def docker(self) -> dict[str, DockerState]:
        return self.observer.docker

    async def whole(self) -> None:
        """Waits until every host and machine was seen, and every host with all compared views. Raises HostError after
        WHOLE_SECONDS."""

        needed = {view for view in lasting() if VIEWS[view].shown == "always"}

        def seen() -> bool:
            hosts = [self.places.get(name) for name in self._hosts]
            return (
                self._expected <= self.places.keys()
                and self._hosts <= self.docker.keys()
                and all(place and needed <= place.views.keys() for place in hosts)
            )

        if not await self._until(seen, WHOLE_SECONDS):
            raise HostError("The sandbox could not be looked at.")

    async def still(self) -> None:
        """Waits until nothing has changed for a moment and no reading waits for the sandbox's allowance, or STILL_SECONDS are
        over."""
        await self._until(lambda: self._rests() and time.monotonic() - self._moved > STILL, STILL_SECONDS)

    def _rests(self) -> bool:
        if self.observer.account.rest() > 0:
            self._moved = time.monotonic()
            return False
        return True

    async def shows(self, place: str) -> bool:
        return await self._until(lambda: place in self.places, SHOWN_SECONDS)

    def snapshot(self) -> Snapshot:
        """The present snapshot, bounded. A daemon gives times in whole seconds, so the beginning of the watching is rounded
        down to a whole second too."""
        places = {
            name: place.model_copy(
                update={
                    "views": {view: _kept(view, seen) for view, seen in place.views.items() if view in kept()},
                    "since": float(math.floor(place.since)),
                }
            )
            for name, place in list(self.places.items())[:PLACES]
        }
        sandbox, generation = self.observer.sandbox, self.observer.generation
        return Snapshot(sandbox=sandbox, generation=generation, at=time.time(), places=places, docker=dict(self.docker))

    async def _until(self, so: Any, seconds: float) -> bool:
        until = time.monotonic() + seconds
        while not so():
            if time.monotonic() > until:
                return False
            if self._task and self._task.done():
                raise HostError("The sandbox went away.")
            await asyncio.sleep(STEP)
        return True

    # --- the observer's witness ---

    async def place_seen(self, place: Place) -> None:
        self._moved = time.monotonic()

    async def place_gone(self, place_id: str) -> None:
        self._moved = time.monotonic()

    async def view_changed(self, change: Change) -> None:
        if change.view in lasting():
            self._moved = time.monotonic()

    async def docker_changed(self, docker: DockerState) -> None:
        self._moved = time.monotonic()

    async def frames_counted(self, place: str, interfaces: Mapping[str, int]) -> None:
        """Ignored: frames do not change what a column shows."""

    async def happened(self, source: Any, place: str, text: str, detail: str = "", deed: Any = None) -> None:
        """Ignored: a column reports its own phases."""


def _kept(view: View, seen: Observation) -> Observation:
    times = {"since": seen.since, "changed": seen.changed} if view in lasting() else {}
    return bounded(seen).model_copy(update=times)
