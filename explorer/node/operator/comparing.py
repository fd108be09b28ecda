"""What `manage.py compare` does: a comparison from the command line, on the node's own machine.

When a worker runs here, the command writes rows, sends tasks and follows the rows. Without one it opens, measures and closes
by itself, so an engine alone is enough.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connections

from explorer.lab.compare import run_column
from explorer.lab.hosts import lifecycle
from explorer.network.comparison import Comparison as Told
from explorer.network.comparison.spec import Spec
from explorer.node.operator.actions import Say, worker_is_here
from explorer.node.operator.trouble import Trouble
from explorer.node.relay.column_desk import ColumnDesk
from explorer.node.this_node import ensure_node, lab_config
from explorer.node.work import work
from explorer.sandboxes import comparisons
from explorer.sandboxes.models import Action, Column, Comparison, Learner, Sandbox
from explorer.sandboxes.nodes import read_nodes

STEP = 0.1
GOING_SECONDS = 120.0  # until nothing of it is left on the engine
State = Comparison.State


def compare(spec: Spec, say: Say) -> Told:
    """Runs until every column has ended and every sandbox is closed. When it is interrupted it also closes the sandboxes."""
    here = not worker_is_here()
    if here:
        say("no worker is running: doing it here")
    comparison = start_here(spec) if here else comparisons.start_comparison(Learner.objects.create(), spec, read_nodes())
    with doing(comparison) if here else nothing():
        try:
            follow(comparison, say)
        finally:
            comparisons.end_comparison(comparison, "It was interrupted before this column was complete.")
            comparisons.release(comparison.pk)
            await_gone(comparison, here)
    return comparisons.read_comparison(comparison)


def start_here(spec: Spec) -> Comparison:
    """Starts the comparison on this node without asking how long ago the node's row was renewed."""
    node = ensure_node()
    node.health = {**node.health, "engines": lifecycle.engines(lab_config())}
    node.capacity = node.capacity or lifecycle.capacity(lab_config())
    return comparisons.book(Learner.objects.create(), spec, node)


@contextmanager
def nothing() -> Iterator[None]:
    yield


@contextmanager
def doing(comparison: Comparison) -> Iterator[None]:
    """Does the work of the worker and of the relay in threads of this process."""
    stop = threading.Event()
    threads = [
        threading.Thread(target=_and_close, args=(work.open_sandbox, action.pk), name=f"open {action.sandbox_id}")
        for action in Action.objects.filter(sandbox__comparison=comparison, kind=Action.Kind.OPEN)
    ]
    threads.append(
        threading.Thread(target=_and_close, args=(lambda event: asyncio.run(measure_until(event)), stop), name="desk")
    )
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


async def measure_until(stop: threading.Event) -> None:
    desk = asyncio.create_task(ColumnDesk(lab_config(), run_column).run())
    await asyncio.to_thread(stop.wait)
    desk.cancel()
    await asyncio.gather(desk, return_exceptions=True)


def _and_close(do: Callable[[Any], object], what: Any) -> None:
    try:
        do(what)
    finally:
        connections.close_all()


def follow(comparison: Comparison, say: Say) -> None:
    """Waits until the comparison is over, and prints each phase once."""
    told: dict[str, str] = {}
    until = time.monotonic() + comparisons.LIFE.total_seconds()
    while comparison.state == State.RUNNING:
        if time.monotonic() > until:
            raise Trouble("The comparison did not come to an end. Does a relay run here?")
        comparisons.note_look(comparison.pk)
        for column in comparison.columns.defer("result").all():
            line = f"{column.key}: {column.state if column.state not in Column.UNFINISHED else column.phase}"
            if column.reason:
                line += f": {column.reason}"
            if told.get(column.key) != line:
                told[column.key] = line
                say(line)
        time.sleep(STEP)
        comparison.refresh_from_db()


def await_gone(comparison: Comparison, here: bool) -> None:
    until = time.monotonic() + GOING_SECONDS
    while time.monotonic() < until:
        left = comparison.sandboxes.exclude(state__in=Sandbox.OVER)
        if not left.exists():
            return
        if here:
            closing = Action.objects.filter(sandbox__in=left, kind=Action.Kind.CLOSE, state=Action.State.ACCEPTED)
            for action in list(closing):
                work.close_sandbox(action.pk)
        time.sleep(STEP)
    raise Trouble("Not every sandbox of the comparison has closed yet. The node goes on trying.")
