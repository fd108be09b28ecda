"""Each part is killed, and is stopped for a while, at every phase of a sandbox's life."""

from __future__ import annotations

import asyncio
import signal
import time

import pytest

from bench.churn.parts import send
from bench.learner import Learner
from tests.faults.learner import Seen, leave, patiently, settled, truth, whole

pytestmark = pytest.mark.timeout(600)
STOPPED = 8.0  # seconds
PARTS = ("worker", "relay", "web", "valkey", "engine", "dockerd", "host")
OLD = {"relay", "web", "valkey"}  # without these nobody can say what is in a sandbox now


def aim(site, part, how):
    if part == "host":
        inside = site.host()
        return inside[:1] if how == "kill" else inside
    if part == "dockerd":
        return [site.parts.dockerd()]
    return [site.parts.pid(part)] if how == "kill" else site.parts.session(part)


async def hit(site, part, how):
    pids = aim(site, part, how)
    if how == "kill":
        for pid in filter(None, pids):
            send(pid, signal.SIGKILL)
        return
    stopped = site.parts.stop(pids)
    await asyncio.sleep(STOPPED)
    site.parts.go_on(stopped)


async def reach(phase, learner, seen):
    """The sandbox is in that phase of its life."""
    if phase == "open":
        await seen.until("opening", "ready")
        return
    await seen.until("ready")
    await seen.until_live()
    if phase == "reset":
        await asyncio.to_thread(learner.post, f"/sandboxes/{learner.sandbox}/reset/")
    elif phase == "close":
        await asyncio.to_thread(learner.click_close)


@pytest.mark.parametrize("phase", ["open", "run", "reset", "close"])
@pytest.mark.parametrize("how", ["kill", "stop"])
@pytest.mark.parametrize("part", PARTS)
async def test_a_part_is_hit(site, told, part, how, phase):
    learner = Learner(site)
    await asyncio.to_thread(learner.click_open)
    seen = Seen(learner)
    await reach(phase, learner, seen)
    began = time.monotonic()
    await hit(site, part, how)
    took = await whole(site, time.monotonic())
    if site.row(learner.sandbox)[0] == "ready":
        await seen.until_live(20)
    await settled(lambda: seen.told[-1:] == [site.row(learner.sandbox)[0]], 10)
    truth(site, seen, learner.sandbox)
    if phase == "run" and part in OLD:
        noticed = [at - began for at in seen.old_at if at > began]
        assert how == "kill" or (noticed and noticed[0] < 5.5), f"the page did not say that it may be old: {noticed}"
    if (part, how, phase) == ("host", "kill", "run"):
        assert site.row(learner.sandbox)[0] == "failed", "its only host is gone, and nobody said so"
    said = seen.said()
    await leave(site, learner, seen)
    leaks = await asyncio.to_thread(site.leaks)
    told(
        injected=part,
        how="kill -9" if how == "kill" else f"SIGSTOP for {STOPPED:.0f} s",
        phase=phase,
        whole=took,
        saw=said,
        leaks=leaks,
    )
    assert leaks == []
    await patiently(lambda: Learner(site))
