"""Offers a step to a class, locks the steps after one, and opens all steps again."""

from __future__ import annotations

from django.db import transaction

from explorer.classroom.acts.act import Asked, Done
from explorer.classroom.acts.once import hold_class
from explorer.classroom.acts.taken import find_seats, learner_of
from explorer.classroom.acts.words import put_word
from explorer.classroom.models import Class, Seat
from explorer.classroom.people.rules import locked_in
from explorer.classroom.tell import tell_class
from explorer.lessons.model import Lesson
from explorer.sandboxes import changes, library, life
from explorer.sandboxes.limits import Refused
from explorer.sandboxes.models import Progress, Sandbox
from explorer.sandboxes.progress import UnknownLesson, find_lesson, find_step, move_to_step


def split_step(klass: Class, told: str) -> tuple[Lesson, str]:
    """Parses `lesson/step` as forms send it. Raises `Refused` when this class has no such step."""
    slug, _, step = told.partition("/")
    try:
        lesson = find_lesson(slug)
        find_step(lesson, step)
    except UnknownLesson:
        raise Refused("unknown_step", "There is no such step.") from None
    if slug not in klass.lessons:
        raise Refused("not_in_class", f"“{lesson.title}” is not one of this class's lessons: add it in the setup.")
    return lesson, step


@transaction.atomic
def go_to_step(asked: Asked, *, step: str, take: str = "") -> Done:
    """Offers a step. With `take`, the learners are also moved to it: its checks are judged and their lesson opens there."""
    held = hold_class(asked.klass)
    lesson, there = split_step(held, step)
    if there in locked_in(held, lesson):
        raise Refused("locked", "That step is locked for this class. Open it first.")
    title = find_step(lesson, there).title
    moved = [one for one in find_seats(held, asked.seat) if take and _stand(one, lesson.slug) != there]
    for one in moved:
        move_to_step(learner_of(one), lesson.slug, there)
    said = put_word(asked, "", lesson=lesson.slug, step=there)
    if not said.new and not moved:
        return Done("They have just been sent there already.", new=False)
    whom = asked.whom if asked.seat else "Everybody"
    return Done(f"{whom}: “{title}”{f', {len(moved)} taken there' if take else ' is offered'}.")


def _stand(seat: Seat, lesson: str) -> str:
    return Progress.objects.filter(learner=seat.learner, lesson=lesson).values_list("step", flat=True).first() or ""


@transaction.atomic
def lock_ahead(asked: Asked, *, step: str) -> Done:
    """Locks all steps after this one. Learners who are beyond it are moved back to it."""
    held = hold_class(asked.klass)
    lesson, there = split_step(held, step)
    until = {"lesson": lesson.slug, "step": there}
    title = find_step(lesson, there).title
    if held.open_until == until:
        return Done(f"It is locked after “{title}” already.", new=False)
    Class.objects.filter(pk=held.pk).update(open_until=until)
    held.open_until = until
    back = sum(_bring_back(held, one) for one in find_seats(held, None))
    asked.note(lesson=lesson.slug, step=there)
    tell_class(held)
    return Done(f"Locked after “{title}”.", (f"{back} were further and are back.",) if back else ())


def _bring_back(klass: Class, seat: Seat) -> bool:
    """Moves a learner back who is at a locked step; True if so. Passed checks and answers stay."""
    known = {slug: lesson for slug in klass.lessons if (lesson := library.find(slug))}
    brought = False
    for progress in Progress.objects.filter(learner=seat.learner, lesson__in=known):
        lesson = known[progress.lesson]
        locked = locked_in(klass, lesson)
        if progress.step in locked:
            last = next((step.id for step in reversed(lesson.steps) if step.id not in locked), "")
            Progress.objects.filter(pk=progress.pk).update(step=last)
            brought = True
    sandbox = life.current_sandbox(seat.learner)
    if sandbox and sandbox.lesson in known:
        lesson = known[sandbox.lesson]
        if lesson.steps[0].id in locked_in(klass, lesson):  # without a lesson no checks are judged, so none of a locked lesson
            changes.move(sandbox, Sandbox.USABLE, lesson="")
            brought = True
        changes.look_again(sandbox)
    return brought


@transaction.atomic
def unlock(asked: Asked) -> Done:
    held = hold_class(asked.klass)
    if not held.open_until:
        return Done("Everything is open already.", new=False)
    Class.objects.filter(pk=held.pk).update(open_until={})
    asked.note()
    tell_class(held)
    return Done("All steps are open.")
