"""The table of Docker's pages. A run of `tests/engine/test_docker_pages.py` whose environment names a file in
EXPLORER_TEST_PAGES adds a line of JSON to it for each row that was typed and is as the row says;
`python -m tests.engine.docker_pages.table FILE` writes FILE's table beside it (.md)."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

from tests.engine.docker_pages.pages import ROWS, SOURCES
from tests.engine.docker_pages.row import Row

VARIABLE = "EXPLORER_TEST_PAGES"
HEAD = ("section", "what the page says", "typed on h1", "Engine", "seen", "as the page says")
LONGEST = 240  # characters of what was seen
CHANCE = (  # what differs from run to run
    (re.compile(r"10\.77\.\d+\."), "LAN."),
    (re.compile(r"fd00:10:77:([0-9a-f]+:)?:"), "LAN6::"),
    (re.compile(r"(?<=[\d\]]:)(3[2-9]|[4-6]\d)\d{3}\b"), "PORT"),
    (re.compile(r"(?<=I am )[0-9a-f]{12}\b"), "ID"),
    (re.compile(r"\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b"), "MAC"),
    (re.compile(r"\b(veth|br-)[0-9a-f]{7,12}\b"), r"\1X"),
    (re.compile(r"\bfd[0-9a-f]{2}(:[0-9a-f]{1,4}){1,2}\b(?=:)"), "ULA"),
    (re.compile(r"\b[0-9a-f]{40,64}\b"), "ID"),
)


def add(engine: str, version: str, row: Row, said: str, why: str) -> None:
    path = os.environ.get(VARIABLE, "")
    if path:
        told = {"engine": engine, "version": version, "key": key_of(row), "seen": _short(said), "why": why}
        with Path(path).open("a") as ledger:
            ledger.write(json.dumps(told, ensure_ascii=False) + "\n")


def key_of(row: Row) -> str:
    return f"{row.page}: {row.section}: {row.says}"


def _short(said: str) -> str:
    text = re.sub(r"\s+", " ", said).strip()
    for pattern, word in CHANCE:
        text = pattern.sub(word, text)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def as_markdown(found: dict[tuple[str, str], dict[str, Any]]) -> str:
    """`found` is by row's key and version of Docker Engine."""
    versions = sorted({one["version"] for one in found.values()})
    rows = [row for row in ROWS if any(key == key_of(row) for key, _ in found)]
    other = {key for (key, _), one in found.items() if one["why"]}
    lines = [
        *("# Docker's pages about networks, typed on hosts", ""),
        f"{len(rows)} commands and statements of Docker's documentation, typed by `manage.py sandbox exec` on hosts with Docker "
        f"Engine {' and '.join(versions)}. Written by `make test-pages` from its run, in which each row was held. "
        f"{len(rows) - len(other)} are as the page says on every version; {len(other)} differ on one or both, with the reason. "
        "`LAN` is the sandbox's network, where h1 has .11, h2 .12 and outside .100. The commands are short equivalents of ours, "
        "and so are the statements. A line `daemon.json:` is added to the daemon's file, and the daemon is started anew.",
    ]
    for page, source in SOURCES.items():
        mine = [row for row in rows if row.page == page]
        if mine:
            lines += ["", f"## [{page}]({source})", "", f"| {' | '.join(HEAD)} |", f"|{' --- |' * len(HEAD)}"]
            lines += [line for row in mine for line in _lines(row, found)]
    return "\n".join(lines) + "\n"


def _lines(row: Row, found: dict[tuple[str, str], dict[str, Any]]) -> list[str]:
    seen: dict[tuple[str, str], list[str]] = {}
    for (key, engine), one in sorted(found.items()):
        if key == key_of(row):
            seen.setdefault((one["seen"], one["why"]), []).append(engine)
    typed = "<br>".join(_code(line) for line in row.typed)
    head = [row.section, row.says + (f" ({row.note})" if row.note else ""), typed]
    lines = []
    for (said, why), engines in seen.items():
        cells = [*head, ", ".join(engines), _code(said), f"no: {why}" if why else "yes"]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
        head = ["", "", ""]
    return lines


def _code(text: str) -> str:
    """As Markdown's code, on one line."""
    flat = text.replace("\n", " ⏎ ")
    return f"`` {flat} ``" if "`" in flat else f"`{flat}`" if flat else ""


def main(path: Path) -> None:
    """The last line of each row and version counts."""
    found = {(one["key"], one["engine"]): one for one in map(json.loads, path.read_text().splitlines())}
    path.with_suffix(".md").write_text(as_markdown(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
