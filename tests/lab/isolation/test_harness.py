"""The frame of attempts tells a refusal from a success, and both from an attempt that was none."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from explorer.lab.isolation import trial
from explorer.lab.isolation.calls import other_door

TOP = Path(__file__).resolve().parents[3]


def run(goal):
    """The program as a sandbox runs it: by a Python that knows nothing of ours."""
    done = subprocess.run(
        [sys.executable, "-I", "-", json.dumps(goal)],
        input=trial.program(["tests.lab.isolation.some_attempts"], TOP),
        capture_output=True,
        check=True,
        cwd="/",
        timeout=60,
    )
    return {one.name: one for one in trial.read_answer("host", done.stdout.decode())}


@pytest.fixture(scope="module")
def told():
    return run({"also": []})


@pytest.mark.parametrize("name", ["gets through", "gets through in a child"])
def test_what_gets_through_has_not_held(told, name):
    assert (told[name].held, told[name].fair) == (False, True)
    assert told[name].seen.startswith("got through: ")


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("is refused", "EACCES"),
        ("is refused in other words", "no\nway"),
        ("is refused in a child", "EPERM"),
        ("kills itself", "killed: SIGKILL"),
    ],
)
def test_a_refusal_has_held(told, name, seen):
    assert (told[name].held, told[name].fair, told[name].seen) == (True, True, seen)


@pytest.mark.parametrize("what", ["there is no such file", "a mistake", "it never ends"])
def test_an_attempt_that_was_none_has_not_held(told, what):
    one = told[f"is no attempt: {what}"]
    assert (one.held, one.fair) == (False, False)
    assert one.seen.startswith("no attempt: ")


def test_who_has_fewer_rights_may_be_stopped_sooner(told):
    assert not told["is stopped sooner by fewer rights"].fair
    assert run({"also": ["EROFS"]})["is stopped sooner by fewer rights"].held


def test_the_door_of_32_bit_programs_leads_somewhere_where_nothing_filters():
    """Otherwise its attempts say nothing. 20 is getpid there."""
    code = "import os; from explorer.lab.isolation.calls import other_door; print(other_door(20) == os.getpid())"
    done = subprocess.run([sys.executable, "-c", code], cwd=TOP, capture_output=True, text=True, check=False)
    if done.returncode < 0:
        pytest.skip("kernel lacks 32-bit programs")
    assert done.stdout == "True\n", done.stderr
    assert callable(other_door)
