"""The present state for a socket that was just opened, read from rows and Redis keys, in the same messages as changes.

These messages have number 0: they are not in the numbered stream, and a page does not count them.
"""

from __future__ import annotations

import json
from typing import Any

from channels.db import database_sync_to_async
from redis.asyncio import Redis

from explorer.sandboxes.changes import describe_row
from explorer.sandboxes.events import (
    EVENT,
    CaptureFacts,
    CapturesChanged,
    GridTold,
    Happened,
    LessonMoved,
    Message,
    TerminalFacts,
    TerminalsChanged,
    TimelineTold,
    captures_key,
    events_key,
    grid_key,
    snapshot_key,
    terminals_key,
    type_of,
)
from explorer.sandboxes.models import Progress, Sandbox
from explorer.sandboxes.progress import UnknownLesson, find_lesson, find_step

LOOK_BACK = 100  # events
TIMELINE_LOOK_BACK = 1_000


def describe_lesson(sandbox: Sandbox) -> LessonMoved | None:
    progress = Progress.objects.filter(learner=sandbox.learner_id, lesson=sandbox.lesson).first()
    if progress is None:
        return None
    passed = tuple(progress.passed.get(progress.step, ()))
    try:
        found = find_step(find_lesson(progress.lesson), progress.step).found(passed)
    except UnknownLesson:
        found = {}
    return LessonMoved(
        lesson=progress.lesson,
        step=progress.step,
        passed=passed,
        found=found,
        answers=progress.outcomes,
        finished=progress.finished_at is not None,
    )


async def last_hints(redis: Redis, told: LessonMoved, sandbox: str) -> tuple[str, ...]:
    """The hints of this step in its last event, if that is among the newest `LOOK_BACK` events; else none. Hints are saved
    nowhere else.
    """
    for _, fields in await redis.xrevrange(events_key(sandbox), count=LOOK_BACK):
        if type_of(fields) == "lesson_moved":
            last = EVENT.validate_json(fields[b"e"])
            same = isinstance(last, LessonMoved) and (last.lesson, last.step) == (told.lesson, told.step)
            return last.hints if same and isinstance(last, LessonMoved) else ()
    return ()


async def read_timeline(redis: Redis, sandbox: str, last: int) -> TimelineTold:
    """The lines of the timeline among the last `TIMELINE_LOOK_BACK` events up to event `last`, oldest first."""
    found = await redis.xrevrange(events_key(sandbox), max=f"{last}-0", count=TIMELINE_LOOK_BACK)
    told = [EVENT.validate_json(fields[b"e"]) for _, fields in reversed(found) if type_of(fields) == "happened"]
    return TimelineTold(happenings=tuple(event for event in told if isinstance(event, Happened)))


async def read_terminals(redis: Redis, sandbox: str) -> list[TerminalFacts]:
    found = await redis.hgetall(terminals_key(sandbox))  # type: ignore[misc]
    return [TerminalFacts.model_validate_json(value) for value in found.values()]


async def read_terminal(redis: Redis, sandbox: str, terminal: str) -> TerminalFacts | None:
    """The terminal of this id if this sandbox has it."""
    raw: bytes | None = await redis.hget(terminals_key(sandbox), terminal)  # type: ignore[misc]
    return TerminalFacts.model_validate_json(raw) if raw else None


async def read_captures(redis: Redis, sandbox: str) -> list[CaptureFacts]:
    """All captures, oldest first."""
    found = await redis.hgetall(captures_key(sandbox))  # type: ignore[misc]
    return sorted((CaptureFacts.model_validate_json(value) for value in found.values()), key=lambda one: one.began)


async def read_grid(redis: Redis, sandbox: str) -> GridTold | None:
    raw: bytes | None = await redis.get(grid_key(sandbox))
    return GridTold.model_validate_json(raw) if raw else None


async def describe(redis: Redis, sandbox: Sandbox) -> list[Message]:
    lesson = await database_sync_to_async(describe_lesson)(sandbox) if sandbox.lesson else None
    if lesson:
        lesson = lesson.model_copy(update={"hints": await last_hints(redis, lesson, sandbox.pk)})
    terminals = await read_terminals(redis, sandbox.pk)
    grid = await read_grid(redis, sandbox.pk)
    return [
        await database_sync_to_async(describe_row)(sandbox),
        TerminalsChanged(terminals=tuple(terminals)),
        CapturesChanged(captures=tuple(await read_captures(redis, sandbox.pk))),
        *([lesson] if lesson else []),
        *([grid] if grid else []),
    ]


async def read_snapshot(redis: Redis, sandbox: str) -> tuple[int, str] | None:
    """The latest snapshot as JSON text, and its number."""
    raw: bytes | None = await redis.get(snapshot_key(sandbox))
    if raw is None:
        return None
    text = raw.decode()
    return int(json.loads(text)["number"]), text


def write_snapshot(number: int, snapshot: str, resync: bool, at: float) -> str:
    head: dict[str, Any] = {"number": number, "at": at, "type": "snapshot_taken", "resync": resync}
    return f'{json.dumps(head)[:-1]}, "snapshot": {snapshot}}}'
