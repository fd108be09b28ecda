import uuid

import pytest

from explorer.lessons.load import load_lessons
from explorer.lessons.model import Condition, Hint
from explorer.network.model import Snapshot
from explorer.node.relay import teacher as teaching
from explorer.node.relay.teacher import Standing, Teacher, find_teacher
from explorer.sandboxes.models import Progress
from tests.lessons.worlds import seen

WHO = uuid.uuid4()


def teacher(step="", **standing):
    return Teacher(WHO, load_lessons()["bridge"], Standing(step=step, **standing))


def test_without_a_step_it_is_the_first():
    assert teacher().step == load_lessons()["bridge"].steps[0]
    assert teacher("nosuch").step == load_lessons()["bridge"].steps[0]


def test_the_same_learner_keeps_the_same_teacher():
    first = find_teacher(WHO, "bridge", Standing(), None)
    assert find_teacher(WHO, "bridge", Standing(step="out"), first) is first
    assert first.step.id == "out"
    assert find_teacher(WHO, "start-here", Standing(), first) is not first


def test_nobody_and_nothing_need_no_teacher():
    assert find_teacher(None, "bridge", Standing(), None) is None
    assert find_teacher(WHO, "", Standing(), None) is None
    assert find_teacher(WHO, "nosuch", Standing(), None) is None


def test_a_ticked_check_does_not_silence_a_prediction_of_the_same_name():
    lesson = load_lessons()["bridge"]
    shared = [(step, {check.id for check in step.checks} & {asked.id for asked in step.predictions}) for step in lesson.steps]
    for step, names in shared:
        if not names:
            continue
        guesses = {asked.id: asked.options[0].id for asked in step.predictions}
        passed = {step.id: [check.id for check in step.checks]}
        waiting = teacher(step.id, passed=passed, predictions=guesses).probes(None)
        answered = teacher(step.id, passed=passed, predictions=guesses, outcomes=guesses).probes(None)
        assert answered == []
        assert waiting


async def test_nothing_new_is_no_news():
    judge = teacher("summary").judge
    assert [event.type for event in await judge(Snapshot(sandbox="sb"))] == ["lesson_moved"]
    assert await judge(Snapshot(sandbox="sb")) == []


def measuring(**predictions):
    return Teacher(WHO, load_lessons()["host"], Standing(step="cost", predictions=predictions))


def test_nothing_is_measured_before_the_learner_has_guessed():
    ready = seen("host/5-cost.json")
    assert measuring().measurements(ready) == []
    assert measuring(latency="host").measurements(ready) == []
    assert [one.id for one in measuring(latency="host", throughput="level").measurements(ready)] == ["roads"]


def test_nor_before_both_ends_are_there():
    assert measuring(latency="host", throughput="level").measurements(seen("host/4-clash.json")) == []


# --- who looked first ---
NONE, BEFORE = "start-here/2-namespace.json", "start-here/1-around.json"


@pytest.fixture
def kept(monkeypatch):
    """What is written into the row: (the passed checks, the questions whose outcome was seen before choosing), each time."""
    told = []

    def record(learner, slug, step, passed, outcomes, looked):
        told.append((set(passed), set(looked)))
        return Progress(step=step, looked=dict.fromkeys(looked, "tried"), predictions={}, outcomes=outcomes)

    monkeypatch.setattr(teaching, "record_verdict", record)
    return told


def at_namespace(**standing):
    return Teacher(WHO, load_lessons()["start-here"], Standing(step="namespace", **standing))


async def test_who_tries_it_before_choosing_looked_first(kept):
    one = at_namespace()
    await one.judge(seen(BEFORE))
    assert kept == []
    await one.judge(seen(NONE))
    await one.judge(seen(NONE))
    assert [looked for _, looked in kept if looked] == [{"own-or-shared"}]


async def test_who_chose_before_did_not(kept):
    one = at_namespace(predictions={"own-or-shared": "own"})
    await one.judge(seen(BEFORE))
    await one.judge(seen(NONE))
    assert all(looked == set() for _, looked in kept)


async def test_what_was_there_before_the_question_is_not_held_against_anybody(kept):
    await at_namespace().judge(seen(NONE))
    assert all(looked == set() for _, looked in kept)


async def test_the_hints_of_a_challenge_are_told_as_far_as_they_were_asked_for(kept):
    lesson = load_lessons()["start-here"]
    nobody = Condition(kind="not", args={"of": [Condition(kind="container_running", args={"name": "nobody"})]})
    hints = (Hint(where_html="There.", tool_html="<code>ps</code>", text="docker ps", when=nobody),)
    steps = tuple(one.model_copy(update={"hints": hints}) if one.challenge else one for one in lesson.steps)
    for helped in range(4):
        standing = Standing(step="challenge", helped={"challenge": helped, "another": 3})
        one = Teacher(WHO, lesson.model_copy(update={"steps": steps}), standing)
        moved, *_ = await one.judge(seen("start-here/4-host.json"))
        assert moved.hints == ("There.", "<code>ps</code>", "docker ps")[:helped]
