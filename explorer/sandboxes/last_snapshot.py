"""Reads the last snapshot of a sandbox, which the relay keeps in Redis."""

from __future__ import annotations

from pydantic import ValidationError

from explorer.network.model import Snapshot
from explorer.sandboxes.events import snapshot_key
from explorer.sandboxes.models import Sandbox
from explorer.sandboxes.streams import RedisError, redis


def read_snapshot(sandbox: Sandbox | None) -> Snapshot | None:
    """The last snapshot; None when there is none, Redis does not answer, or it cannot be parsed."""
    if sandbox is None:
        return None
    try:
        text = redis().get(snapshot_key(sandbox.pk))
        return Snapshot.model_validate_json(text) if isinstance(text, bytes) else None
    except (RedisError, OSError, ValidationError):
        return None
