"""The whole work on one variant: look, make, ask, look again, follow a request, measure. Every result is reported at once.

The sandbox has to be ready; what was made in it stays. The work does not raise because of what a sandbox or a kernel does:
the column then has the state "failed" and says where.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import structlog

from explorer.environment import patient
from explorer.lab.compare import measuring
from explorer.lab.compare.ask import ask
from explorer.lab.compare.batch import Places
from explorer.lab.compare.eye import Eye
from explorer.lab.compare.lacking import lacking
from explorer.lab.compare.make import METER, Failed, Maker
from explorer.lab.compare.turns import at_work, quiet, rates_last, trips_first
from explorer.lab.config import LabConfig
from explorer.lab.errors import LabError
from explorer.network.added import added
from explorer.network.comparison import Cell, Column, Variant
from explorer.network.comparison.host import added_cells, views_of
from explorer.network.comparison.read import read_cells
from explorer.network.comparison.reasons import reason
from explorer.network.comparison.rows import ROWS
from explorer.network.comparison.scene import Heard, Scene
from explorer.network.comparison.variants import CLIENT, PUBLISHED, SERVER
from explorer.network.drivers.compared import NETWORK
from explorer.network.journeys import Asked
from explorer.network.model import Road

log = structlog.get_logger(__name__)
Tell = Callable[[str, Column], Awaitable[None]]
COLUMN_SECONDS = patient(75.0)
QUIET_SECONDS = patient(12.0)
JOURNEY_SECONDS = patient(4.0)
BUSY = "Other work was going on on this node while this was measured."
_ORDER = {row.key: at for at, row in enumerate(ROWS)}


async def run_column(
    config: LabConfig,
    sandbox: str,
    facts: dict[str, Any],
    variant: Variant,
    tell: Tell,
    *,
    generation: int = 1,
    throughput: bool = True,
) -> Column:
    """Does the work. `tell` gets the phase and the column so far, at every phase and whenever a part is finished, one call at
    a time. An exception of `tell` ends the work and is raised here."""
    work = _Work(config, sandbox, facts, variant, generation, throughput)
    telling = asyncio.create_task(work.keep_telling(tell))
    doing = asyncio.create_task(work.run())
    try:
        await asyncio.wait((telling, doing), return_when=asyncio.FIRST_COMPLETED)
        if telling.done():
            telling.result()
        column = await doing
        work.finish()
        await telling
        return column
    finally:
        for task in (doing, telling):
            task.cancel()
        await asyncio.gather(doing, telling, return_exceptions=True)


class _Work:
    def __init__(
        self, config: LabConfig, sandbox: str, facts: dict[str, Any], variant: Variant, generation: int, throughput: bool
    ) -> None:
        self.config, self.sandbox, self.facts, self.variant = config, sandbox, facts, variant
        self.generation, self.throughput = generation, throughput
        self.cells: dict[str, Cell] = {}
        self.answers: dict[str, Heard] = {}
        self.scene: Scene | None = None
        self.began = time.monotonic()
        self.moved, self.finished = asyncio.Event(), False
        engine = str(facts.get("hosts", {}).get("h1", {}).get("engine", ""))
        self.column = Column(variant=variant, state="running", engine=engine, sandbox=sandbox, at=time.time())
        ids = {name: str(about["container"]) for group in ("hosts", "machines") for name, about in facts.get(group, {}).items()}
        self.places = Places(config, ids, variant.program)

    # --- telling ---

    async def keep_telling(self, tell: Tell) -> None:
        """Reports until the last change is reported. Changes that come during a call are reported together."""
        while not (self.finished and not self.moved.is_set()):
            await self.moved.wait()
            self.moved.clear()
            await tell(self.column.phase, self.column)

    def finish(self) -> None:
        self.finished = True
        self.moved.set()

    def put(self, *cells: Cell, **more: Any) -> None:
        explained = (cell if cell.why else cell.model_copy(update={"why": reason(self.variant, cell)}) for cell in cells)
        self.cells |= {cell.row: cell for cell in explained}
        ordered = tuple(sorted(self.cells.values(), key=lambda cell: _ORDER[cell.row]))
        self.column = self.column.model_copy(update={"cells": ordered, **more})
        self.moved.set()

    def phase(self, name: str) -> None:
        now = time.monotonic()
        over = {self.column.phase: round(now - self.began, 2)} if self.column.phase else {}
        self.began = now
        self.put(phase=name, seconds=self.column.seconds | over)

    def hear(self, key: str, heard: Heard) -> None:
        self.answers[key] = heard
        if self.scene:
            self.put(*read_cells(self.scene, self.answers))

    # --- the work ---

    async def run(self) -> Column:
        try:
            if sentence := await asyncio.to_thread(lacking, self.variant):
                self.put(state="lacks", error=sentence, failed_at="looking at what this node can do")
                return self.column
            async with asyncio.timeout(COLUMN_SECONDS), Eye(self.config, self.sandbox, self.generation, self.facts) as eye:
                await self._all(eye)
        except Failed as error:
            self._fail(str(error), failure=error.evidence)
        except TimeoutError:
            self._fail(f"It was not over after {COLUMN_SECONDS:.0f} s.")
        except LabError as error:
            log.warning("column failed", variant=self.variant.id, error=str(error), detail=error.detail)
            self._fail(str(error))
        except Exception as error:
            log.exception("column failed in a way nobody foresaw", variant=self.variant.id)
            self._fail(f"It came to an end nobody foresaw ({type(error).__name__}).")
        return self.column

    def _fail(self, sentence: str, **more: Any) -> None:
        self.put(state="failed", error=sentence[:400], failed_at=self.column.phase, **more)

    async def _all(self, eye: Eye) -> None:
        self.phase("looking at the host")
        await eye.whole()
        before = dict(eye.places)
        self.put(before=views_of(before["h1"]))
        async with trips_first(self.config):
            async with at_work(self.config):
                maker, scene = await self._make()
                await self._ask(scene)
                await self._look(eye, before, scene)
                await self._follow(eye, scene)
                plan = measuring.plan(scene, self.cells)
                if plan.meter:
                    await maker.meter()
                    await eye.shows(f"h1/{METER}")
            await self._measure_trips(eye, plan)
        if self.throughput:
            await self._measure_rates(eye, plan)
        self.phase("done")
        self.put(state="done")

    async def _make(self) -> tuple[Maker, Scene]:
        self.phase("making the network and the containers")
        maker = Maker(self.places, self.facts, self.variant, lambda: self.put(commands=tuple(maker.made)))
        self.answers = maker.heard
        self.scene = scene = await maker.make()
        self.put(*read_cells(scene, self.answers))
        return maker, scene

    async def _ask(self, scene: Scene) -> None:
        self.phase("asking who reaches whom")
        await ask(self.places, scene, self.hear)
        memory = self.cells.get("memory")
        self.put(memory=memory.number if memory else None)

    async def _look(self, eye: Eye, before: dict[str, Any], scene: Scene) -> None:
        self.phase("looking at what was added")
        await eye.still()
        snapshot = eye.snapshot()
        owners = [f"network:{NETWORK}"] if self.variant.plugin else []
        owners += [f"container:{SERVER}", f"container:{CLIENT}"]
        self.put(
            *added_cells(before, snapshot.places, by_family=scene.by_family),
            after=views_of(snapshot.places["h1"]),
            snapshot=snapshot,
            added=tuple(added(snapshot, "h1", owner) for owner in owners),
        )

    async def _follow(self, eye: Eye, scene: Scene) -> None:
        self.phase("following a request")
        source = "h2/far" if self.variant.spans_hosts else f"h1/{CLIENT}"
        ways = {"outward": Asked(source=f"h1/{CLIENT}", target="outside", kind="http")}
        if scene.server_at:
            ways["between"] = Asked(source=source, target=f"h1/{SERVER}", kind="http")
        ways["published"] = Asked(source="outside", target="h1", kind="http", port=PUBLISHED)
        for way, asked in ways.items():
            with suppress(TimeoutError):
                async with asyncio.timeout(JOURNEY_SECONDS):
                    journey = await eye.observer.journey(asked)
                    self.put(journeys={**self.column.journeys, way: journey})

    async def _measure_trips(self, eye: Eye, plan: measuring.Plan) -> None:
        self.phase("waiting for a quiet moment to measure")
        async with quiet(self.config, QUIET_SECONDS) as alone:
            self.phase("measuring round trips")
            measured = await eye.observer.measure(self._roads(plan), measuring.TRIPS)
        self._note(alone)
        self.put(*measuring.trip_cells(plan, measured, self.answers, self.cells), noise=measuring.noise_of(measured))

    async def _measure_rates(self, eye: Eye, plan: measuring.Plan) -> None:
        self.phase("waiting for a quiet moment to measure throughput")
        async with rates_last(self.config, QUIET_SECONDS) as others_done, quiet(self.config, QUIET_SECONDS) as alone:
            self.phase("measuring throughput")
            measured = await eye.observer.measure(self._roads(plan), measuring.RATES)
        self._note(others_done and alone)
        self.put(*measuring.rate_cells(plan, measured, self.cells))

    def _roads(self, plan: measuring.Plan) -> list[Road]:
        return [measuring.loopback(), *plan.roads.values()]

    def _note(self, alone: bool) -> None:
        if not alone:
            self.put(notes=tuple(dict.fromkeys((*self.column.notes, BUSY))))
