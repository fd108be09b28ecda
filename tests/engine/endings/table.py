"""The table of endings. A run of `tests/engine/test_endings.py` whose environment names a file in EXPLORER_TEST_ENDINGS adds a
line of JSON to it for each ending that was told truly; `python -m tests.engine.endings.table FILE` writes FILE's table beside
it (.md)."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

from explorer.network.journeys import Journey
from tests.engine.endings.row import PROGRAMS, Row

VARIABLE = "EXPLORER_TEST_ENDINGS"
HEAD = ("how the packet ends", "how it was made", "asked", "plain tools", "the explorer says", "evidence", "Engine")
CHANCE = (  # what differs from run to run
    (re.compile(r"(?<=[:=])(3[2-9]|[4-6]\d)\d{3}\b"), "PORT"),
    (re.compile(r"\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b"), "MAC"),
    (re.compile(r"\bveth[0-9a-f]{7}\b"), "vethX"),
    (re.compile(r" +"), " "),
)


def add(engine: str, lan: str, row: Row, proven: re.Match[str], end: Journey) -> None:
    path = os.environ.get(VARIABLE, "")
    if not path:
        return
    told = {
        "engine": engine,
        "name": row.name,
        "made": [*(_short(one) for one in row.make), *([f"then, by itself: {row.act}"] if row.act else [])],
        "asked": f"{row.kind} {row.source} → {row.target}{f':{row.port}' if row.kind in ('tcp', 'http') else ''}",
        "proof": f"`{row.proof[0]}`: {_lines(proven)}",
        "said": f"{end.ending}: {end.end}",
        "evidence": [one.text for one in end.evidence],
    }
    plain = json.dumps(told, ensure_ascii=False).replace(f"{lan}.", "LAN.").replace("$LAN.", "LAN.")
    for pattern, word in CHANCE:
        plain = pattern.sub(word, plain)
    with Path(path).open("a") as ledger:
        ledger.write(f"{plain}\n")


def _short(command: str) -> str:
    for name in PROGRAMS:
        command = command.replace(name, f"({name[1:].lower()}, tests/engine/endings/row.py)")
    return command


def _lines(proven: re.Match[str]) -> str:
    """The lines that prove it, shortened."""
    whole = proven.string
    start, end = whole.rfind("\n", 0, proven.start() + 1) + 1, whole.find("\n", proven.end())
    return re.sub(r"\s+", " ", whole[start : end if end >= 0 else None]).strip()[:160]


def as_markdown(found: list[dict[str, Any]]) -> str:
    engines: dict[str, list[str]] = {}
    rows: dict[str, dict[str, Any]] = {}
    for row in found:
        key = json.dumps([row["name"], row["said"], sorted(row["evidence"])])
        rows.setdefault(key, row)
        engines.setdefault(key, []).append(row["engine"])
    lines = [
        *("# Endings", ""),
        f"{len({row['name'] for row in found})} ways in which a packet ends, each made on real hosts. Written by `make "
        "test-endings` from its runs. A plain tool proved beside each what is so; `LAN` is the sandbox's network, where h1 "
        "has .11 and outside .100. A way that the versions of Docker Engine tell in other words has a row for each.",
        *("", f"| {' | '.join(HEAD)} |", f"|{' --- |' * len(HEAD)}"),
    ]
    for key, row in rows.items():
        made = "<br>".join(f"`{one}`" for one in row["made"]) or "nothing is changed"
        evidence, engine = "<br>".join(row["evidence"]), ", ".join(sorted(set(engines[key])))
        cells = (row["name"], made, row["asked"], row["proof"], row["said"], evidence, engine)
        lines.append("| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def main(path: Path) -> None:
    """The last line of each ending and version counts."""
    last = {(row["name"], row["engine"]): row for row in map(json.loads, path.read_text().splitlines())}
    path.with_suffix(".md").write_text(as_markdown(sorted(last.values(), key=lambda row: row["engine"])))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
