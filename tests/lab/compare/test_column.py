"""The work on one column, held against eyes and machines that misbehave: it always comes to an end that says what happened."""

import asyncio

import pytest

from explorer.lab.compare import column as work
from explorer.lab.compare import run_column
from explorer.lab.compare.make import Failed
from explorer.lab.config import LabConfig
from explorer.lab.errors import HostError
from explorer.network.comparison import Transcript, all_variants
from explorer.network.model import Place

FACTS = {
    "lans": {"lan": "10.77.0.0/24"},
    "hosts": {"h1": {"container": "c1", "address": "10.77.0.11", "engine": "26.1.5"}},
    "machines": {"outside": {"container": "c2", "address": "10.77.0.100"}},
}


class EyeOnAnEmptyHost:
    closed = False

    def __init__(self, *asked):
        self.places = {"h1": Place(id="h1", kind="host", name="h1")}

    async def __aenter__(self):
        return self

    async def __aexit__(self, *told):
        EyeOnAnEmptyHost.closed = True

    async def whole(self):
        pass


class EyeThatNeverOpens(EyeOnAnEmptyHost):
    async def whole(self):
        await asyncio.sleep(60)


class EyeThatSeesNothing(EyeOnAnEmptyHost):
    async def whole(self):
        raise HostError("The sandbox could not be looked at.")


class EyeOfOurMistake(EyeOnAnEmptyHost):
    async def whole(self):
        raise KeyError("a mistake of ours")


class MakerWhoFails:
    def __init__(self, *asked):
        self.heard, self.made = {}, []

    async def make(self):
        raise Failed("`docker network` on h1 did not work.", Transcript(where="h1", command="docker network create", status=1))


class MakerWhoNeverEnds(MakerWhoFails):
    async def make(self):
        await asyncio.sleep(60)


@pytest.fixture
def play(tmp_path, monkeypatch):
    config = LabConfig("t", "n", tmp_path / "engine", tmp_path / "run", tmp_path / "cache")
    monkeypatch.setattr(work, "lacking", lambda variant: "")

    async def run(eye=EyeOnAnEmptyHost, maker=MakerWhoFails, tell=None):
        monkeypatch.setattr(work, "Eye", eye)
        monkeypatch.setattr(work, "Maker", maker)
        told = []

        async def hear(phase, column):
            told.append((phase, column))

        return await run_column(config, "s1", FACTS, all_variants()["bridge"], tell or hear), told

    return run


async def test_a_command_that_fails_is_where_it_failed(play):
    column, told = await play()
    assert (column.state, column.failed_at) == ("failed", "making the network and the containers")
    assert column.failure.command == "docker network create"
    assert told[-1] == (column.phase, column)
    assert column.engine == "26.1.5"


async def test_a_column_has_its_time_and_no_more(play, monkeypatch):
    monkeypatch.setattr(work, "COLUMN_SECONDS", 0.1)
    for eye, maker, phase in (
        (EyeThatNeverOpens, MakerWhoFails, "looking at the host"),
        (EyeOnAnEmptyHost, MakerWhoNeverEnds, "making the network and the containers"),
    ):
        column, _ = await play(eye, maker)
        assert (column.state, column.failed_at) == ("failed", phase)
        assert "was not over" in column.error


async def test_what_a_sandbox_does_is_said_in_its_sentence(play):
    column, _ = await play(EyeThatSeesNothing)
    assert (column.state, column.error) == ("failed", "The sandbox could not be looked at.")


async def test_a_mistake_of_ours_ends_one_column_and_no_more(play):
    column, _ = await play(EyeOfOurMistake)
    assert column.state == "failed"
    assert "KeyError" in column.error


async def test_what_is_lacking_is_said_before_anything_is_touched(play, monkeypatch):
    monkeypatch.setattr(work, "lacking", lambda variant: "This node's kernel has no bridge.")
    column, told = await play(eye=None)
    assert (column.state, column.error) == ("lacks", "This node's kernel has no bridge.")
    assert len(told) >= 1


async def test_a_listener_who_is_slow_is_never_told_twice_at_once(play):
    telling = 0

    async def slow(phase, column):
        nonlocal telling
        telling += 1
        assert telling == 1
        await asyncio.sleep(0.05)
        telling -= 1

    column, _ = await play(tell=slow)
    assert column.state == "failed"


async def test_a_listener_who_has_had_enough_ends_the_work(play):
    class Enough(Exception):
        pass

    async def enough(phase, column):
        raise Enough

    EyeOnAnEmptyHost.closed = False
    with pytest.raises(Enough):
        await play(maker=MakerWhoNeverEnds, tell=enough)
    assert EyeOnAnEmptyHost.closed


async def test_who_is_cancelled_leaves_nothing_running(play):
    EyeOnAnEmptyHost.closed = False
    task = asyncio.create_task(play(maker=MakerWhoNeverEnds))
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert EyeOnAnEmptyHost.closed
    assert len(asyncio.all_tasks()) == 1
