"""The ledger of tests that failed and were tried once more: each is a test to mend, and few may hide in one run.

A run whose environment names a file in EXPLORER_TEST_RERUNS adds a line of JSON to it for every failure that was tried again:
`test` (its node id), `why` (the failure in a line), `when` (UTC). Several runs may write to one file. Afterwards
`python -m tests.reruns FILE` prints the ledger and fails when it holds more than MOST lines.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

VARIABLE = "EXPLORER_TEST_RERUNS"
MOST = 3  # of some 740 tests on real hosts and in the browser: one in 250
WHY = 300  # characters


class Ledger:
    """A plugin of pytest."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.outcome == "rerun":
            line = {"test": report.nodeid, "why": why(report), "when": datetime.now(UTC).isoformat(timespec="seconds")}
            with self.path.open("a") as ledger:
                ledger.write(json.dumps(line) + "\n")


def why(report: Any) -> str:
    """The message of what was raised, or the end of what is known of the failure."""
    crash = getattr(report.longrepr, "reprcrash", None)
    said = (crash.message if crash else str(report.longrepr or "")).strip()
    return next(iter(said.splitlines()[:1] if crash else said.splitlines()[-1:]), "")[:WHY]


def pytest_configure(config: Any) -> None:
    path = os.environ.get(VARIABLE, "")
    if path and not hasattr(config, "workerinput"):  # a worker's reports come to whoever started it
        config.pluginmanager.register(Ledger(Path(path)))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Why a test had to be tried once more: without it nobody could mend that."""
    for report in terminalreporter.stats.get("rerun", []):
        terminalreporter.section(f"tried once more: {report.nodeid}")
        terminalreporter.write_line("\n".join(report.longreprtext.splitlines()[-40:]))


def read_ledger(path: Path) -> list[dict[str, str]]:
    """No file: no test was tried again."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def main(path: Path) -> int:
    found = read_ledger(path)
    verdict = f"✗ more than {MOST}: mend them" if len(found) > MOST else "✓" if not found else "– to be mended"
    print(f"── tests tried once more: {len(found)} {verdict}")
    for line in found:
        print(f"  {line['when']}  {line['test']}\n      {line['why']}")
    return int(len(found) > MOST)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
