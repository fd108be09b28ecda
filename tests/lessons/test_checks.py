"""Verdicts: never an exception, no answer before its question, and only the packets that matter."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.lessons.checks import evaluate, probes
from explorer.lessons.load import load_lessons
from explorer.lessons.model import Step
from explorer.network.model import DockerState, Place, Probe, Snapshot
from tests.lessons.worlds import answered, one_host, seen

WORD = st.one_of(
    st.sampled_from(["", "h1", "eth0", "172.17.0.2", "172.17.0.2/16", "a/b/c", "[", "*", "::1", "default"]), st.text(max_size=8)
)
PLACES = st.sampled_from(["h1", "h1/web", "h1/second", "h1/", "/", "", "outside", "h1/[x", "h2"])


def steps() -> list[Step]:
    return [step for lesson in load_lessons().values() for step in lesson.steps]


def step(lessons, **changes):
    for old, new in changes.items():
        lessons.change(old, new)
    return lessons.load().steps[0]


@st.composite
def snapshots(draw):
    st.register_type_strategy(str, WORD)
    places = draw(st.dictionaries(PLACES, st.builds(Place, kind=st.sampled_from(["host", "container", "machine"])), max_size=4))
    docker = draw(st.dictionaries(st.sampled_from(["h1", "h2", ""]), st.builds(DockerState), max_size=2))
    return Snapshot(sandbox="s", places=places, docker=docker)


@settings(max_examples=60, deadline=None)
@given(snapshots())
def test_never_raises(snapshot):
    for one in steps():
        evaluate(one, snapshot)
        probes(one, snapshot)


def test_an_empty_world_passes_nothing():
    for one in steps():
        assert evaluate(one, Snapshot(sandbox="s")).passed == ()


def test_hints_stop_when_the_step_is_done(lessons):
    one = step(lessons)
    busy = one_host()
    assert evaluate(one, busy).done
    assert evaluate(one, busy).hints == ()
    stopped = busy.docker["h1"].model_copy(update={"containers": busy.docker["h1"].containers[-1:]})
    idle = busy.model_copy(update={"docker": {"h1": stopped}})
    assert evaluate(one, idle).hints == ("Start it.",)


@pytest.mark.parametrize(("helped", "said"), [(0, ()), (1, ("Look.",)), (2, ("Look.", "<code>ps</code>")), (3, ...)])
def test_a_challenge_tells_only_the_hints_that_were_asked_for(lessons, helped, said):
    lessons.change('file = "1.md"\n', 'file = "1.md"\nchallenge = true\n')
    lessons.change('text = "Start it."', 'text = "Start it."\nwhere = "Look."\ntool = "`ps`"')
    one, busy = step(lessons), one_host()
    stopped = busy.docker["h1"].model_copy(update={"containers": busy.docker["h1"].containers[-1:]})
    idle = busy.model_copy(update={"docker": {"h1": stopped}})
    assert evaluate(one, idle, helped=helped).hints == (("Look.", "<code>ps</code>", "Start it.") if said is ... else said)
    assert evaluate(one, busy, helped=helped).hints == ()


def test_the_machine_answers_no_question_before_the_learner_did(lessons):
    one, busy = step(lessons), one_host()
    quiet = busy.docker["h1"].model_copy(update={"containers": busy.docker["h1"].containers[:1]})
    world = busy.model_copy(update={"docker": {"h1": quiet}})
    assert evaluate(one, world, {}).outcomes == {}
    assert evaluate(one, world, {"guess": "no"}).outcomes == {"guess": "yes"}
    assert evaluate(one, world).outcomes == {"guess": "yes"}


def test_two_true_options_are_no_answer(lessons):
    assert evaluate(step(lessons), one_host()).outcomes == {}


def test_an_answer_waits_for_what_was_asked_about(lessons):
    lessons.change('question = "Will it?"', 'question = "Will it?"\nafter = { container_running = { name = "nobody" } }')
    one, busy = lessons.load().steps[0], one_host()
    quiet = busy.docker["h1"].model_copy(update={"containers": busy.docker["h1"].containers[:1]})
    assert evaluate(one, busy.model_copy(update={"docker": {"h1": quiet}})).outcomes == {}


PROBE = '[ { container_running = { name = "web" } }, { probe = { source = "h1/web", target = "h1", ok = true } } ]'


def test_only_the_packets_that_matter(lessons):
    lessons.change('{ container_running = { name = "web" } }', PROBE)
    one, asked = lessons.load().steps[0], Probe(source="h1/web", target="h1")
    assert probes(one) == [asked]
    assert probes(one, one_host()) == [asked]
    assert probes(one, Snapshot(sandbox="s")) == []
    assert probes(one, one_host(), settled=["runs"]) == []


def test_a_prediction_nobody_made_sends_no_packets(lessons):
    lessons.change('{ interface = { place = "h1/web", name = "eth0" } }', PROBE)
    one = lessons.load().steps[0]
    assert probes(one, one_host(), {}) == []
    assert probes(one, one_host(), {"guess": "yes"}) == [Probe(source="h1/web", target="h1")]
    assert probes(one, one_host(), {"guess": "yes"}, settled=["guess"]) == []


def test_a_packet_decides(lessons):
    lessons.change('{ container_running = { name = "web" } }', PROBE)
    one = lessons.load().steps[0]
    assert evaluate(one, one_host()).passed == ()
    assert evaluate(one, one_host(probes=answered("h1/web", "h1", False))).passed == ()
    assert evaluate(one, one_host(probes=answered("h1/web", "h1", True))).passed == ("runs",)


def test_lessons_from_json_evaluate_too():
    """A lesson that was sent as JSON and read again judges alike."""
    for slug, lesson in load_lessons().items():
        for one in lesson.steps:
            again = Step.model_validate_json(one.model_dump_json())
            world = seen(f"{slug}/0-start.json")
            assert evaluate(again, world) == evaluate(one, world)
