"""Shows a class its own answers to a prediction, and hides them again."""

from __future__ import annotations

from django.db import transaction

from explorer.classroom.acts.act import Asked, Done
from explorer.classroom.acts.once import hold_class
from explorer.classroom.models import Class
from explorer.classroom.tell import tell_class
from explorer.sandboxes.limits import Refused
from explorer.sandboxes.progress import UnknownLesson, find_lesson


@transaction.atomic
def reveal(asked: Asked, *, prediction: str) -> Done:
    """Shows the class's answers to everybody, also to those who have not guessed."""
    held = hold_class(asked.klass)
    slug, _, which = prediction.partition("/")
    if which not in _predictions(held, slug):
        raise Refused("unknown_prediction", "There is no such prediction in the lessons of this class.")
    if prediction in held.revealed:
        return Done("It is shown already.", new=False)
    Class.objects.filter(pk=held.pk).update(revealed=[*held.revealed, prediction])
    asked.note(prediction=prediction)
    tell_class(held)
    return Done("Everybody sees the class's answers now.")


def _predictions(klass: Class, slug: str) -> set[str]:
    if slug not in klass.lessons:
        return set()
    try:
        return {asked.id for step in find_lesson(slug).steps for asked in step.predictions}
    except UnknownLesson:
        return set()


@transaction.atomic
def hide(asked: Asked, *, prediction: str) -> Done:
    held = hold_class(asked.klass)
    if prediction not in held.revealed:
        return Done("It is not shown.", new=False)
    Class.objects.filter(pk=held.pk).update(revealed=[one for one in held.revealed if one != prediction])
    asked.note(prediction=prediction)
    tell_class(held)
    return Done("Nobody is shown it any more.")
