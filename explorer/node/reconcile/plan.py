"""Decides, from the rows and from what the engine has, what a sweep removes and why, what it keeps, and which rows are lost.

Nothing here reads or changes anything, so the same plan is carried out by a sweep and printed by a dry run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from explorer.environment import patient
from explorer.sandboxes.models import Sandbox

State = Sandbox.State
BUDGET = 20  # removals per sweep
BRAKE_ABOVE = 3  # so many doubtful removals are allowed, whatever their share
STRAY_SECONDS = patient(600.0)
MISSING_SECONDS = patient(8.0)  # between two listings that both lack a sandbox, before its row is lost

OVER = "its row is over"
OLDER = "its row has a newer generation"
ELSEWHERE = "its row belongs to another node"
UNNAMED = "no row has named it for ten minutes"
TIME_OVER = "no row names it and its time is over"
SURE = (OVER, OLDER)  # the database positively says so
RESTORED_UNKNOWN = "no row names it, and the database is an older copy than this node has seen"
RESTORED_NEWER = "it is newer than its row: the database is an older copy than this node has seen"


class OnEngine(Protocol):
    """What the engine's labels say about one generation of one sandbox."""

    @property
    def sandbox(self) -> str: ...
    @property
    def generation(self) -> int: ...
    @property
    def expires_at(self) -> float: ...
    @property
    def objects(self) -> int: ...
    @property
    def running(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Removal:
    sandbox: str
    generation: int
    why: str
    objects: int = 0


@dataclass(frozen=True, slots=True)
class Seen:
    """What a plan is made from. `rows` are all rows that `found` names and all rows of this node; they were read before
    `found`, so an object that is newer than them stays.
    """

    node: str
    now: float
    rows: Mapping[str, Sandbox]
    found: Sequence[OnEngine]
    strays: Mapping[str, float] = field(default_factory=dict)  # sandbox without a row → when it was first seen
    missing: Mapping[str, float] = field(default_factory=dict)  # `mark` of a row without hosts → when this was first seen
    restored: bool = False  # the database is an older copy than this node has seen


@dataclass(frozen=True, slots=True)
class Plan:
    remove: tuple[Removal, ...] = ()
    later: tuple[Removal, ...] = ()  # beyond this sweep's budget
    braked: tuple[Removal, ...] = ()  # held back by the brake
    kept: tuple[Removal, ...] = ()  # unknown to a restored database: an operator decides
    lost: tuple[str, ...] = ()  # ready or warm, but two listings of the engine had nothing of it
    missing: Mapping[str, float] = field(default_factory=dict)  # to be remembered until the next listing
    strays: Mapping[str, float] = field(default_factory=dict)


def plan(seen: Seen) -> Plan:
    strays = {one.sandbox: min(seen.strays.get(one.sandbox, seen.now), seen.now) for one in _unnamed(seen)}
    wanted = [removal for one in seen.found if (removal := _removal(seen, one, strays))]
    kept = [removal for one in seen.found if (removal := _kept(seen, one))]
    sure = [one for one in wanted if one.why in SURE]
    doubtful = [one for one in wanted if one.why not in SURE]
    braked = doubtful if _brake(doubtful, seen.found) else []
    going = sure + ([] if braked else doubtful)
    missing = _missing(seen)
    lost = {name for name, since in missing.items() if seen.now - since >= MISSING_SECONDS}
    return Plan(
        remove=tuple(going[:BUDGET]),
        later=tuple(going[BUDGET:]),
        braked=tuple(braked),
        kept=tuple(kept),
        lost=tuple(row.pk for row in seen.rows.values() if mark(row) in lost),
        missing=missing,
        strays=strays,
    )


def mark(row: Sandbox) -> str:
    return f"{row.pk}.{row.generation}"


def _unnamed(seen: Seen) -> list[OnEngine]:
    return [one for one in seen.found if one.sandbox not in seen.rows]


def _removal(seen: Seen, item: OnEngine, strays: Mapping[str, float]) -> Removal | None:
    why = _why(seen, item, strays)
    if not why or (seen.restored and why not in (*SURE, TIME_OVER)):
        return None
    return Removal(item.sandbox, item.generation, why, item.objects)


def _why(seen: Seen, item: OnEngine, strays: Mapping[str, float]) -> str:
    row = seen.rows.get(item.sandbox)
    if row is None:
        if item.expires_at < seen.now:
            return TIME_OVER
        return UNNAMED if seen.now - strays[item.sandbox] > STRAY_SECONDS else ""
    if item.generation < row.generation:
        return OLDER
    if row.state in Sandbox.OVER:
        return "" if seen.restored and item.generation > row.generation else OVER
    return ELSEWHERE if row.node_id is not None and row.node_id != seen.node else ""


def _kept(seen: Seen, item: OnEngine) -> Removal | None:
    """What an operator has to decide about, because the row that it belongs to was lost with the newer database."""
    row = seen.rows.get(item.sandbox)
    if not seen.restored or item.expires_at < seen.now:
        return None
    if row is None:
        return Removal(item.sandbox, item.generation, RESTORED_UNKNOWN, item.objects)
    elsewhere = row.node_id not in (None, seen.node) and row.state not in Sandbox.OVER
    newer = item.generation > row.generation or (elsewhere and item.generation == row.generation)
    return Removal(item.sandbox, item.generation, RESTORED_NEWER, item.objects) if newer else None


def _brake(doubtful: Sequence[Removal], found: Sequence[OnEngine]) -> bool:
    """Whether these are most of what runs here. Then the database or the node's name is probably wrong."""
    going = {one.sandbox for one in doubtful}
    return len(going) > BRAKE_ABOVE and len(going) * 2 > len({one.sandbox for one in found})


def _missing(seen: Seen) -> dict[str, float]:
    """`mark` of each row that should have running hosts here and has none → since when."""
    newest: dict[str, int] = {}
    for one in seen.found:
        if one.running:
            newest[one.sandbox] = max(newest.get(one.sandbox, 0), one.generation)
    return {
        mark(row): min(seen.missing.get(mark(row), seen.now), seen.now)
        for row in seen.rows.values()
        if row.state in (State.READY, State.WARM) and row.node_id == seen.node and newest.get(row.pk, 0) < row.generation
    }
