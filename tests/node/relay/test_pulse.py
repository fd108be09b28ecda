"""What the relay says of itself can be read where /metrics is made; what was dropped counts also after a watch ended."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

from explorer.lab.inside.allowance import Account, exceeded
from explorer.node.relay import pulse
from explorer.node.relay.pulse import Pulse
from explorer.sandboxes import figures
from explorer.sandboxes.heartbeat import RelayCounts, read_counts, relay_key, to_json
from explorer.sandboxes.streams import redis_async


def watch(dropped: int, shells: int = 0) -> Any:
    return SimpleNamespace(
        telling=SimpleNamespace(lines_dropped=dropped), terminals=SimpleNamespace(shells=dict.fromkeys(range(shells)))
    )


def pulse_of(watches: dict[str, Any]) -> Pulse:
    return Pulse(cast(Any, None), "node1", watches, cast(Any, SimpleNamespace(lost=2)))


def test_what_a_watch_dropped_still_counts_when_it_is_gone():
    watches = {"a": watch(3, shells=2), "b": watch(4)}
    made = pulse_of(watches)
    assert (made.counts().lines_dropped, made.counts().terminals, made.counts().commands_lost) == (7, 2, 2)
    del watches["a"]
    assert made.counts().lines_dropped == 7
    watches["a"] = watch(1)
    assert made.counts().lines_dropped == 8


def test_a_sandbox_in_debt_is_counted():
    account, before = Account(), exceeded.times
    account.charge(100.0)
    counts = pulse_of({}).counts()
    assert counts.allowance_exceeded == before + 1
    assert counts.sandboxes_late >= 1


def test_it_is_read_back(redis):
    redis.set(relay_key("node1"), to_json(RelayCounts(at=5.0, sandboxes=3)))
    assert read_counts(redis, "node1") == RelayCounts(at=5.0, sandboxes=3)
    assert read_counts(redis, "another") is None


def test_a_newer_relays_count_that_is_not_known_here_is_ignored(redis):
    redis.set(relay_key("node1"), '{"at": 5.0, "sandboxes": 3, "something": 1}')
    assert read_counts(redis, "node1") == RelayCounts(at=5.0, sandboxes=3)


async def test_the_loops_lateness_is_measured(monkeypatch):
    now = iter([0.0, 0.0, 0.3, 0.3, 0.35, 9.0])
    monkeypatch.setattr(pulse, "time", SimpleNamespace(monotonic=lambda: next(now)))
    assert round(await pulse_of({})._lateness(1.0), 2) == 0.25


async def test_what_the_relay_counted_reaches_redis_with_the_heartbeat(redis, monkeypatch):
    beats = asyncio.Event()

    async def once(seconds: float) -> float:
        if beats.is_set():
            await asyncio.Event().wait()
        beats.set()
        return 0.0

    figures.figures.observe("explorer_event_lag_seconds", 0.2, node="node1")
    client = redis_async()
    made = Pulse(client, "node1", {}, cast(Any, SimpleNamespace(lost=0)))
    monkeypatch.setattr(made, "_lateness", once)
    running = asyncio.create_task(made.run())
    for _ in range(500):
        if figures.read_figures(redis):
            break
        await asyncio.sleep(0.02)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await client.aclose()
    (told,) = [one for one in figures.read_figures(redis) if one.name == "explorer_event_lag_seconds"]
    assert told.value == 0.2
    assert read_counts(redis, "node1")
