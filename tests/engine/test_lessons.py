"""Every lesson, played on a real sandbox: green with its commands, red without them, gone afterwards."""

from __future__ import annotations

import asyncio
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from explorer.environment import patient
from explorer.lab.engine import capabilities
from explorer.lab.errors import NoDriver
from explorer.lab.hosts import lifecycle
from explorer.lab.images.recipes import ENGINES
from explorer.lessons.load import load_lessons
from explorer.lessons.model import Command, Part
from explorer.network.engines import DEFAULT_ENGINE
from explorer.node.lessons import solve

pytestmark = [pytest.mark.engine, pytest.mark.timeout(1800)]
LESSONS = load_lessons()


PLAYED = {path.stem: tomllib.loads(path.read_text()) for path in (Path(__file__).parent / "played").glob("*.toml")}
AT_ONCE = 4  # plays mostly wait; each has a sandbox of its own
IMPATIENT = patient(5.0)
WITHOUT = [(slug, one) for slug, played in PLAYED.items() for one in played.get("without", ())]
ROADS = [(slug, one) for slug, played in PLAYED.items() for one in played.get("roads", ())]


def faults(result):
    return {step.step: step.faults for step in result.steps if step.faults}


def refused(error, slug):
    """The one honest skip, and only for a kernel that truly lacks what the lesson is about."""
    driver = LESSONS[slug].driver
    assert driver not in capabilities.usable(capabilities.features())
    assert str(error).startswith(f"A lesson about {driver} cannot be played here: this node's kernel, Linux ")
    pytest.skip(f"kernel lacks {driver}")


def by_engine(true, engine):
    """What the machine answers with this version. A table names versions, and `later` is every other; a list has all that a
    measurement may say."""
    return true.get(engine, true["later"]) if isinstance(true, dict) else true


def challenge_by(slug, road):
    """The lesson with nothing but its challenge (and what has to stand for it), solved by another road."""
    challenge = next(step for step in LESSONS[slug].steps if step.challenge)
    other = challenge.model_copy(update={"solution": tuple(Command(place="h1", command=words) for words in road["commands"])})
    stage = tuple(step for step in LESSONS[slug].steps if step.id in PLAYED[slug].get("stage", ()))
    return LESSONS[slug].model_copy(update={"steps": (*stage, other)})


def play(config, await_engine, told, **asked):
    """One play as a test asks for it, in a thread and an event loop of its own."""
    slug, engine = asked["slug"], asked.get("engine", DEFAULT_ENGINE)
    await_engine(engine)
    lesson, more = LESSONS[slug], {}
    if one := asked.get("one"):
        more = {"skip": (one["step"], one["command"]), "until": one["step"], "patience": IMPATIENT}
    if road := asked.get("road"):
        lesson, more = challenge_by(slug, road), {"patience": IMPATIENT}
    return asyncio.run(solve.solve_lesson(config, lesson, told.append, engine=engine, **more))


@pytest.fixture(scope="module")
def plays(request, lab_config, await_engine):
    """Test → (what was said, the result to come), once. All that were selected are queued at once, in their order. A test that
    is tried once more has a play of its own."""
    with ThreadPoolExecutor(AT_ONCE) as threads:

        def begin(item):
            told: list[str] = []
            return told, threads.submit(play, lab_config, await_engine, told, **item.callspec.params)

        selected = [item for item in request.session.items if item.path == request.path and "played" in item.fixturenames]
        coming = {item.name: begin(item) for item in selected}
        yield lambda item: coming.pop(item.name, None) or begin(item)


@pytest.fixture
def played(request, plays):
    """The result of this test's play; the kernel may lack its driver."""
    told, coming = plays(request.node)
    try:
        result = coming.result()
    except NoDriver as error:
        assert told == []
        refused(error, request.node.callspec.params["slug"])
    result.told = "\n".join(told)
    return result


@pytest.mark.parametrize("slug", LESSONS)
@pytest.mark.parametrize("engine", ENGINES)
def test_green_with_its_own_commands(lab_config, played, slug, engine):
    assert faults(played) == {}, played.told
    assert played.engine == engine
    assert [step.step for step in played.steps] == [step.id for step in LESSONS[slug].steps]
    answers = {asked: answer for step in played.steps for asked, answer in step.answers.items()}
    known = {asked: by_engine(true, engine) for asked, true in PLAYED[slug]["answers"].items()}
    assert answers.keys() == known.keys()
    assert all(answer in (true if isinstance(true := known[asked], list) else [true]) for asked, answer in answers.items())
    assert played.sandbox not in {found.sandbox for found in lifecycle.list_sandboxes(lab_config)}


@pytest.mark.parametrize(("slug", "one"), WITHOUT, ids=[f"{slug}-{one['step']}-{one['command']}" for slug, one in WITHOUT])
def test_red_without_a_command(played, slug, one):
    red = [fault for fault in played.steps[-1].faults if fault.startswith("check ")]
    assert red == [f"check {name!r} did not turn green" for name in one["red"]], played.told
    assert faults(played).keys() == ({one["step"]} if one["red"] else set())


@pytest.mark.parametrize(("slug", "road"), ROADS, ids=[f"{slug}-{at}" for at, (slug, _) in enumerate(ROADS)])
def test_any_road_to_the_goal_counts_and_hints_fit(played, slug, road):
    hint = road.get("hint", "")
    assert played.ok == (not hint), f"{faults(played)} {played.told}"
    assert hint in " ".join(fault for fault in played.steps[-1].faults if fault.startswith("hint then"))


async def test_a_challenge_does_not_solve_itself(lab_config):
    lesson = LESSONS["start-here"]
    challenge = next(step for step in lesson.steps if step.challenge)
    alone = lesson.model_copy(update={"steps": (challenge.model_copy(update={"solution": ()}),)})
    result = await solve.solve_lesson(lab_config, alone, lambda line: None, patience=IMPATIENT)
    assert faults(result)["challenge"][0] == "check 'found' did not turn green"


async def test_a_check_that_is_green_too_early_fails(lab_config):
    lesson = LESSONS["bridge"]
    first = lesson.steps[0]
    again = first.model_copy(update={"id": "again", "parts": (), "predictions": ()})
    result = await solve.solve_lesson(
        lab_config, lesson.model_copy(update={"steps": (first, again)}), lambda line: None, patience=IMPATIENT
    )
    assert faults(result) == {
        "again": ["check 'running' is green before the step's commands", "check 'plugged' is green before the step's commands"]
    }


async def test_a_program_that_is_not_there_is_said(lab_config):
    lesson = LESSONS["start-here"]
    kurl = Part(html="", commands=(Command(place="h1", command="kurl outside"),))
    wrong = lesson.steps[0].model_copy(update={"parts": (kurl,)})
    result = await solve.solve_lesson(
        lab_config, lesson.model_copy(update={"steps": (wrong,)}), lambda line: None, patience=IMPATIENT
    )
    assert "h1$ kurl outside: no such program there" in faults(result)["around"]
