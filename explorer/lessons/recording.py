"""What was seen while a lesson was played on real hosts, kept for nodes that cannot play the lesson.

`lesson solve --record` writes a recording. It belongs to one version of one lesson: it holds a hash of everything that was
done, and it is shown only while the lesson has the same hash.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from explorer.lessons.load import CONTENT
from explorer.lessons.model import Lesson
from explorer.network.model import Snapshot

NAME = "recording.json.gz"


class RecordedStep(BaseModel):
    """What was seen after a step (with an empty `step`: before the first one): the snapshot, and the answers to predictions
    by then."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    step: str
    snapshot: Snapshot
    answers: dict[str, str] = {}


class Recording(BaseModel):
    """`kernel` and `engine` are the versions on which it was played, `at` is the Unix time, `played` is the hash of what was
    done."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    lesson: str
    kernel: str
    engine: str
    at: float
    played: str
    seen: tuple[RecordedStep, ...]

    def around(self, step: str) -> tuple[Snapshot, Snapshot] | None:
        """The snapshots before and after a step's commands; None when the step is not in the recording."""
        for before, after in zip(self.seen, self.seen[1:], strict=False):
            if after.step == step:
                return before.snapshot, after.snapshot
        return None

    def answer(self, prediction: str) -> str:
        return next((one.answers[prediction] for one in self.seen if prediction in one.answers), "")


def played(lesson: Lesson) -> str:
    """The hash of what playing this lesson does: its scenario, and each step's commands and solution in order."""
    done = [[step.id, [[one.place, one.command] for one in (*step.commands, *step.solution)]] for step in lesson.steps]
    return hashlib.sha256(json.dumps([lesson.scenario, done]).encode()).hexdigest()[:16]


def path_of(lesson: Lesson, root: Path = CONTENT) -> Path:
    return root / lesson.slug / NAME


def write_recording(path: Path, recording: Recording) -> None:
    """Writes a recording without explanations: they are made again, with the present code, when it is shown."""
    data = recording.model_dump_json(exclude={"seen": {"__all__": {"snapshot": {"places": WITHOUT_WHY}}}})
    path.write_bytes(gzip.compress(data.encode(), 9, mtime=0))


WITHOUT_WHY = {"__all__": {"views": {"__all__": {"lines": {"__all__": {"why", "about"}}}}}}


def find_recording(lesson: Lesson) -> Recording | None:
    """The recording of this version of the lesson; None when there is none, or only one of another version."""
    recording = _read(path_of(lesson))
    return recording if recording and (recording.lesson, recording.played) == (lesson.slug, played(lesson)) else None


@cache
def _read(path: Path) -> Recording | None:
    try:
        return read_recording(path)
    except (OSError, EOFError, ValueError):
        return None


def read_recording(path: Path) -> Recording:
    return Recording.model_validate_json(gzip.decompress(path.read_bytes()))
