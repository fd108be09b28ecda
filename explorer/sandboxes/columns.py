"""Changes the rows of a comparison's columns and tells browsers about the change.

A column waits until its sandbox is ready; then the relay of its node measures it (`node.relay.column_desk`). A column ends
once: it is complete, it failed with a reason, or the node lacks what it needs. When the last column ends, the comparison is
done.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import structlog
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from explorer.network.comparison import Column as Result
from explorer.network.comparison import Variant
from explorer.sandboxes import streams
from explorer.sandboxes.events import ColumnMoved, ComparisonChanged, Event, comparison_stream
from explorer.sandboxes.models import Column, Comparison, Sandbox

log = structlog.get_logger(__name__)

COLUMN_BYTES = 1024 * 1024  # of one column's result, encoded
CUTS: tuple[tuple[str, str, Any], ...] = (  # parts that are left out of a result that is larger, in this order
    ("snapshot", "The picture of all places", None),
    ("journeys", "The way of its packets", {}),
    ("before", "What was on the host before", {}),
    ("after", "What was on the host afterwards", {}),
    ("added", "What was added to the host", ()),
    ("commands", "What was done", ()),
    ("cells", "The table", ()),
)
KEPT_PARSED = 12  # how many parsed results are cached
QUEUED = "waiting for a free place"
CLOSED = "Its sandbox was closed before the column was complete."


def move(column: Column, states: Iterable[str], *, by: str | None = None, **fields: Any) -> bool:
    """Changes the row if its state is one of `states` (and, with `by`, that relay measures it). Of several callers at once,
    one gets True. A state that is an end also ends the comparison when no other column is unfinished.
    """
    rows = Column.objects.filter(pk=column.pk, state__in=list(states))
    if by is not None:
        rows = rows.filter(runner=by)
    now = timezone.now()
    ends = fields.get("state") not in (None, *Column.UNFINISHED)
    if not rows.update(moved_at=now, version=F("version") + 1, **fields, **({"finished_at": now} if ends else {})):
        return False
    transaction.on_commit(lambda: tell(column.pk))
    if ends:
        finish_comparison(column.comparison_id)
    return True


def fail(column: Column, reason: str, *, by: str | None = None) -> bool:
    states = Column.UNFINISHED if by is None else (Column.State.RUNNING,)
    return move(column, states, by=by, state=Column.State.FAILED, reason=reason[:500])


def finish_comparison(comparison: str) -> bool:
    """Marks the comparison as done if all its columns have ended. True when this call did it. It may be called again at any
    time.
    """
    if Column.objects.filter(comparison=comparison, state__in=Column.UNFINISHED).exists():
        return False
    rows = Comparison.objects.filter(pk=comparison, state=Comparison.State.RUNNING)
    if not rows.update(state=Comparison.State.DONE, ended_at=timezone.now()):
        return False
    transaction.on_commit(lambda: tell_comparison(comparison))
    return True


def follow(sandbox: Sandbox) -> None:
    """Brings a column up to date with its sandbox: its phase, or its failure when the sandbox ended. The reconciler repeats
    this.
    """
    column = Column.objects.filter(sandbox=sandbox, state__in=Column.UNFINISHED).first()
    if column is None:
        return
    if sandbox.state in Sandbox.OVER or sandbox.state == Sandbox.State.CLOSING:
        fail(column, without_advice(sandbox.reason) or CLOSED)
        return
    phase = QUEUED if sandbox.state == Sandbox.State.QUEUED else sandbox.phase
    if column.state == Column.State.WAITING and column.phase != phase:
        move(column, [Column.State.WAITING], phase=phase[:60])


def without_advice(reason: str) -> str:
    """The reason without its last sentence when that sentence tells a learner to open a new sandbox. For a column that is no
    use.
    """
    said, _, advice = reason.rpartition(". ")
    return f"{said}." if said and "progress is kept" in advice else reason


def encode(result: Result) -> tuple[str, Result]:
    """The result as JSON text of at most `COLUMN_BYTES` characters, and the result that this text holds. When it is too large,
    the parts in `CUTS` are left out in that order, and a note says so.
    """
    text = result.model_dump_json()
    for name, part, nothing in CUTS:
        if len(text) <= COLUMN_BYTES:
            break
        note = f"{part} was too large to be kept."
        result = result.model_copy(update={name: nothing, "notes": (*result.notes, note)})
        text = result.model_dump_json()
    return text, result


@lru_cache(maxsize=KEPT_PARSED)
def _parse(result: str) -> Result:
    """Cached, because a page asks for all columns whenever one of them has changed."""
    return Result.model_validate_json(result)


def read_result(column: Column) -> Result:
    """What is known of the column now: state, phase and error from the row, the rest from the result that was saved."""
    variant = Variant.model_validate(column.variant)
    seen = _parse(column.result) if column.result else Result(variant=variant)
    failed = column.state in (Column.State.FAILED, Column.State.LACKS)
    return seen.model_copy(
        update={
            "state": column.state,
            "phase": column.phase,
            "error": column.reason if failed else "",
            "failed_at": column.phase if column.state == Column.State.FAILED else "",
        }
    )


def describe(column: Column) -> ColumnMoved:
    """The event from which the page's header of this column is drawn."""
    waits = column.state == Column.State.WAITING and column.sandbox is not None
    return ColumnMoved(
        at=time.time(),
        column=column.key,
        state=column.state,
        phase=column.phase,
        reason=column.reason[:500],
        position=queue_position(column.sandbox) if waits and column.sandbox else None,
        cells=column.cells,
        version=column.version,
    )


def queue_position(sandbox: Sandbox) -> int | None:
    """The place in the queue, from 1; None when the sandbox is not queued."""
    if sandbox.state != Sandbox.State.QUEUED:
        return None
    return Sandbox.objects.filter(state=Sandbox.State.QUEUED, created_at__lt=sandbox.created_at).count() + 1


def describe_comparison(comparison: Comparison) -> ComparisonChanged:
    return ComparisonChanged(at=time.time(), state=comparison.state, reason=comparison.reason[:500])


def tell(column_id: int) -> None:
    """Tells browsers what the column's row says now. When Redis does not answer, this is only logged."""
    column = Column.objects.select_related("sandbox").defer("result").filter(pk=column_id).first()
    if column:
        _publish(column.comparison_id, describe(column))


def tell_comparison(comparison: str) -> None:
    found = Comparison.objects.filter(pk=comparison).first()
    if found is None:
        return
    _publish(comparison, describe_comparison(found))
    if found.state != Comparison.State.RUNNING:
        try:
            streams.retire(streams.redis(), comparison_stream(comparison))
        except (streams.RedisError, OSError) as error:
            log.warning("not retired", comparison=comparison, error=str(error))


def _publish(comparison: str, event: Event) -> None:
    try:
        streams.publish(streams.redis(), comparison_stream(comparison), event)
    except (streams.RedisError, OSError) as error:
        log.warning("not told", comparison=comparison, what=event.type, error=str(error))
