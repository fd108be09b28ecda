"""The ledger of tests that were tried once more: written by a run of pytest, read at the end, red when it is long."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import reruns

TOP = Path(__file__).resolve().parents[1]
CONFTEST = "from tests.reruns import pytest_configure, pytest_terminal_summary\n"
FLAKY = """
from pathlib import Path

def once(name):
    tried = Path(name).exists()
    Path(name).touch()
    assert tried, "the first time it fails"
"""


@pytest.fixture
def run(tmp_path):
    """Runs these tests in a pytest of their own. Returns (exit status, what it printed, the ledger)."""

    def run(*tests, options=(), ledger="ledger.jsonl"):
        (tmp_path / "conftest.py").write_text(CONFTEST)
        (tmp_path / "test_some.py").write_text(FLAKY + "\n".join(tests))
        keep = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO_", "PYTEST_", "EXPLORER_"))}
        told = {reruns.VARIABLE: str(tmp_path / ledger)} if ledger else {}
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "--reruns", "1", "-p", "no:cacheprovider", *options, "test_some.py"],
            cwd=tmp_path,
            env=keep | told | {"PYTHONPATH": str(TOP)},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        return done.returncode, done.stdout, reruns.read_ledger(tmp_path / "ledger.jsonl")

    return run


@pytest.mark.parametrize("options", [(), ("-n", "2")], ids=["alone", "by workers"])
def test_a_test_that_was_tried_again_is_written_down(run, options):
    status, said, ledger = run("def test_flaky(): once('a')", "def test_good(): pass", options=options)
    assert status == 0
    assert [(line["test"], line["why"]) for line in ledger] == [
        ("test_some.py::test_flaky", "AssertionError: the first time it fails")
    ]
    assert ledger[0]["when"].endswith("+00:00")
    assert "tried once more: test_some.py::test_flaky" in said


def test_one_that_fails_twice_is_a_failure_and_was_tried_again(run):
    status, _, ledger = run("def test_bad(): assert 1 == 2")
    assert status == 1
    assert [line["test"] for line in ledger] == ["test_some.py::test_bad"]


def test_a_fixture_that_fails_is_written_down_too(run):
    fixture = "import pytest\n@pytest.fixture\ndef engine(): once('e')\n"
    status, _, ledger = run(fixture, "def test_with_it(engine): pass")
    assert status == 0
    assert [line["test"] for line in ledger] == ["test_some.py::test_with_it"]


def test_runs_add_to_one_ledger(run):
    run("def test_one(): once('1')")
    assert len(run("def test_two(): once('2')")[2]) == 2


def test_without_a_ledger_nothing_is_written(run):
    assert run("def test_flaky(): once('a')", ledger="")[2] == []


def lines(count):
    return "".join(
        json.dumps({"test": f"tests/x.py::test_{number}", "why": "no answer", "when": "2026-11-30T00:00:00+00:00"}) + "\n"
        for number in range(count)
    )


@pytest.mark.parametrize(("count", "status"), [(0, 0), (1, 0), (3, 0), (4, 1), (7, 1)])
def test_more_than_three_fail_the_run(tmp_path, capsys, count, status):
    (tmp_path / "ledger").write_text(lines(count))
    assert reruns.main(tmp_path / "ledger") == status
    said = capsys.readouterr().out
    assert said.startswith(f"── tests tried once more: {count} ")
    assert said.count("no answer") == count
    assert ("✗" in said) is bool(status)


def test_no_ledger_is_none_tried_again(tmp_path, capsys):
    assert reruns.main(tmp_path / "none") == 0
    assert "tried once more: 0 ✓" in capsys.readouterr().out


def test_the_tests_run_with_it_and_end_by_reading_it():
    """Else the ledger would stay empty, or nobody would look."""
    script = (TOP / "setup" / "test.sh").read_text()
    assert f"export {reruns.VARIABLE}=" in script
    assert f'-m tests.reruns "${reruns.VARIABLE}" || status=1' in script
