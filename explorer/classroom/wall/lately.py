"""What the streams of a class's sandboxes said lately. A bounded number of events is read at a time.

When more events came than are read at a time, the newest are read and the older ones left out. So there may have been more
commands than are counted.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from redis import Redis

from explorer.classroom.wall.tiles import Lately, SeatRow
from explorer.sandboxes.events import events_key, number_key, type_of

EVENTS_A_TIME = 25  # of one sandbox
LOOK_BACK = 250  # events, when a sandbox is first looked at
NEW_AT_ONCE = 8  # sandboxes looked back into in one go; the others follow
KEPT = 100  # commands remembered of each
TOLD = {"command", "docker", "driver", "sandbox", "lesson"}  # lines of the kernel are left out, because there are too many
TAKEN = {"happened", "lesson_moved"}  # types of events


def here_key(seat: str) -> str:
    """String that expires; the websocket of the learner's page renews it. So it exists while a page is open."""
    return f"seat:{seat}:here"


@dataclass
class Memory:
    """What is remembered of one sandbox."""

    number: int = -1  # the last event looked at; -1: not looked into yet
    commands: deque[float] = field(default_factory=lambda: deque(maxlen=KEPT))
    hints: deque[float] = field(default_factory=lambda: deque(maxlen=KEPT))
    showing: tuple[str, ...] = ()
    event: str = ""
    event_at: float = 0.0

    def take(self, event: Mapping[str, Any]) -> None:
        if event["type"] == "lesson_moved":
            hints = tuple(event.get("hints", ()))
            if hints and hints != self.showing:
                self.hints.append(event["at"])
            self.showing = hints
        elif event["type"] == "happened" and event["source"] in TOLD:
            if event["source"] == "command":
                self.commands.append(event["at"])
            self.event, self.event_at = event["text"], event["at"]


class Listener:
    """Reads for one class, and remembers between two calls of `read` what was read before."""

    def __init__(self, look_back: int = LOOK_BACK, new_at_once: int = NEW_AT_ONCE) -> None:
        self.look_back, self.new_at_once = look_back, new_at_once
        self.memories: dict[str, Memory] = {}  # by sandbox

    def read(self, redis: Redis, rows: list[SeatRow]) -> dict[str, Lately]:
        """Seat → what is known of it now. At most two round trips to Redis, however many seats there are."""
        sandboxes = [row.sandbox.id for row in rows if row.sandbox]
        self.memories = {one: self.memories.get(one) or Memory() for one in sandboxes}
        keys = [*(here_key(row.id) for row in rows), *map(number_key, sandboxes)]
        found = cast("list[bytes | None]", redis.mget(keys)) if keys else []
        here = {row.id: value is not None for row, value in zip(rows, found, strict=False)}
        self._listen(redis, {one: int(raw or 0) for one, raw in zip(sandboxes, found[len(rows) :], strict=True)})
        return {row.id: self._tell(row, here[row.id]) for row in rows}

    def _listen(self, redis: Redis, newest: dict[str, int]) -> None:
        wanted: list[tuple[str, str, int]] = []
        fresh = 0
        for sandbox, number in newest.items():
            memory = self.memories[sandbox]
            if number < memory.number:  # the stream began anew
                memory.number = -1
            if memory.number < 0 and fresh < self.new_at_once:
                fresh += 1
                wanted.append((sandbox, "-", self.look_back))
            elif 0 <= memory.number < number:
                wanted.append((sandbox, f"({memory.number}-0", EVENTS_A_TIME))
        with redis.pipeline(transaction=False) as pipe:
            for sandbox, after, most in wanted:
                pipe.xrevrange(events_key(sandbox), "+", after, count=most)
            answers = pipe.execute() if wanted else []
        for (sandbox, _, _), entries in zip(wanted, answers, strict=True):
            self._take(self.memories[sandbox], entries)

    def _take(self, memory: Memory, entries: list[tuple[bytes, dict[bytes, bytes]]]) -> None:
        memory.number = max(memory.number, 0)
        for entry, fields in reversed(entries):
            memory.number = int(entry.partition(b"-")[0])
            if type_of(fields) in TAKEN:
                memory.take(json.loads(fields[b"e"]))

    def _tell(self, row: SeatRow, here: bool) -> Lately:
        memory = self.memories.get(row.sandbox.id) if row.sandbox else None
        if memory is None:
            return Lately(here=here)
        return Lately(here, tuple(memory.commands), tuple(memory.hints), memory.event, memory.event_at)
