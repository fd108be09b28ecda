"""What holds the state: Redis emptied; the database locked, read-only, restored from before, on a full disk."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import time
from contextlib import closing, contextmanager, suppress

import pytest
import redis

from bench.learner import Learner
from explorer.lab.hosts import lifecycle
from tests.faults.learner import Seen, leave, patiently, settled, truth, whole
from tests.faults.site import WHOLE
from tests.faults.test_parts import reach

pytestmark = pytest.mark.timeout(600)
LOCKED = 30.0


@contextmanager
def locked(site):
    with closing(sqlite3.connect(site.database, timeout=60, isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            database.execute("ROLLBACK")


@contextmanager
def read_only(site):
    """The directory of the database, for every part; web has mounts of its own. It is made read-only at another place first: a
    mount on which a file is open for writing cannot be.
    """
    where, aside = str(site.state), site.state.with_name("read-only")
    aside.mkdir(exist_ok=True)
    spaces = ((), ("nsenter", f"--mount=/proc/{site.parts.pid('web')}/ns/mnt"))
    try:
        for into in spaces:
            subprocess.run([*into, "mount", "--bind", where, aside], check=True)
            subprocess.run([*into, "mount", "-o", "remount,bind,ro", aside], check=True)
            subprocess.run([*into, "mount", "--bind", aside, where], check=True)
        yield
    finally:
        for into in spaces:
            for place in (where, aside):
                subprocess.run([*into, "umount", "-l", place], check=False)


async def meets(site, told, phase, fault, **row):
    """A learner meets the fault in that phase; afterwards everything agrees and the page says what the row says."""
    learner = Learner(site)
    await asyncio.to_thread(learner.click_open)
    seen = Seen(learner)
    await reach(phase, learner, seen)
    await fault()
    took = await whole(site, time.monotonic())
    await settled(lambda: seen.told[-1:] == [site.row(learner.sandbox)[0]], 10)
    truth(site, seen, learner.sandbox)
    said = seen.said()
    await leave(site, learner, seen)
    leaks = await asyncio.to_thread(site.leaks)
    told(phase=phase, whole=took, saw=said, leaks=leaks, **row)
    assert leaks == []


@pytest.mark.parametrize("phase", ["open", "run", "reset", "close"])
async def test_redis_is_emptied(site, told, phase):
    async def fault():
        with redis.Redis(unix_socket_path=str(site.lab.run_dir / "valkey" / "socket")) as client:
            client.flushall()

    await meets(site, told, phase, fault, injected="Redis", how="emptied")


@pytest.mark.parametrize("phase", ["open", "run", "reset", "close"])
async def test_the_database_is_locked(site, told, phase):
    async def fault():
        with locked(site):
            await asyncio.sleep(LOCKED)

    await meets(site, told, phase, fault, injected="database", how=f"locked for {LOCKED:.0f} s")


@pytest.mark.parametrize("phase", ["open", "run", "reset", "close"])
async def test_the_database_is_read_only(site, told, phase):
    """What cannot be kept is not accepted, and the learner is told that it is ours."""
    answers = []

    async def fault():
        before = site.rows("SELECT count(*) FROM sandboxes_sandbox")
        with read_only(site):
            other = await asyncio.to_thread(Learner, site)
            answer = await asyncio.to_thread(
                other.http.post,
                f"{site.address}/sandboxes/open/",
                data={"lesson": "bridge"},
                headers={"X-CSRFToken": other.http.cookies.get("csrftoken") or "", "Origin": site.address},
                timeout=60,
            )
            answers.append((answer.status_code, answer.text))
            await asyncio.sleep(15)
        assert site.rows("SELECT count(*) FROM sandboxes_sandbox") == before

    await meets(site, told, phase, fault, injected="database", how="read-only for 15 s")
    status, text = answers[0]
    assert status >= 500, text[:500]
    assert "Traceback" not in text


@pytest.mark.parametrize("phase", ["open", "run", "reset", "close"])
async def test_the_disk_is_full(site, told, phase):
    """The file system of the state: database, logs. It is a small one of its own."""

    async def fault():
        filler = site.state / "filler"
        with filler.open("wb") as out, suppress(OSError):
            while True:
                out.write(bytes(2**20))
        try:
            await asyncio.sleep(20)
        finally:
            filler.unlink()

    await meets(site, told, phase, fault, injected="disk", how="of the database full for 20 s (a loop file system)")


BECOMES = {"queued": "ready", "opening": "ready", "ready": "failed", "resetting": "ready", "closing": "closed"}


@pytest.mark.parametrize("phase", ["open", "run", "reset", "close"])
async def test_the_database_is_restored_from_before(site, told, phase):
    """What the restored rows do not know is not deleted at once. What they call running fails, with a reason; what they call
    half done is done to its end.
    """
    known, unknown = Learner(site), Learner(site)
    await asyncio.to_thread(known.click_open)
    first = Seen(known)
    await reach(phase, known, first)
    backup = site.state.parent / "backup.sqlite3"
    with closing(sqlite3.connect(site.database)) as now, closing(sqlite3.connect(backup)) as kept:
        now.backup(kept)
        was = kept.execute("SELECT state FROM sandboxes_sandbox WHERE id = ?", (known.sandbox,)).fetchone()[0]
    await patiently(known.click_close)
    await leave(site, known, first)
    await asyncio.to_thread(unknown.click_open)
    second = Seen(unknown)
    await second.until("ready")
    began = time.monotonic()
    with closing(sqlite3.connect(backup)) as kept, closing(sqlite3.connect(site.database, timeout=60)) as now:
        kept.backup(now)
    assert await settled(lambda: site.row(known.sandbox)[0] == BECOMES[was], WHOLE), f"{was}: {site.row(known.sandbox)}"
    took = time.monotonic() - began
    there, _ = site.on_engine()
    assert (unknown.sandbox, 1) in there, "the sandbox that no row knows was deleted"
    await second.stop()
    state, _, reason = site.row(known.sandbox)
    said = f"known: {state}{f' (“{reason}”)' if reason else ''}; unknown: its page is not found"
    if state == "ready":
        await patiently(known.click_close)
        assert await settled(lambda: site.row(known.sandbox)[0] == "closed", WHOLE), site.row(known.sandbox)
    lifecycle.close_sandbox(site.lab, unknown.sandbox)  # an operator's decision
    leaks = await asyncio.to_thread(site.leaks)
    told(injected="database", how="restored from before", phase=phase, whole=took, saw=said, leaks=leaks)
    assert leaks == []


async def test_progress_survives(site, told):
    """What was learned stays through the death of every part that could hold it."""
    learner = Learner(site)
    await asyncio.to_thread(learner.click_open)
    seen = Seen(learner)
    await seen.until("ready")
    await patiently(lambda: learner.http.get(f"{site.address}/learn/bridge/", timeout=30))
    before = site.rows("SELECT count(*) FROM sandboxes_progress")
    for part in ("web", "relay", "worker", "valkey"):
        os.kill(site.parts.pid(part), signal.SIGKILL)
    took = await whole(site, time.monotonic())
    assert site.rows("SELECT count(*) FROM sandboxes_progress") >= before
    said = seen.said()
    await leave(site, learner, seen)
    leaks = await asyncio.to_thread(site.leaks)
    told(injected="web, relay, worker, Redis", how="kill -9, all at once", phase="run", whole=took, saw=said, leaks=leaks)
    assert leaks == []
