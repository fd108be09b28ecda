"""What a sandbox was like before a page was opened: one whole snapshot, and the events after it.

The stream holds the events of the last hour or so. An event says what is there now, not what was there before, so the past can
only be built from a whole snapshot. The snapshot at the beginning of the stream is soon deleted. Therefore the relay keeps up
to ten more snapshots beside the stream. A page gets the earliest one after which no event is missing, and those events.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import redis as redis_package
import redis.asyncio as redis_asyncio

from explorer.sandboxes.events import events_key, snapshots_key, type_of
from explorer.sandboxes.streams import KEPT_SECONDS

EVENTS_BETWEEN, BYTES_BETWEEN = 200, 1024 * 1024
SNAPSHOTS, SNAPSHOT_BYTES = 10, 6 * 1024 * 1024  # kept beside a stream
CHANGES_TOLD, BYTES_TOLD = 500, 6 * 1024 * 1024  # at most, to one page; it keeps more than this, so new events fit
CHANGES = {"snapshot_taken", "place_seen", "place_gone", "view_changed", "docker_changed"}
TOLD = CHANGES | {"happened"}


class SnapshotKeeper:
    """Used by the relay. `passed` counts each published event; `keep` saves a snapshot when enough events or bytes went by."""

    def __init__(self, redis: redis_asyncio.Redis, sandbox: str) -> None:
        self._redis, self._key = redis, snapshots_key(sandbox)
        self._events = self._bytes = 0

    def passed(self, size: int) -> None:
        self._events += 1
        self._bytes += size

    async def keep(self, generation: int, number: int, snapshot: str) -> None:
        """`snapshot` is the snapshot of event `number` as JSON."""
        if self._events < EVENTS_BETWEEN and self._bytes < BYTES_BETWEEN:
            return
        self._events = self._bytes = 0
        most = max(1, min(SNAPSHOTS, SNAPSHOT_BYTES // len(snapshot)))
        await self._redis.zadd(self._key, {f"{generation} {number} {snapshot}": number})
        await self._redis.zremrangebyrank(self._key, 0, -most - 1)
        await self._redis.expire(self._key, KEPT_SECONDS)


@dataclass(frozen=True, slots=True)
class Told:
    """An event as its text lies in the stream, with its number and type."""

    number: int
    kind: str
    text: bytes


@dataclass(frozen=True, slots=True)
class Beginning:
    """A whole snapshot at event `number`. `first`: the sandbox's present generation began with it."""

    number: int
    at: float
    snapshot: str
    first: bool = False


def read_past(client: redis_package.Redis, sandbox: str, generation: int, before: int) -> str | None:
    """JSON text: the earliest snapshot from which the events can be told, and the events after it up to event `before`. None
    when there is no such snapshot.

    At most 500 changes and 6 MB are told. When `before` is the first snapshot itself, the answer has no events.
    """
    with client.pipeline(transaction=True) as pipe:
        pipe.xrange(events_key(sandbox), "-", f"{before}-0")
        pipe.zrangebyscore(snapshots_key(sandbox), "-inf", before - 1)
        entries, snapshots = cast("tuple[list[Any], list[bytes]]", tuple(pipe.execute()))
    events = [told for entry, fields in entries if (told := _told(entry, fields))]
    if not entries:
        return None
    oldest = int(entries[0][0].split(b"-")[0])
    for beginning in sorted(_beginnings(events, snapshots, generation, oldest), key=lambda one: one.number):
        if beginning.number == before and not beginning.first:
            continue
        after = [event for event in events if beginning.number < event.number]
        size = len(beginning.snapshot) + sum(len(event.text) for event in after)
        if size <= BYTES_TOLD and sum(event.kind in CHANGES for event in after) <= CHANGES_TOLD:
            return _write(beginning, after, before)
    return None


def _told(entry: bytes, fields: dict[bytes, bytes]) -> Told | None:
    kind = type_of(fields)
    return Told(int(entry.split(b"-")[0]), kind, fields[b"e"]) if kind in TOLD else None


def _beginnings(events: list[Told], snapshots: list[bytes], generation: int, oldest: int) -> Iterator[Beginning]:
    first = oldest == 1  # nothing was trimmed: the first snapshot of all is there
    for event in events:
        if event.kind == "snapshot_taken":
            told = json.loads(event.text)
            if told["snapshot"]["generation"] == generation:
                yield Beginning(event.number, told["at"], json.dumps(told["snapshot"]), first)
                first = False
    for kept in snapshots:
        of, number, snapshot = kept.decode().split(" ", 2)
        if int(of) == generation and oldest <= int(number) + 1:
            yield Beginning(int(number), json.loads(snapshot)["at"], snapshot)


def _write(beginning: Beginning, events: list[Told], before: int) -> str:
    """Puts the JSON together without parsing the snapshot and the events."""
    head = {"number": beginning.number, "at": beginning.at, "first": beginning.first, "before": before}
    told = ",".join(event.text.decode("utf-8", "replace") for event in events)
    return f'{json.dumps(head)[:-1]}, "snapshot": {beginning.snapshot}, "events": [{told}]}}'
