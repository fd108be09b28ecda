"""Every lesson, played on a real sandbox: green with its commands, red without them, gone afterwards."""

from __future__ import annotations

import asyncio
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from explorer.lab import capabilities, hosts
from explorer.lab.errors import NoDriver
from explorer.lessons.load import load_lessons
from explorer.lessons.model import Command
from explorer.network.scenario import ENGINES
from explorer.sandboxes import solve

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]
LESSONS = load_lessons()


PLAYED = {path.stem: tomllib.loads(path.read_text()) for path in (Path(__file__).parent / "played").glob("*.toml")}
AT_ONCE = 3  # lessons mostly wait; each plays in a sandbox of its own


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(solve, "GREEN_SECONDS", 5.0)


def faults(result):
    return {step.step: step.faults for step in result.steps if step.faults}


def refused(error, slug):
    """The one honest skip, and only for a kernel that truly lacks what the lesson is about."""
    driver = LESSONS[slug].driver
    assert driver not in capabilities.usable(capabilities.features())
    assert str(error).startswith(f"A lesson about {driver} cannot be played here: this node's kernel, Linux ")
    pytest.skip(f"kernel lacks {driver}")


@pytest.fixture
def solved(lab_config):
    """Plays one lesson, or parts of it; the kernel may lack its driver."""

    async def solve_it(slug, lesson=None, **more):
        try:
            return await solve.solve_lesson(lab_config, lesson or LESSONS[slug], lambda line: None, **more)
        except NoDriver as error:
            refused(error, slug)

    return solve_it


def play(config, lesson, say, **more):
    """In a thread and an event loop of its own."""
    return asyncio.run(solve.solve_lesson(config, lesson, say, **more))


@pytest.fixture(scope="module")
def pool():
    with ThreadPoolExecutor(AT_ONCE) as threads:
        yield threads


@pytest.fixture(scope="module")
def whole(lab_config, pool, await_engine):
    """(version, slug) → (what was said, the result to come) of every lesson, played with its own commands."""

    def begin(engine, slug):
        told: list[str] = []

        def go():
            await_engine(engine)
            return play(lab_config, LESSONS[slug], told.append, engine=engine)

        return told, pool.submit(go)

    return {(engine, slug): begin(engine, slug) for engine in ENGINES for slug in LESSONS}


@pytest.mark.parametrize("slug", LESSONS)
@pytest.mark.parametrize("engine", ENGINES)
def test_green_with_its_own_commands(lab_config, whole, await_engine, slug, engine):
    await_engine(engine)
    told, coming = whole[engine, slug]
    try:
        result = coming.result()
    except NoDriver as error:
        assert told == []
        refused(error, slug)
    assert faults(result) == {}, "\n".join(told)
    assert [step.step for step in result.steps] == [step.id for step in LESSONS[slug].steps]
    answers = {asked: answer for step in result.steps for asked, answer in step.answers.items()}
    known = PLAYED[slug]["answers"]  # a list has all that a measurement may say
    assert answers.keys() == known.keys()
    assert all(answer in (true if isinstance(true := known[asked], list) else [true]) for asked, answer in answers.items())
    assert result.sandbox not in {found.sandbox for found in hosts.list_sandboxes(lab_config)}


WITHOUT = [(slug, one) for slug, played in PLAYED.items() for one in played.get("without", ())]


@pytest.mark.parametrize(("slug", "one"), WITHOUT, ids=[f"{slug}-{one['step']}-{one['command']}" for slug, one in WITHOUT])
async def test_red_without_a_command(solved, impatient, slug, one):
    result = await solved(slug, skip=(one["step"], one["command"]), until=one["step"])
    red = [fault for fault in result.steps[-1].faults if fault.startswith("check ")]
    assert red == [f"check {name!r} did not turn green" for name in one["red"]]
    assert faults(result).keys() == ({one["step"]} if one["red"] else set())


async def test_a_challenge_does_not_solve_itself(lab_config, impatient):
    lesson = LESSONS["start-here"]
    challenge = next(step for step in lesson.steps if step.challenge)
    alone = lesson.model_copy(update={"steps": (challenge.model_copy(update={"solution": ()}),)})
    result = await solve.solve_lesson(lab_config, alone, lambda line: None)
    assert faults(result)["challenge"][0] == "check 'found' did not turn green"


async def test_a_check_that_is_green_too_early_fails(lab_config, impatient):
    lesson = LESSONS["bridge"]
    first = lesson.steps[0]
    again = first.model_copy(update={"id": "again", "commands": (), "predictions": ()})
    result = await solve.solve_lesson(lab_config, lesson.model_copy(update={"steps": (first, again)}), lambda line: None)
    assert faults(result) == {
        "again": ["check 'running' is green before the step's commands", "check 'plugged' is green before the step's commands"]
    }


async def test_a_program_that_is_not_there_is_said(lab_config, impatient):
    lesson = LESSONS["start-here"]
    step = lesson.steps[0]
    wrong = step.model_copy(update={"commands": (step.commands[0].model_copy(update={"command": "kurl outside"}),)})
    result = await solve.solve_lesson(lab_config, lesson.model_copy(update={"steps": (wrong,)}), lambda line: None)
    assert "h1$ kurl outside: no such program there" in faults(result)["around"]


ROADS = [(slug, one["commands"], one.get("hint", "")) for slug, played in PLAYED.items() for one in played.get("roads", ())]


@pytest.mark.parametrize(("slug", "road", "hint"), ROADS)
async def test_any_road_to_the_goal_counts_and_hints_fit(solved, impatient, slug, road, hint):
    challenge = next(step for step in LESSONS[slug].steps if step.challenge)
    other = challenge.model_copy(update={"solution": tuple(Command(place="h1", command=words) for words in road)})
    stage = tuple(step for step in LESSONS[slug].steps if step.id in PLAYED[slug].get("stage", ()))
    result = await solved(slug, LESSONS[slug].model_copy(update={"steps": (*stage, other)}))
    assert result.ok == (not hint), faults(result)
    assert hint in " ".join(fault for fault in result.steps[-1].faults if fault.startswith("hint then"))
