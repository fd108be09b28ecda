"""Every lesson, played on a real sandbox: green with its commands, red without them, gone afterwards."""

from __future__ import annotations

import pytest

from explorer.lab import hosts
from explorer.lessons.load import load_lessons
from explorer.lessons.model import Command
from explorer.sandboxes import solve

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]
LESSONS = load_lessons()


TRUE = {  # what the machine answers today; a change here is news about Docker or about us
    "start-here": {"own-or-shared": "own", "on-none": "only-lo", "on-host": "none"},
    "bridge": {
        "docker0": "switch",
        "new-on-host": "cable",
        "curl-localhost": "nobody",
        "who-asked": "host",
        "by-name": "address",
        "across": "dropped",
        "expose": "no",
        "loopback": "host-only",
    },
}


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(solve, "GREEN_SECONDS", 5.0)


def faults(result):
    return {step.step: step.faults for step in result.steps if step.faults}


@pytest.mark.parametrize("slug", LESSONS)
async def test_green_with_its_own_commands(lab_config, slug):
    told: list[str] = []
    result = await solve.solve_lesson(lab_config, LESSONS[slug], told.append)
    assert faults(result) == {}, "\n".join(told)
    assert [step.step for step in result.steps] == [step.id for step in LESSONS[slug].steps]
    assert {asked: answer for step in result.steps for asked, answer in step.answers.items()} == TRUE[slug]
    assert result.sandbox not in {found.sandbox for found in hosts.list_sandboxes(lab_config)}


BROKEN = [
    ("start-here", ("around", 0), {"around": ["check 'asked' did not turn green"]}),
    ("start-here", ("namespace", 2), {}),  # only looking: nothing depends on it
    ("bridge", ("localhost", 3), {"localhost": ["check 'to-web' did not turn green"]}),
    ("bridge", ("localhost", 5), {"localhost": ["check 'to-host' did not turn green"]}),
]


@pytest.mark.parametrize(("slug", "skip", "expected"), BROKEN)
async def test_red_without_a_command(lab_config, impatient, slug, skip, expected):
    result = await solve.solve_lesson(lab_config, LESSONS[slug], lambda line: None, skip=skip, until=skip[0])
    assert faults(result) == expected
    assert result.ok == (not expected)


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


STOCK = "docker rm -f stock; docker run -d --name stock --network back box"
ROADS = [
    ("start-here", ["docker rm -f lost", "docker run -d --name lost box"], ""),
    (
        "start-here",
        ["docker rm -f lost", "docker run -d --name lost --network host box"],
        "<code>lost</code> uses the host's own",
    ),
    ("start-here", ["docker network disconnect none lost"], "<code>lost</code> is on no network at all"),
    ("bridge", [STOCK, "docker network connect front stock"], ""),
    (
        "bridge",
        [STOCK, "docker network create both", "docker network connect both till", "docker network connect both stock"],
        "",
    ),
    ("bridge", ["docker network connect back till"], "<code>stock</code> still publishes a port"),
    ("bridge", [STOCK], "have no network in common yet"),
    (
        "bridge",
        [STOCK, "docker network connect bridge till", "docker network connect bridge stock"],
        "share only the default bridge",
    ),
    (
        "bridge",
        ["docker rm -f stock; docker run -d --name stock --network front box"],
        "<code>stock</code> on <code>back</code>",
    ),
]


@pytest.mark.parametrize(("slug", "road", "hint"), ROADS)
async def test_any_road_to_the_goal_counts_and_hints_fit(lab_config, impatient, slug, road, hint):
    challenge = next(step for step in LESSONS[slug].steps if step.challenge)
    other = challenge.model_copy(update={"solution": tuple(Command(place="h1", command=words) for words in road)})
    result = await solve.solve_lesson(lab_config, LESSONS[slug].model_copy(update={"steps": (other,)}), lambda line: None)
    assert result.ok == (not hint), faults(result)
    assert hint in " ".join(fault for fault in result.steps[0].faults if fault.startswith("hint then"))
