"""The table of faults: the last run of a test counts, and a fault that was not survived makes it red."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.faults.register import ids
from tests.faults.table import main

TOP = Path(__file__).resolve().parents[1]
ROW = {
    "injected": "web",
    "how": "kill -9",
    "phase": "run",
    "whole": 4.9,
    "saw": "ready | “reconnecting”",
    "leaks": [],
    "held": True,
}


@pytest.fixture
def table(tmp_path):
    def write(*rows):
        (tmp_path / "faults.jsonl").write_text("".join(json.dumps({**ROW, "test": "t", **row}) + "\n" for row in rows))
        return main(tmp_path / "faults.jsonl"), (tmp_path / "faults.md").read_text()

    return write


def test_what_was_survived_is_a_row(table):
    status, text = table({})
    assert status == 0
    assert "| web | kill -9 | run | 4.9 s | ready \\| “reconnecting” | 0 | ✓ |" in text


def test_what_was_not_is_red(table):
    status, text = table({}, {"test": "other", "held": False, "leaks": ["mounts: 6 → 7"]})
    assert (status, "mounts: 6 → 7 | ✗ |" in text, "1 survived, 1 not" in text) == (1, True, True)


def test_cases_that_say_the_same_are_one_row(table):
    status, text = table({"test": "t[1]"}, {"test": "t[2]"}, {"test": "t[3]", "phase": "close"})
    assert (status, "2 faults, 2 survived" in text) == (0, True)


def test_the_last_run_of_a_test_counts(table):
    assert table({"held": False}, {})[0] == 0


@pytest.mark.parametrize("name", ids())
def test_what_the_register_names_is_there(name):
    file, _, test = name.partition("::")
    assert re.search(rf"^(async )?def {test}\(", (TOP / file).read_text(), re.M)
