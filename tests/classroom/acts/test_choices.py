"""What there is to choose from in a form: what the class has, in its order, and nothing else."""

from __future__ import annotations

import pytest

from explorer.classroom.acts.act import Kind
from explorer.classroom.acts.choices import choices_of
from explorer.classroom.models import StartingState
from explorer.lessons.load import load_lessons

BRIDGE, HOST = (load_lessons()[slug] for slug in ("bridge", "host"))


def values(kind, klass):
    return [choice.value for _, choices in choices_of(kind, klass) for choice in choices]


def chosen(kind, klass):
    return [choice.value for _, choices in choices_of(kind, klass) for choice in choices if choice.chosen]


def test_steps_stand_under_their_lesson_with_their_numbers(klass):
    (title, choices), (other, _) = choices_of(Kind.STEP, klass)
    assert (title, other) == (BRIDGE.title, HOST.title)
    assert [choice.value for choice in choices] == [f"bridge/{step.id}" for step in BRIDGE.steps]
    assert choices[1].label == f"2. {BRIDGE.steps[1].title}"


def test_the_step_the_class_is_open_until_is_chosen(klass):
    assert chosen(Kind.STEP, klass) == []
    klass.open_until = {"lesson": "host", "step": HOST.steps[1].id}
    assert chosen(Kind.STEP, klass) == [f"host/{HOST.steps[1].id}"]


def test_lessons_are_those_of_the_class_in_its_order(klass):
    klass.lessons = ["host", "gone", "bridge"]
    assert values(Kind.LESSON, klass) == ["host", "bridge"]
    assert [choice.label for choice in choices_of(Kind.LESSON, klass)[0][1]] == [HOST.title, BRIDGE.title]


def test_predictions_say_which_are_shown_already(klass):
    asked = [f"bridge/{one.id}" for step in BRIDGE.steps for one in step.predictions]
    assert values(Kind.PREDICTION, klass)[: len(asked)] == asked
    klass.revealed = [asked[0]]
    labels = [choice.label for choice in choices_of(Kind.PREDICTION, klass)[0][1]]
    assert [label.endswith("(shown)") for label in labels] == [True] + [False] * (len(asked) - 1)
    assert all(len(label) <= 50 for label in labels)


def test_a_lesson_that_asks_nothing_is_no_group(klass):
    silent = [slug for slug, lesson in load_lessons().items() if not any(step.predictions for step in lesson.steps)]
    klass.lessons = silent
    assert choices_of(Kind.PREDICTION, klass) == []


@pytest.mark.parametrize("kind", [Kind.STEP, Kind.PREDICTION])
def test_a_class_without_lessons_has_nothing_to_choose(klass, kind):
    klass.lessons = []
    assert choices_of(kind, klass) == []


def test_states_are_those_of_the_class_the_newest_first(klass, elsewhere):
    for title in ("first", "second"):
        StartingState.objects.create(klass=klass, title=title, scenario="one-host")
    StartingState.objects.create(klass=elsewhere.klass, title="theirs", scenario="one-host")
    assert [choice.label for choice in choices_of(Kind.STATE, klass)[0][1]] == ["second", "first"]
