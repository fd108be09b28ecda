"""The choices in the forms of actions: steps, predictions, lessons and kept states of one class."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import shorten

from explorer.classroom.acts.act import Kind
from explorer.classroom.classes import lessons_of
from explorer.classroom.models import Class
from explorer.lessons.model import Lesson


@dataclass(frozen=True)
class Choice:
    value: str
    label: str
    chosen: bool = False


Choices = list[tuple[str, list[Choice]]]  # (title of a group, its choices); an empty title is no group


def choices_of(kind: Kind, klass: Class) -> Choices:
    """The choices for a field of this kind, which must be one of the last four. Only what this class has is in it."""
    if kind is Kind.STATE:
        return [("", [Choice(str(state.pk), state.title) for state in klass.states.order_by("-created_at")])]
    lessons = lessons_of(klass)
    if kind is Kind.LESSON:
        return [("", [Choice(lesson.slug, lesson.title) for lesson in lessons])]
    found = _steps if kind is Kind.STEP else _predictions
    return [(lesson.title, choices) for lesson in lessons if (choices := found(klass, lesson))]


def _steps(klass: Class, lesson: Lesson) -> list[Choice]:
    """The steps of a lesson. The step up to which the class is open is preselected."""
    until = (klass.open_until.get("lesson"), klass.open_until.get("step"))
    return [
        Choice(f"{lesson.slug}/{step.id}", f"{at}. {step.title}", until == (lesson.slug, step.id))
        for at, step in enumerate(lesson.steps, 1)
    ]


def _predictions(klass: Class, lesson: Lesson) -> list[Choice]:
    choices = []
    for one in (one for step in lesson.steps for one in step.predictions):
        key, question = f"{lesson.slug}/{one.id}", shorten(one.question, 40, placeholder="…")
        choices.append(Choice(key, f"{question} (shown)" if key in klass.revealed else question))
    return choices
