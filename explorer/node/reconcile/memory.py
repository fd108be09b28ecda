"""What the reconciler of a node remembers between two sweeps: a small file beside the engine's data.

It is not in the database, because it has to notice when the database is an older copy, and not in Redis, which may lose its
data. Only the process that sweeps writes it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from django.conf import settings
from pydantic import BaseModel, Field, ValidationError


class Memory(BaseModel):
    sweeps: int = 0  # the highest number of a sweep that the database gave us
    restored_at: float = 0.0  # when the database turned out to be an older copy; 0: it is not
    sweeps_then: int = 0  # how many sweeps the older copy lacks
    missing: dict[str, float] = Field(default_factory=dict)  # see `plan.Seen`
    strays: dict[str, float] = Field(default_factory=dict)

    def note_sweep(self, number: int, now: float) -> bool:
        """Compares the number with the last one. True when the database has just turned out to be an older copy."""
        older = number <= self.sweeps
        if older:
            self.restored_at, self.sweeps_then = now, self.sweeps + 1 - number
        self.sweeps = number
        return older

    def accept_database(self) -> None:
        """From now on the database counts as right."""
        self.restored_at, self.sweeps_then = 0.0, 0


def memory_file() -> Path:
    return Path(settings.ENGINE_DIR) / "reconciler.json"


def read_memory() -> Memory:
    """An empty memory when there is no file yet or when it cannot be read."""
    try:
        return Memory.model_validate_json(memory_file().read_bytes())
    except (OSError, ValidationError):
        return Memory()


def write_memory(memory: Memory) -> None:
    path = memory_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.write_text(json.dumps(memory.model_dump()))
    os.replace(new, path)
