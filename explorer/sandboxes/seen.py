"""What was seen of a sandbox last, as the relay keeps it beside the stream."""

from __future__ import annotations

from pydantic import ValidationError

from explorer.network.model import Snapshot
from explorer.sandboxes.events import snapshot_key
from explorer.sandboxes.models import Sandbox
from explorer.sandboxes.streams import RedisError, redis


def read_snapshot(sandbox: Sandbox | None) -> Snapshot | None:
    """None when there is nothing to read, for whatever reason."""
    if sandbox is None:
        return None
    try:
        text = redis().get(snapshot_key(sandbox.pk))
        return Snapshot.model_validate_json(text) if isinstance(text, bytes) else None
    except (RedisError, OSError, ValidationError):
        return None
