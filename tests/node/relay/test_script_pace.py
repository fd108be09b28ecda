"""How often the scripts of a step are run: not while nothing happens, and never without a rest."""

import pytest

from explorer.lessons.load import read_lesson
from explorer.network.model import Script, Snapshot
from explorer.node.relay import script_pace
from explorer.node.relay.script_pace import Pacing
from explorer.node.relay.teacher import Standing, Teacher
from tests.fuzz.seeds import SMALL_LESSON


@pytest.fixture
def clock(monkeypatch):
    class Clock:
        now = 1000.0

    monkeypatch.setattr("explorer.node.relay.script_pace.time.monotonic", lambda: Clock.now)
    return Clock


def runs(clock, pacing, seconds):
    """At which of these seconds it is due, when each run is over at once."""
    told = []
    for second in range(seconds):
        if pacing.due():
            told.append(second)
            pacing.ran()
        clock.now += 1
    return told


def test_it_runs_at_once_and_every_three_seconds_while_something_happened(clock):
    assert runs(clock, Pacing(), 10) == [0, 3, 6, 9]


def test_it_runs_rarely_once_things_are_still(clock):
    assert runs(clock, Pacing(), 100)[4:] == [39, 69, 99]


def test_it_sleeps_when_nothing_has_happened_for_long_and_wakes(clock):
    pacing = Pacing()
    clock.now += script_pace.ASLEEP + 1
    assert not pacing.due()
    pacing.moved()
    assert pacing.due()


def test_whatever_happens_there_is_a_rest(clock):
    pacing = Pacing()
    pacing.ran()
    pacing.moved()
    assert not pacing.due()


def test_a_script_is_asked_until_its_check_was_green():
    condition = '{ script = { file = "1.sh" } }'
    main = SMALL_LESSON.replace('[{ container_running = { name = "web" } }, { script = { file = "1.sh" } }]', condition)
    lesson = read_lesson("small", {"lesson.toml": main, "1.md": "Text.\n", "1.sh": "exit 0\n"})
    still, green = Standing(step="one"), Standing(step="one", passed={"one": ["runs"]})
    assert Teacher(None, lesson, still).scripts(Snapshot(sandbox="s")) == [Script(place="h1", file="1.sh")]
    assert Teacher(None, lesson, green).scripts(Snapshot(sandbox="s")) == []


def test_a_script_waits_for_what_is_quicker_to_see():
    lesson = read_lesson("small", {"lesson.toml": SMALL_LESSON, "1.md": "`docker run --name web`\n", "1.sh": "exit 0\n"})
    assert Teacher(None, lesson, Standing(step="one")).scripts(Snapshot(sandbox="s")) == []
