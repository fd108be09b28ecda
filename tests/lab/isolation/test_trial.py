"""What the program of attempts says is read as what it is: text from a host."""

import json

from explorer.lab.isolation import trial
from explorer.lab.isolation.tried import Tried

LINE = {"name": "n", "held_by": "w", "seen": "EPERM", "held": True, "fair": True}


def test_an_answer_is_read_line_by_line():
    (one,) = trial.read_answer("host", json.dumps(LINE))
    assert one == Tried("host", "n", "w", "EPERM", True, True)


def test_lines_that_are_none_are_left_out():
    text = "\n".join(["", "x", "[]", "{}", "[" * 100_000, json.dumps(LINE | {"name": None}), json.dumps(LINE)])
    assert [one.name for one in trial.read_answer("host", text)] == ["None", "n"]


def test_only_a_true_word_counts_as_held():
    (one,) = trial.read_answer("host", json.dumps(LINE | {"held": "yes", "fair": 1}))
    assert (one.held, one.fair) == (False, False)


def test_an_answer_is_bounded():
    found = trial.read_answer("host", "\n".join([json.dumps(LINE | {"seen": "x" * 5000})] * (trial.MOST + 5)))
    assert len(found) == trial.MOST
    assert len(found[0].seen) == trial.WORDS


def test_the_program_carries_everything_it_needs():
    text = trial.program(trial.ORIGINS["host"])
    compile(text, "program", "exec")
    for name in (trial.HARNESS, *trial.ORIGINS["host"]):
        assert name.encode() in text
