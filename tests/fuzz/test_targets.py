"""A few seconds of what `make fuzz` does for as long as one likes, and every input that once broke a parser."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.attacks import attack
from tests.fuzz.inputs import inputs
from tests.fuzz.targets import TARGETS, Target, Unsound, attempt

CRASHES = Path(__file__).parent / "crashes"
ONCE_BROKEN = sorted(path for path in CRASHES.glob("*/*") if path.is_file())


@pytest.mark.parametrize("name", TARGETS)
def test_real_input_is_read(name):
    seeds = TARGETS[name].seeds()
    assert seeds
    for seed in seeds:
        attempt(TARGETS[name], seed)


@attack(
    "anything, for the parser {name}", origin="output", expected="harmless", held_by="fuzzed parsers with declared refusals"
)
@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=60)
@given(data=st.data())
def test_anything_is_survived(name, data):
    attempt(TARGETS[name], data.draw(inputs(TARGETS[name])))


@attack("what once broke a parser", origin="output", expected="harmless", held_by="fuzzed parsers with declared refusals")
@pytest.mark.parametrize("path", ONCE_BROKEN, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_once_broke_a_parser(path):
    attempt(TARGETS[path.parent.name], path.read_bytes())


# --- the harness itself: it must notice -------------------------------------------------------------------------------


def slow(_data: bytes) -> str:
    until = time.process_time() + 0.2
    while time.process_time() < until:
        pass
    return ""


def refuses_undeclared(_data: bytes) -> str:
    raise ValueError("declared by nobody")


def babbles(data: bytes) -> str:
    return "x" * (41_000 + 700 * len(data))


@pytest.mark.parametrize(("parse", "raised"), [(slow, Unsound), (babbles, Unsound), (refuses_undeclared, ValueError)])
def test_a_bad_parser_is_noticed(parse, raised):
    with pytest.raises(raised):
        attempt(Target(parse, list), b"1234", seconds=0.1)


def test_a_declared_refusal_is_no_failure():
    attempt(Target(refuses_undeclared, list, (ValueError,)), b"")
