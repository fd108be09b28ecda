"""What the fragments of a class's actions are drawn from: whoever includes them gives the class or the seat, and no more."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import template
from django.utils import timezone

from explorer.classroom.acts.rules import locked_in
from explorer.classroom.after.answers import Answers, read_revealed
from explorer.classroom.models import Class, Seat, Word
from explorer.lessons.model import Lesson, Prediction, Step
from explorer.sandboxes import library

register = template.Library()
WORDS_SHOWN, WORDS_LAST = 4, timedelta(hours=2)


@register.simple_tag
def choices_of(klass: Class) -> dict[str, Any]:
    """Lessons, steps and predictions to choose from, and the states that are kept."""
    lessons = [lesson for slug in klass.lessons if (lesson := library.find(slug))]
    return {
        "lessons": lessons,
        "predictions": [(lesson, predictions) for lesson in lessons if (predictions := predictions_in(klass, lesson))],
        "states": list(klass.states.order_by("-created_at")),
        "until": f"{klass.open_until.get('lesson')}/{klass.open_until.get('step')}" if klass.open_until else "",
    }


def predictions_in(klass: Class, lesson: Lesson) -> list[tuple[str, Prediction, bool]]:
    """Each with its key and whether it is shown already."""
    keys = [(f"{lesson.slug}/{one.id}", one) for step in lesson.steps for one in step.predictions]
    return [(key, one, key in klass.revealed) for key, one in keys]


@register.simple_tag
def words_for(seat: Seat) -> list[tuple[Word, Step | None]]:
    """What was said lately to this seat or to all, the newest first; with the step a word leads to."""
    said = Word.objects.filter(klass=seat.klass_id, at__gt=max(timezone.now() - WORDS_LAST, seat.joined_at))
    heard = (said.filter(seat=None) | said.filter(seat=seat.pk)).order_by("-at", "-pk")[:WORDS_SHOWN]
    return [(word, step_of(seat.klass, word)) for word in heard]


def step_of(klass: Class, word: Word) -> Step | None:
    """None, too, for one that has been locked since: nobody is offered what would be refused."""
    lesson = library.find(word.lesson) if word.lesson and word.step else None
    if lesson is None or word.step in locked_in(klass, lesson):
        return None
    return next((step for step in lesson.steps if step.id == word.step), None)


@register.simple_tag
def revealed_in(klass: Class) -> list[Answers]:
    return read_revealed(klass)
