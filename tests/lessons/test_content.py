"""Our own lessons, held against what was seen on a real sandbox while each was played with its own commands."""

from __future__ import annotations

import re

import pytest

from explorer.lessons.checks import evaluate
from explorer.lessons.load import load_lessons
from explorer.lessons.model import LEVELS
from explorer.lessons.summary import summarise
from tests.lessons.worlds import one_host, seen, seen_in, true

LESSONS = load_lessons()
STEPS = [
    pytest.param(lesson, step, seen_in(slug)[number], seen_in(slug)[number + 1], id=f"{slug}-{step.id}")
    for slug, lesson in LESSONS.items()
    for number, step in enumerate(lesson.steps)
]


@pytest.mark.parametrize(("lesson", "step", "before", "after"), STEPS)
def test_red_before_and_green_after(lesson, step, before, after):
    given = {check.id for check in step.checks if check.given}
    assert set(evaluate(step, seen(before)).passed) <= given
    verdict = evaluate(step, seen(after))
    assert verdict.passed == tuple(check.id for check in step.checks)
    assert verdict.hints == ()


@pytest.mark.parametrize(("lesson", "step", "before", "after"), STEPS)
def test_a_step_that_asks_nothing_is_only_the_summary(lesson, step, before, after):
    assert bool(step.checks) != step.summary


@pytest.mark.parametrize("lesson", LESSONS.values(), ids=LESSONS)
def test_shape(lesson):
    assert 5 <= len(lesson.steps) <= 10
    assert 10 <= lesson.minutes <= 30
    assert sum(len(step.predictions) for step in lesson.steps) >= 3
    assert [step.challenge for step in lesson.steps[-2:]] == [True, False]
    assert lesson.steps[-1].summary
    assert lesson.steps[-2].solution
    assert all(step.hints for step in lesson.steps[:-1])


@pytest.mark.parametrize("lesson", LESSONS.values(), ids=LESSONS)
def test_each_hint_of_a_challenge_says_where_to_look_before_it_says_what_to_do(lesson):
    assert all(len(hint.levels) == LEVELS for step in lesson.steps if step.challenge for hint in step.hints)


@pytest.mark.parametrize("lesson", LESSONS.values(), ids=LESSONS)
def test_titles_are_plain_text(lesson):
    assert not any(mark in title for title in (lesson.title, *(step.title for step in lesson.steps)) for mark in "`*_<")


@pytest.mark.parametrize("lesson", LESSONS.values(), ids=LESSONS)
def test_summary_of_what_was_seen(lesson):
    facts = dict(summarise(lesson, seen(seen_in(lesson.slug)[-2])))
    assert len(facts) >= 4
    assert all(text and "None" not in text for text in facts.values())


def test_summary_counts_what_is_there():
    facts = dict(summarise(LESSONS["bridge"], seen(seen_in("bridge")[-1])))
    assert re.fullmatch(r"12 veth pairs: to anna, baker, .* and 5 more", facts["Cables"])
    assert re.search(r"docker0 \(network bridge, 172.17.0.1/16\), br-[0-9a-f]{12} \(network town, ", facts["Switches"])
    assert facts["The way in"] == "port 8080 to open, port 8081 to private at 127.0.0.1 and port 8082 to paul"
    assert facts["Borders"].startswith("7 DROP rules between the switches, ")


def test_summary_of_a_world_that_is_gone():
    empty = one_host(places={}, docker={})
    assert [summarise(lesson, empty) for lesson in LESSONS.values()] == [[]] * len(LESSONS)


HINTS = [
    # step, what the world must show, a part of the hint
    ("bridge", "publish", {"port_published": {"reach": "everyone"}}, "Ask from the terminal of <code>outside</code>"),
]


@pytest.mark.parametrize(("slug", "step", "state", "hint"), HINTS)
def test_hints_fit_the_state(slug, step, state, hint):
    [one] = [one for one in LESSONS[slug].steps if one.id == step]
    world = one_host()
    nat = world.places["h1"].views["nat"]
    uncounted = nat.model_copy(update={"items": tuple(rule.model_copy(update={"packets": 0}) for rule in nat.items)})
    host = world.places["h1"].model_copy(update={"views": {**world.places["h1"].views, "nat": uncounted}})
    world = world.model_copy(update={"places": {**world.places, "h1": host}})
    assert true(state, world)
    assert hint in " ".join(evaluate(one, world).hints)
