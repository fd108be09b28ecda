"""A program that stays loaded between two journeys is given to one journey, also when two begin at the same moment."""

from __future__ import annotations

from typing import Any

import pytest

from explorer.lab.drops import hear, libbpf
from explorer.lab.drops.hear import Drops


class Program:
    def __init__(self) -> None:
        self.closed = False

    def attach(self, entry, sample, keys): ...

    def close(self):
        self.closed = True


class Compiled:
    """While somebody looks for the file, another journey takes the program that was kept."""

    def is_file(self):
        hear.kept.clear()
        return True


@pytest.fixture
def kept(monkeypatch):
    monkeypatch.setattr(hear, "kept", [Program()])
    monkeypatch.setattr(hear, "reasons", dict)
    return hear.kept


async def test_a_journey_that_comes_second_loads_a_program_of_its_own(kept, monkeypatch):
    fresh = Program()
    monkeypatch.setattr(hear, "compiled", Compiled)
    monkeypatch.setattr(libbpf.Program, "load", lambda file, events: fresh)
    loaded: object = Drops({})._load()
    assert loaded is fresh


def test_a_program_that_was_taken_is_not_closed_when_its_time_is_over(kept):
    taken: Any = hear.take_kept()
    hear.forget(taken)
    assert not taken.closed
