"""The table of attacks: written by a run of pytest from what its tests saw, red when an attack got through."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import attacks

TOP = Path(__file__).resolve().parents[1]
CONFTEST = "from tests.attacks import pytest_itemcollected, pytest_runtest_logreport, seen, tried\n"
HEAD = """
import pytest
from tests.attacks import Row, attack
"""
MARK = "@attack('{what}', origin='host', expected='refused', held_by='a wall')\n"
REFUSED = MARK.format(what="digging") + "def test_digging(seen): seen('EPERM | <b>')\n"
THROUGH = MARK.format(what="climbing") + "def test_climbing(seen):\n    seen('root')\n    assert False\n"
SKIPPED = MARK.format(what="flying") + "def test_flying(): pytest.skip('kernel lacks wings')\n"
EACH = "@pytest.mark.parametrize('way', ['left', 'right'])\n" + MARK.format(what="round {way}") + "def test_round(way): pass\n"
SLOW = MARK.format(what="waiting").replace("wall')", "wall', slow=True)") + "def test_waiting(): pass\n"
MANY = """
def test_many(tried):
    for name, held in (("one", True), ("two", False)):
        tried(Row(name, "container", "refused", "a wall", chr(27) + "[31mEPERM", held))
"""
MARKERS = "[pytest]\nmarkers =\n  attack: one\n  slow_attack: long\n"


@pytest.fixture
def run(tmp_path):
    """Runs these tests in a pytest of their own. Returns (exit status of the table, its rows by name)."""

    def run(*tests, options=()):
        (tmp_path / "pytest.ini").write_text(MARKERS)
        (tmp_path / "conftest.py").write_text(CONFTEST)
        (tmp_path / "test_some.py").write_text(HEAD + "\n".join(tests))
        ledger = tmp_path / "attacks.jsonl"
        keep = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO_", "PYTEST_", "EXPLORER_"))}
        env = keep | {attacks.VARIABLE: str(ledger), "PYTHONPATH": str(TOP)}
        words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, "test_some.py"]
        subprocess.run(words, cwd=tmp_path, env=env, capture_output=True, check=False, timeout=110)
        status = attacks.main(ledger)
        return status, {row["name"]: row for row in json.loads(ledger.with_suffix(".json").read_text())}

    return run


@pytest.mark.parametrize("options", [(), ("-n", "2")], ids=["alone", "by workers"])
def test_each_attack_is_a_row_with_what_was_seen(run, tmp_path, options):
    status, rows = run(REFUSED, EACH, options=options)
    assert status == 0
    assert set(rows) == {"digging", "round left", "round right"}
    assert (rows["digging"]["seen"], rows["digging"]["held"]) == ("EPERM | <b>", True)
    assert rows["digging"]["test"] == "test_some.py::test_digging"
    table = (tmp_path / "attacks.md").read_text()
    assert "3 attacks, 3 as expected, 0 not" in table
    assert "| digging | host | refused | EPERM \\| &lt;b> | a wall | test_some.py::test_digging | ✓ |" in table


def test_one_that_got_through_is_told_and_makes_the_run_red(run, capsys):
    status, rows = run(REFUSED, THROUGH)
    assert status == 1
    assert (rows["climbing"]["seen"], rows["climbing"]["held"]) == ("root", False)
    assert "✗ climbing (from host): root" in capsys.readouterr().out


def test_one_that_was_not_tried_neither_held_nor_got_through(run, tmp_path):
    status, rows = run(SKIPPED)
    assert status == 0
    assert (rows["flying"]["seen"], rows["flying"]["held"]) == ("not tried: Skipped: kernel lacks wings", None)
    assert "1 attacks, 0 as expected, 0 not" in (tmp_path / "attacks.md").read_text()


def test_a_test_of_many_attempts_has_a_row_for_each(run):
    status, rows = run(MANY)
    assert status == 1
    assert [(rows[name]["origin"], rows[name]["held"]) for name in ("one", "two")] == [
        ("container", True),
        ("container", False),
    ]
    assert rows["one"]["seen"] == "�[31mEPERM"


def test_slow_attacks_can_be_left_out(run):
    assert set(run(SLOW, REFUSED, options=("-m", "not slow_attack"))[1]) == {"digging"}


def test_words_that_mean_nothing_are_refused():
    with pytest.raises(AssertionError, match="moon"):
        attacks.attack("x", origin="moon", expected="refused", held_by="")
