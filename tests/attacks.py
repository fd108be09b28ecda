"""The register of attacks: what a test attacks, from where, what has to happen, and the table that a run of the tests writes.

A test that attacks says so:

    @attack("mount of the cgroup hierarchy", origin="host", expected="refused", held_by="user namespace")
    def test_cgroups_cannot_be_mounted(shell, seen):
        status, text = shell("h1", "mount -t cgroup none /mnt")
        seen(text)
        assert status != 0

Words in braces are the test's parameters. `seen` keeps what the attacker saw; without it the row says whether the test held. A
test that makes many attempts has a row for each of them: `tried(Row(…))`. Attacks that take long are marked `slow=True`; they
run only in `make test-attacks`.

A run whose environment names a file in EXPLORER_TEST_ATTACKS adds a line of JSON to it for each attack. Afterwards
`python -m tests.attacks FILE` writes FILE's table beside it (.md and .json) and fails when an attack got through.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pytest

VARIABLE = "EXPLORER_TEST_ATTACKS"
ORIGINS = (
    "host",  # root in a host
    "container",  # root in a container on a host, with every right that host can give
    "machine",  # root in a machine without Docker, such as `outside`
    "LAN",  # frames on the sandbox's LAN
    "daemon",  # a host's Docker daemon that lies, hangs or floods
    "page",  # a browser: its forms, addresses and websockets
    "output",  # names, logs, terminal output and files that somebody else reads
    "web process",  # a web process that was taken over
)
EXPECTED = (
    "refused",  # the attempt fails
    "contained",  # it works, within the sandbox or within a limit
    "harmless",  # it works, and what comes of it is only text or data
    "ended",  # it works, and whoever did it is ended
)
SEEN = 200  # characters


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    origin: str
    expected: str
    held_by: str
    seen: str = ""
    held: bool | None = False  # None: it was not tried, since the kernel lacks what it is about
    test: str = ""


def attack(name: str, *, origin: str, expected: str, held_by: str, slow: bool = False) -> pytest.MarkDecorator:
    """Marks a test as an attack; `held_by` says in a few words what makes it fail."""
    assert origin in ORIGINS, origin
    assert expected in EXPECTED, expected
    return pytest.mark.attack(name, origin=origin, expected=expected, held_by=held_by, slow=slow)


def row_of(mark: pytest.Mark, parameters: dict[str, Any]) -> Row:
    words = {key: value for key, value in mark.kwargs.items() if key != "slow"}
    return Row(one_line(str(mark.args[0]).format(**parameters)), **words)


@pytest.fixture
def seen(request: pytest.FixtureRequest) -> Callable[[object], None]:
    """Keeps what the attacker saw, for the table."""
    return lambda what: request.node.user_properties.append(("seen", one_line(what)))


@pytest.fixture
def tried(request: pytest.FixtureRequest) -> Callable[[Row], None]:
    """Keeps one attempt of a test that makes many."""
    return lambda row: request.node.user_properties.append(("tried", asdict(replace(row, seen=one_line(row.seen)))))


def one_line(what: object) -> str:
    """As text of a table's cell: what came out of a host is not to be trusted here either."""
    text = " ".join(str(what).split())
    return "".join(sign if sign.isprintable() else "�" for sign in text[:SEEN])


# --- hooks; `tests/conftest.py` takes them over ---


def pytest_itemcollected(item: pytest.Item) -> None:
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    for mark in item.iter_markers("attack"):
        item.user_properties.append(("attack", asdict(row_of(mark, parameters))))
        if mark.kwargs["slow"]:
            item.add_marker("slow_attack")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """One line for each row. A worker's reports come to whoever started it, which writes them."""
    path = os.environ.get(VARIABLE, "")
    if path and "PYTEST_XDIST_WORKER" not in os.environ and is_final(report):
        with Path(path).open("a") as ledger:
            ledger.writelines(json.dumps(asdict(row), ensure_ascii=False) + "\n" for row in rows(report))


def is_final(report: pytest.TestReport) -> bool:
    """Of a test's reports the one that says how it went, once."""
    outcome = str(report.outcome)
    return outcome != "rerun" and (report.when == "call" or (report.when == "setup" and outcome != "passed"))


def rows(report: pytest.TestReport) -> Iterable[Row]:
    """An attempt of many counts as held by its own word, a whole test by its outcome."""
    found: list[tuple[str, Any]] = list(report.user_properties)
    attempts = {(row["name"], row["origin"]): row for key, row in found if key == "tried"}
    for row in attempts.values():
        yield Row(**{**row, "test": report.nodeid})
    said = [str(what) for key, what in found if key == "seen"]
    held = None if report.skipped else report.passed
    for key, row in found:
        if key == "attack":
            yield Row(**{**row, "seen": said[-1] if said else outcome(report), "held": held, "test": report.nodeid})


def outcome(report: pytest.TestReport) -> str:
    if isinstance(report.longrepr, tuple):  # of a skip: path, line, reason
        return one_line(f"not tried: {report.longrepr[2]}")
    return "as expected" if report.passed else "FAILED, see the test"


# --- the table ---

MARKS = {True: "✓", False: "✗", None: "–"}


def read_rows(path: Path) -> list[Row]:
    """The last of those with one name, origin and test, in the order of origins and names."""
    lines = path.read_text().splitlines() if path.exists() else []
    last = {(row.name, row.origin, row.test): row for row in (Row(**json.loads(line)) for line in lines)}
    return sorted(last.values(), key=lambda row: (ORIGINS.index(row.origin), row.test.partition("::")[0], row.name))


def as_markdown(found: list[Row]) -> str:
    held, through = (sum(row.held is word for row in found) for word in (True, False))
    lines = [
        "# Attacks",
        "",
        f"{len(found)} attacks, {held} as expected, {through} not. Written by `make test-attacks` from its runs.",
        "",
        "| attack | from | expected | seen | what holds it | test | |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in found:
        cells = (row.name, row.origin, row.expected, row.seen, row.held_by, row.test, MARKS[row.held])
        lines.append("| " + " | ".join(cell_text(cell) for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def cell_text(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("`", "\\`")


def main(path: Path) -> int:
    found = read_rows(path)
    path.with_suffix(".md").write_text(as_markdown(found))
    path.with_suffix(".json").write_text(json.dumps([asdict(row) for row in found], indent=1, ensure_ascii=False) + "\n")
    through = [row for row in found if row.held is False]
    print(f"── attacks: {len(found)}, {len(through)} not as expected; {path.with_suffix('.md')}")
    for row in through:
        print(f"  ✗ {row.name} (from {row.origin}): {row.seen}\n      {row.test}")
    return int(bool(through))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
