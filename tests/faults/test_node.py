"""The whole node: rebooted, paused for ten minutes, its clock moved; and tasks that come twice, disordered and days late."""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
import time

import pytest

from bench import stack
from bench.learner import Learner
from tests.faults.learner import Seen, leave, settled, truth, whole
from tests.faults.test_parts import reach

pytestmark = pytest.mark.timeout(600)
PHASES = ("open", "run", "reset", "close")
DAYS = "UPDATE sandboxes_action SET created_at = strftime('%Y-%m-%d %H:%M:%f', created_at, '-3 days') WHERE state != 'accepted'"
PAUSED, REALLY = 600.0, 20.0  # seconds: what the rows say, and what it takes here
SILENT = "accepts and answers nothing for 75 s; its clients give up, then it makes all that it was asked for"
LEFT = "all processes gone, leftovers on the disk, started again"
TIMES = ("moved_at", "created_at", "ready_at", "expires_at")


def shift(site, seconds):
    """Moves every time of the rows by so many seconds: the same as the clock moved the other way."""
    sets = ", ".join(f"{name} = strftime('%Y-%m-%d %H:%M:%f', {name}, '{seconds:+.0f} seconds')" for name in TIMES)
    site.write(f"UPDATE sandboxes_sandbox SET {sets} WHERE ended_at IS NULL")  # noqa: S608 - names of ours
    for table, name in (("sandboxes_action", "created_at"), ("sandboxes_node", "seen_at")):
        site.write(f"UPDATE {table} SET {name} = strftime('%Y-%m-%d %H:%M:%f', {name}, '{seconds:+.0f} seconds')")  # noqa: S608


async def begin(site, phase):
    learner = Learner(site)
    await asyncio.to_thread(learner.click_open)
    seen = Seen(learner)
    await reach(phase, learner, seen)
    return learner, seen


async def finish(site, told, learner, seen, took, **row):
    await settled(lambda: seen.told[-1:] == [site.row(learner.sandbox)[0]], 10)
    truth(site, seen, learner.sandbox)
    said = seen.said()
    await leave(site, learner, seen)
    leaks = await asyncio.to_thread(site.leaks)
    told(whole=took, saw=said, leaks=leaks, **row)
    assert leaks == []


@pytest.mark.parametrize("phase", PHASES)
async def test_the_node_is_rebooted(site, told, phase):
    learner, seen = await begin(site, phase)
    await asyncio.to_thread(site.cut_power)
    await asyncio.to_thread(site.start)
    took = await whole(site, time.monotonic())
    await finish(
        site,
        told,
        learner,
        seen,
        took,
        injected="node",
        how=LEFT,
        phase=phase,
    )


@pytest.mark.parametrize("phase", PHASES)
async def test_the_node_is_paused_for_ten_minutes(site, told, phase):
    """As a machine that was suspended. The ten minutes are in the rows; every process stands still for twenty seconds."""
    learner, seen = await begin(site, phase)
    stopped = site.parts.stop(site.every_process())
    await asyncio.sleep(REALLY)
    await asyncio.to_thread(shift, site, -PAUSED + REALLY)
    site.parts.go_on(stopped)
    took = await whole(site, time.monotonic())
    assert site.row(learner.sandbox)[0] in (("ready",) if phase in ("run", "reset") else ("ready", "failed", "closed"))
    how = f"all processes stopped for {REALLY:.0f} s, rows {PAUSED:.0f} s older"
    await finish(site, told, learner, seen, took, injected="node", how=how, phase=phase)


@pytest.mark.parametrize(("moved", "ends"), [(3500.0, "ready"), (-3600.0, "ready"), (7200.0, "expired")])
async def test_the_clock_is_moved(site, told, moved, ends):
    """A sandbox lives an hour. Its rows are moved the other way, for the machine's own clock must not be touched."""
    learner, seen = await begin(site, "run")
    await asyncio.to_thread(shift, site, -moved)
    await asyncio.sleep(12)  # a sweep
    took = await whole(site, time.monotonic())
    assert site.row(learner.sandbox)[0] == ends
    await finish(site, told, learner, seen, took, injected="clock", how=f"{moved:+.0f} s (rows moved instead)", phase="run")


async def test_tasks_come_twice_out_of_order_and_late(site, told):
    """Every task that was ever sent, three times, in any order, while a sandbox runs; those of long ago are among them."""
    learner, seen = await begin(site, "run")
    actions = site.rows("SELECT kind, id, sandbox_id FROM sandboxes_action")
    site.write(DAYS)
    again = [(f"explorer.sandboxes.tasks.{kind}_sandbox", action) for kind, action, _ in actions] * 3
    random.Random(7).shuffle(again)  # noqa: S311
    before = site.on_engine()
    code = (
        "import sys, json; from explorer.celery import app\n"
        "for task, action in json.load(sys.stdin): app.send_task(task, args=[action], queue='node.node1')"
    )
    argv, more = (
        [sys.executable, "-c", code],
        {"cwd": stack.ROOT, "env": site.settings, "input": json.dumps(again), "text": True},
    )
    await asyncio.to_thread(lambda: subprocess.run(argv, check=True, **more))
    await asyncio.sleep(5)
    took = await whole(site, time.monotonic())
    assert site.on_engine() == before
    how = f"{len(again)} tasks of {len(actions)} actions, three times each, shuffled, dated three days ago"
    await finish(site, told, learner, seen, took, injected="task", how=how, phase="run")


@pytest.mark.parametrize("phase", ["open", "reset"])
async def test_what_is_created_after_the_client_gave_up_does_not_stay(site, told, phase):
    """The engine accepts and does not answer for longer than a client waits; then it does everything it was asked."""
    learner, seen = await begin(site, phase)
    stopped = site.parts.stop([site.parts.dockerd()])
    await asyncio.sleep(75)
    site.parts.go_on(stopped)
    took = await whole(site, time.monotonic())
    await finish(site, told, learner, seen, took, injected="dockerd", how=SILENT, phase=phase)
