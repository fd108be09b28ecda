"""The table of faults. As a plugin of pytest (`-p tests.faults.table`) it adds a line of JSON for each fault to the file that
EXPLORER_TEST_FAULTS names; `python -m tests.faults.table FILE` writes FILE's table beside it (.md and .json).

Faults of the suite tell their row themselves (fixture `told`). Faults that other tests try anyway are named in `register.py`.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.register import REGISTER, ids

VARIABLE = "EXPLORER_TEST_FAULTS"
HEAD = ("injected", "how", "phase", "whole again after", "what the learner saw", "leaks", "")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    path = os.environ.get(VARIABLE, "")
    if path and (report.when == "call" or (report.when == "setup" and report.outcome != "passed")):
        with Path(path).open("a") as ledger:
            ledger.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows(report))


def rows(report: pytest.TestReport) -> Iterator[dict[str, Any]]:
    """A failed test has a row too, with the failure in place of what was seen."""
    held = report.outcome == "passed"
    told: list[dict[str, Any]] = [dict(row) for key, row in report.user_properties if key == "fault"]  # type: ignore[call-overload]
    name = report.nodeid.partition("[")[0]
    if name in REGISTER:
        told.append(REGISTER[name].row())
    if not told and "tests/faults/" in report.nodeid:
        told.append({"injected": report.nodeid.partition("::")[2], "how": "", "phase": "", "saw": ""})
    for row in told:
        yield row | {"held": held, "test": report.nodeid} | ({} if held else {"saw": _why(report)})


def _why(report: pytest.TestReport) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    return f"FAILED: {str(crash.message if crash else report.longrepr).splitlines()[0][:200]}"


def as_markdown(found: list[dict[str, Any]]) -> str:
    held = sum(row["held"] for row in found)
    lines = [
        *("# Faults", ""),
        f"{len(found)} faults, {held} survived, {len(found) - held} not. Written by `make test-faults` from its runs. A fault "
        "without a time was tried without a clock: on an engine in memory, or on one process. Leaks: 0 is counted, ? is not.",
        *("", f"| {' | '.join(HEAD)} |", f"|{' --- |' * len(HEAD)}"),
    ]
    for row in found:
        took = f"{row['whole']:.1f} s" if row.get("whole") is not None else ""
        leaks = "?" if row.get("leaks") is None else "; ".join(row["leaks"]) or "0"
        cells = (row["injected"], row["how"], row["phase"], took, row["saw"], leaks, "✓" if row["held"] else "✗")
        lines.append("| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def main(path: Path) -> int:
    """The last row of each test counts. Rows that say the same are one. The exit status is 1 when one was not survived."""
    lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    last = {row["test"]: row for row in lines}
    same = {
        (row["injected"], row["how"], row["phase"], row["saw"], row.get("whole"), row["held"]): row for row in last.values()
    }
    found = sorted(same.values(), key=lambda row: (row["injected"], row["how"], row["phase"]))
    path.with_suffix(".md").write_text(as_markdown(found))
    path.with_suffix(".json").write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    lost = [row for row in found if not row["held"]]
    print(f"── faults: {len(found)}, {len(lost)} not survived; {path.with_suffix('.md')}")
    return int(bool(lost))


if __name__ == "__main__":
    if sys.argv[1] == "ids":
        print("\n".join(ids()))
    else:
        sys.exit(main(Path(sys.argv[1])))
