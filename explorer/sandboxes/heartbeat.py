"""What a relay says of itself every few seconds, for operators: that it lives, how late its loop was, what costs too much."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields

import redis as redis_package

EVERY, KEPT = 5.0, 20  # seconds


@dataclass(frozen=True, slots=True)
class RelayCounts:
    """Totals count since the relay started; the others are of this moment, or of the time since the last heartbeat."""

    at: float = 0.0  # Unix time
    sandboxes: int = 0  # watched now
    terminals: int = 0  # open now
    sandboxes_late: int = 0  # sandboxes that have used up their allowance now: they are shown late
    allowance_exceeded: int = 0  # total: how often a sandbox used up its allowance
    output_exceeded: int = 0  # total: how often the terminals of a sandbox printed more than its allowance
    allowance_waited: float = 0.0  # total seconds that work waited for its sandbox's allowance
    work_seconds: float = 0.0  # total seconds of work that grows with what hosts offer
    work_longest: float = 0.0  # seconds of the longest piece of it, since the start
    loop_late: float = 0.0  # seconds: the longest that the event loop was held up since the last heartbeat
    lines_dropped: int = 0  # total: lines of timelines that went by too fast and were only counted
    commands_lost: int = 0  # total: how often commands could not be followed


def relay_key(node: str) -> str:
    return f"node:{node}:relay"


def to_json(counts: RelayCounts) -> str:
    return json.dumps(asdict(counts))


def read_counts(client: redis_package.Redis, node: str) -> RelayCounts | None:
    """The last heartbeat of a node's relay; None when there was none for KEPT seconds."""
    raw = client.get(relay_key(node))
    if not isinstance(raw, bytes):
        return None
    known = {field.name for field in fields(RelayCounts)}
    return RelayCounts(**{name: value for name, value in json.loads(raw).items() if name in known})
