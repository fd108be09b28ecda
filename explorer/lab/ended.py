"""Which sandboxes the node ended to protect the others, and why: a note for each, and how many there were.

The process that serves the engine writes the notes before a sandbox goes, if the disk has room; the reconciler reads them to
tell the learner. Both are root, and nobody else may write there.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Literal, get_args

from explorer.lab.config import LabConfig
from explorer.lab.hosts.lans import SANDBOX

Why = Literal["memory", "disk"]
NOTES_KEPT = 200
COUNTS = "counts.json"


def note(config: LabConfig, sandbox: str, generation: int, why: Why, detail: str) -> None:
    """Writes down that this generation of a sandbox is ended now. The oldest notes go. It does not raise: a full disk, which
    may be the reason for the end, must not keep the sandbox from ending."""
    with suppress(OSError):
        _note(config, sandbox, generation, why, detail)


def _note(config: LabConfig, sandbox: str, generation: int, why: Why, detail: str) -> None:
    folder = _folder(config)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    counts = count(config)
    if SANDBOX.fullmatch(sandbox):
        before = _read(folder / f"{sandbox}.note")
        if (before.get("generation"), before.get("why")) == (generation, why):
            return  # it could not be removed at the first try
        _write(folder / f"{sandbox}.note", {"generation": generation, "why": why, "detail": detail[:500], "at": time.time()})
    _write(folder / COUNTS, {**counts, why: counts[why] + 1})
    for old in sorted(folder.glob("*.note"), key=lambda path: path.stat().st_mtime)[:-NOTES_KEPT]:
        old.unlink(missing_ok=True)


def why(config: LabConfig, sandbox: str, generation: int) -> str:
    """A word of Why, or "" when this generation was not ended by the node."""
    if not SANDBOX.fullmatch(sandbox):
        return ""
    found = _read(_folder(config) / f"{sandbox}.note")
    word = str(found.get("why", ""))
    return word if found.get("generation") == generation and word in get_args(Why) else ""


def count(config: LabConfig) -> dict[str, int]:
    """Word of Why → how many sandboxes were ended for it since this node's directory was made."""
    found = _read(_folder(config) / COUNTS)
    numbers = {word: found.get(word, 0) for word in get_args(Why)}
    return {word: number if isinstance(number, int) else 0 for word, number in numbers.items()}


def _folder(config: LabConfig) -> Path:
    return config.engine_dir / "ended"


def _write(path: Path, told: dict[str, object]) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(told))
    os.replace(fresh, path)


def _read(path: Path) -> dict[str, object]:
    with suppress(OSError, ValueError):
        found = json.loads(path.read_text())
        return found if isinstance(found, dict) else {}
    return {}
