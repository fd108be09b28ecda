"""Journeys of real hosts as they were gathered, kept so that their endings can be told again without a host.

`EXPLORER_KEEP_ENDINGS=DIR pytest tests/engine/test_endings.py` writes them. A file is JSON; `{"hex": …}` stands for bytes, and
`{"pairs": …}` for a table whose keys are pairs.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from explorer.network.journeys import Case, Gathered, Journey, tell
from explorer.network.journeys.identity import Mark
from explorer.network.journeys.kernel import Answers
from explorer.network.journeys.scene import Scene
from explorer.network.model import DockerState, Place

DIRECTORY = Path(__file__).resolve().parents[2] / "captures" / "endings"


@dataclass(frozen=True)
class Kept:
    """Everything that `lab.ask.journey` told from. `ends` are the places of each case, source and target. `ending` and `said`
    (a regular expression) are what the engine test expects of the answer, or of the request."""

    name: str
    ending: str
    said: str
    answer: bool
    ends: tuple[tuple[str, str], ...]
    marks: tuple[Mark, ...]
    gathered: Gathered
    answers: dict[str, Answers]
    places: dict[str, Place]
    docker: dict[str, DockerState]

    def told(self) -> Journey:
        scene = Scene(self.places, self.docker)
        cases = [Case.of(scene, self.gathered, mark, *pair) for mark, pair in zip(self.marks, self.ends, strict=True)]
        own, other = (cases[1], cases[0]) if self.answer else (cases[0], cases[-1])
        return tell(own.answered(self.answers, other))


ADAPTER: TypeAdapter[Kept] = TypeAdapter(Kept)


def keep(
    directory: Path, name: str, expected: tuple[str, str, bool], cases: Sequence[Case], answers: dict[str, Answers]
) -> None:
    scene = cases[0].scene
    literal = {
        "name": name,
        **dict(zip(("ending", "said", "answer"), expected, strict=True)),
        "ends": tuple((case.source, case.target) for case in cases),
        "marks": tuple(asdict(case.mark) | {"ends": [asdict(one) for one in case.mark.ends]} for case in cases),
        "gathered": asdict(cases[0].gathered) | {"cut": set(cases[0].gathered.cut), "ruled": set(cases[0].gathered.ruled)},
        "answers": {place: asdict(one) for place, one in answers.items()},
        "places": {name: place.model_dump() for name, place in scene.places.items()},
        "docker": {host: state.model_dump() for host, state in scene.docker.items()},
    }
    directory.mkdir(parents=True, exist_ok=True)
    plain = "".join(letter if letter.isalnum() else "-" for letter in name)
    (directory / f"{plain}.json.gz").write_bytes(gzip.compress(json.dumps(plain_of(literal)).encode(), mtime=0))


def read(file: Path) -> Kept:
    told = json.loads(gzip.decompress(file.read_bytes()), object_hook=_whole)
    for mark in told["marks"]:  # kept when an answer had one pair of ends at most
        ends = mark["ends"] or []
        mark["ends"] = ends if isinstance(ends, list) else [ends]
    return ADAPTER.validate_python(told)


def plain_of(value: Any) -> Any:
    """The same as JSON can say it."""
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    if isinstance(value, dict) and any(isinstance(key, tuple) for key in value):
        return {"pairs": [[list(key), plain_of(item)] for key, item in value.items()]}
    if isinstance(value, dict):
        return {key: plain_of(item) for key, item in value.items()}
    return [plain_of(item) for item in value] if isinstance(value, list | tuple | set | frozenset) else value


def _whole(value: dict[str, Any]) -> Any:
    if value.keys() == {"hex"}:
        return bytes.fromhex(value["hex"])
    return {tuple(key): item for key, item in value["pairs"]} if value.keys() == {"pairs"} else value
