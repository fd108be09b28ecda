"""What a learner's page shows of an instructor's actions: messages, offered steps, and revealed answers."""

from __future__ import annotations

from datetime import timedelta

from django import template
from django.utils import timezone

from explorer.classroom.after.answers import Answers, read_revealed
from explorer.classroom.models import Class, Seat, Word
from explorer.classroom.people.rules import locked_in
from explorer.lessons.model import Step
from explorer.sandboxes import library

register = template.Library()
WORDS_SHOWN, WORDS_LAST = 4, timedelta(hours=2)


@register.simple_tag
def words_for(seat: Seat) -> list[tuple[Word, Step | None]]:
    """What was said to this seat or to all in the last two hours, newest first, each with the step that it offers or None."""
    said = Word.objects.filter(klass=seat.klass_id, at__gt=max(timezone.now() - WORDS_LAST, seat.joined_at))
    heard = (said.filter(seat=None) | said.filter(seat=seat.pk)).order_by("-at", "-pk")[:WORDS_SHOWN]
    return [(word, step_of(seat.klass, word)) for word in heard]


def step_of(klass: Class, word: Word) -> Step | None:
    """The step that was offered; None when there is none, or when it has been locked since."""
    lesson = library.find(word.lesson) if word.lesson and word.step else None
    if lesson is None or word.step in locked_in(klass, lesson):
        return None
    return next((step for step in lesson.steps if step.id == word.step), None)


@register.simple_tag
def revealed_in(klass: Class) -> list[Answers]:
    return read_revealed(klass)
