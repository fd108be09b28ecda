"""Why versions of Docker Engine that a node is set to have are not there: the engine's process writes it, others read it."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path

from explorer.lab.config import LabConfig

LONGEST = 600  # characters of a reason


def reasons(config: LabConfig) -> dict[str, str]:
    """Version → why its image could not be made at the last try. Versions of which nothing was written are left out."""
    try:
        told = json.loads(_file(config).read_text())
    except (OSError, ValueError):
        return {}
    known = told.items() if isinstance(told, dict) else ()
    return {engine: str(why)[:LONGEST] for engine, why in known if engine in config.engines}


def missing(config: LabConfig, there: Collection[str]) -> dict[str, str]:
    """The versions that the node is set to have and that are not `there` → why; empty while one is in the making."""
    told = reasons(config)
    return {engine: told.get(engine, "") for engine in config.engines if engine not in there}


def note(config: LabConfig, engine: str, why: str) -> bool:
    """Keeps the reason; an empty one takes an earlier one away. Returns whether this is news."""
    before = reasons(config)
    if before.get(engine, "") == why[:LONGEST]:
        return False
    kept = {**before, engine: why}
    path = _file(config)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps({engine: why for engine, why in kept.items() if why}))
    fresh.replace(path)
    return True


def forget(config: LabConfig) -> None:
    _file(config).unlink(missing_ok=True)


def _file(config: LabConfig) -> Path:
    return config.engine_dir / "engines-missing.json"
