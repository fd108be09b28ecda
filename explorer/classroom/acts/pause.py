"""Pauses a class: nobody types, and the time of its sandboxes does not count. `people.asker` says what a pause forbids."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from explorer.classroom.acts.act import Asked, Done
from explorer.classroom.acts.once import hold_class
from explorer.classroom.models import Class
from explorer.classroom.tell import tell_class
from explorer.sandboxes import changes, life
from explorer.sandboxes.models import Sandbox


@transaction.atomic
def pause_class(asked: Asked) -> Done:
    held = hold_class(asked.klass)
    if held.paused_at:
        return Done("The class is paused already.", new=False)
    Class.objects.filter(pk=held.pk).update(paused_at=timezone.now())
    asked.note()
    _tell_all(held)
    return Done("Paused. Nobody types, and the time does not count.")


@transaction.atomic
def resume_class(asked: Asked) -> Done:
    """Ends the pause and adds its length to the end of every running sandbox. A sandbox that became ready during the pause
    gets only the time since then.
    """
    held = hold_class(asked.klass)
    if held.paused_at is None:
        return Done("The class is not paused.", new=False)
    now = timezone.now()
    Class.objects.filter(pk=held.pk).update(paused_at=None)
    given = 0
    for sandbox in _running(held):
        begun = max(held.paused_at, sandbox.ready_at or held.paused_at)
        given += life.prolong_sandbox(sandbox, now - begun, "the class goes on; the pause was added to the time left")
    seconds = round((now - held.paused_at).total_seconds())
    asked.note(seconds=seconds, sandboxes=given)
    _tell_all(held)
    return Done(f"It goes on. {given} sandboxes have {in_words(seconds)} more.")


def in_words(seconds: int) -> str:
    return f"{seconds} s" if seconds < 90 else f"{round(seconds / 60)} min"


def _running(klass: Class) -> list[Sandbox]:
    states = [Sandbox.State.READY, Sandbox.State.RESETTING]
    seated = Sandbox.objects.filter(learner__seat__klass=klass, learner__seat__removed_at=None, comparison=None)
    return list(seated.filter(state__in=states, expires_at__isnull=False))


def _tell_all(klass: Class) -> None:
    """Tells learners' pages, and the sockets of their sandboxes, which then ask again what is allowed."""
    tell_class(klass)
    for sandbox in Sandbox.objects.filter(learner__seat__klass=klass, state__in=Sandbox.USABLE):
        transaction.on_commit(lambda sandbox=sandbox: changes.tell(sandbox.pk))  # type: ignore[misc]
