"""Measures the columns of comparisons: one task for each column, which writes its result to the row as it grows.

This is not a Celery task because a column mostly waits, for up to a minute and a half, and five of them would block the
workers from opening and closing sandboxes. No message is needed either: each second the relay reads from the rows which
columns have a ready sandbox and are not being measured.

The relay that claims a column writes its name into the row, and only that relay can write the result. A column whose relay
went away is measured once more in a new sandbox; the second time it fails.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

import structlog
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import close_old_connections, transaction
from django.db.models import F

from explorer.environment import patient
from explorer.lab.config import LabConfig
from explorer.lab.errors import LabError
from explorer.network.comparison import Column as Result
from explorer.network.comparison import Variant
from explorer.sandboxes import columns, comparisons, life
from explorer.sandboxes.models import Column, Comparison, Sandbox

log = structlog.get_logger(__name__)

Tell = Callable[[str, Result], Awaitable[None]]
LOOK_EVERY = 1.0
COLUMN_SECONDS = patient(90.0)
WRITE_EVERY = 0.15  # seconds between two writings of one growing column
ATTEMPTS = 2
FINAL_TRIES = 5
INTERRUPTED = "The machine's observer was restarted twice while this column was measured. That is ours; please start it again."
TOO_LONG = "It did not come to an end within {seconds:.0f} seconds."
OURS = "This is our fault: it could not be measured, and the log says why."
State = Column.State


class Run(Protocol):
    def __call__(
        self,
        config: LabConfig,
        sandbox: str,
        facts: dict[str, Any],
        variant: Variant,
        tell: Tell,
        *,
        generation: int,
        throughput: bool,
    ) -> Awaitable[Result]: ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """An unfinished column whose sandbox is ready."""

    id: int
    state: str
    runner: str


@dataclass(frozen=True, slots=True)
class Claimed:
    """A column that this relay measures."""

    row: Column
    sandbox: Sandbox
    variant: Variant
    throughput: bool


class ColumnDesk:
    def __init__(self, config: LabConfig, run: Run) -> None:
        self.config, self.measure = config, run
        self.me = uuid.uuid4().hex
        self.tasks: dict[int, asyncio.Task[None]] = {}
        self._look = asyncio.Event()

    def look(self) -> None:
        """Called when a row has changed: reads the rows at once."""
        self._look.set()

    async def run(self) -> None:
        """Runs until it is cancelled. Columns that are being measured then are measured again by the next relay."""
        try:
            while True:
                try:
                    wanted = await sync_to_async(read_wanted)()
                    await self._turn_to(wanted)
                except DatabaseError as error:
                    log.warning("columns not read", error=str(error))
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_EVERY):
                        await self._look.wait()
                self._look.clear()
        finally:
            await self._end(list(self.tasks))

    async def _turn_to(self, wanted: list[Wanted]) -> None:
        self.tasks = {column: task for column, task in self.tasks.items() if not task.done()}
        known = {column.id for column in wanted}
        await self._end([column for column in self.tasks if column not in known])
        for column in wanted:
            if column.id in self.tasks:
                continue
            if column.state == State.WAITING:
                self.tasks[column.id] = asyncio.create_task(self._keep(column.id), name=f"column {column.id}")
            else:  # nobody measures it any more
                await sync_to_async(begin_again)(column)

    async def _end(self, which: list[int]) -> None:
        ended = [self.tasks.pop(column) for column in which]
        for task in ended:
            task.cancel()
        await asyncio.gather(*ended, return_exceptions=True)

    async def _keep(self, column: int) -> None:
        claimed = await sync_to_async(claim)(column, self.me)
        if claimed is None:
            return
        with structlog.contextvars.bound_contextvars(
            comparison=claimed.row.comparison_id, column=claimed.row.key, sandbox=claimed.sandbox.pk
        ):
            notes = Notes(claimed, self.me)
            writing = asyncio.create_task(notes.write())
            try:
                result = await self._measured(claimed, notes)
            finally:
                writing.cancel()
                await asyncio.gather(writing, return_exceptions=True)
            await notes.finish(result)
            log.info("column ended", state=result.state, seconds=result.seconds, error=result.error)

    async def _measured(self, claimed: Claimed, notes: Notes) -> Result:
        """The column's result. An error becomes a failed result that keeps what was measured before it."""
        try:
            async with asyncio.timeout(COLUMN_SECONDS):
                return await self.measure(
                    self.config,
                    claimed.sandbox.pk,
                    claimed.sandbox.facts,
                    claimed.variant,
                    notes.tell,
                    generation=claimed.sandbox.generation,
                    throughput=claimed.throughput,
                )
        except TimeoutError:
            log.warning("column takes too long", phase=notes.last.phase)
            return notes.failed(TOO_LONG.format(seconds=COLUMN_SECONDS))
        except LabError as error:
            log.warning("column failed", error=repr(error), detail=error.detail)
            return notes.failed(str(error))
        except Exception:
            log.exception("column failed in a way nobody foresaw")
            return notes.failed(OURS)


class Notes:
    """The newest result of a column. `write` saves it to the row a moment later."""

    def __init__(self, claimed: Claimed, runner: str) -> None:
        self.row, self.runner = claimed.row, runner
        self.last = Result(variant=claimed.variant, state="running", sandbox=claimed.sandbox.pk)
        self._new = asyncio.Event()

    async def tell(self, phase: str, result: Result) -> None:
        self.last = result.model_copy(update={"phase": phase, "state": "running"})
        self._new.set()

    async def write(self) -> None:
        """Runs until it is cancelled. Saves only the newest result, with a pause of `WRITE_EVERY` between two writes."""
        while True:
            await self._new.wait()
            self._new.clear()
            try:
                if not await sync_to_async(keep)(self.row, self.runner, self.last):
                    return
            except DatabaseError as error:
                log.warning("column not written", error=str(error))
            await asyncio.sleep(WRITE_EVERY)

    def failed(self, error: str) -> Result:
        return self.last.model_copy(
            update={"state": "failed", "error": error[:400], "failed_at": self.last.phase, "phase": self.last.phase}
        )

    async def finish(self, result: Result) -> None:
        if not result.over:
            result = self.failed(OURS)
        for attempt in range(FINAL_TRIES):
            try:
                await sync_to_async(finish)(self.row, self.runner, result)
            except DatabaseError as error:
                log.warning("column not ended; trying again", error=str(error))
                await asyncio.sleep(0.5 * 2**attempt)
            else:
                return


# --- rows; each called in a thread ---


def read_wanted() -> list[Wanted]:
    close_old_connections()
    rows = Column.objects.filter(
        comparison__node_id=settings.NODE_NAME,
        comparison__state=Comparison.State.RUNNING,
        sandbox__state=Sandbox.State.READY,
        state__in=Column.UNFINISHED,
    )
    return [Wanted(*row) for row in rows.order_by("created_at", "position").values_list("pk", "state", "runner")]


def claim(column: int, runner: str) -> Claimed | None:
    """Claims a waiting column for this relay. None when it is no longer waiting; so two relays cannot claim the same column."""
    row = Column.objects.select_related("sandbox", "comparison").filter(pk=column, state=State.WAITING).first()
    if row is None or row.sandbox is None:
        return None
    if not columns.move(row, [State.WAITING], state=State.RUNNING, runner=runner, attempts=F("attempts") + 1, phase="ready"):
        return None
    spec = comparisons.spec_of(row.comparison)
    return Claimed(row, row.sandbox, Variant.model_validate(row.variant), spec.throughput)


def keep(row: Column, runner: str, result: Result) -> bool:
    """Saves the result so far. False when the column is over or another relay has it."""
    text, cut = columns.encode(result)
    return columns.move(row, [State.RUNNING], by=runner, phase=cut.phase[:60], cells=len(cut.cells), result=text)


def finish(row: Column, runner: str, result: Result) -> bool:
    """Ends the column and closes the sandboxes that the comparison no longer needs."""
    text, cut = columns.encode(result)
    with transaction.atomic():
        ended = columns.move(
            row,
            [State.RUNNING],
            by=runner,
            state=State(cut.state),
            phase=(cut.failed_at or cut.phase)[:60],
            reason=cut.error[:500],
            cells=len(cut.cells),
            result=text,
        )
        if ended:
            comparisons.release(row.comparison_id)
    return ended


def begin_again(found: Wanted) -> None:
    """For a column whose relay is gone: closes its sandbox and opens a new one, or, at the second time, fails the column."""
    row = Column.objects.select_related("sandbox", "comparison__node").filter(pk=found.id).first()
    if row is None or row.sandbox is None or row.comparison.node is None:
        return
    with transaction.atomic():
        if row.attempts >= ATTEMPTS:
            moved = columns.fail(row, INTERRUPTED, by=found.runner)
        else:
            new: dict[str, Any] = {"state": State.WAITING, "runner": "", "phase": columns.QUEUED, "result": "", "cells": 0}
            moved = columns.move(row, [State.RUNNING], by=found.runner, sandbox=None, **new)
        if not moved:
            return
        life.close_sandbox(row.sandbox)
        if row.attempts < ATTEMPTS:
            sandbox = comparisons.open_for(row.comparison, Variant.model_validate(row.variant), row.comparison.node)
            columns.move(row, [State.WAITING], sandbox=sandbox)
    log.info("column interrupted", comparison=row.comparison_id, column=row.key, attempts=row.attempts)
