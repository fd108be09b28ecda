"""Deletes personal data: that of a class (by an action, or by age), and that of learners without a class by age.

What stays of a class is its row, its seats without names, and counts in the audit log.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from explorer.classroom.models import Class, Seat
from explorer.classroom.people.access import User
from explorer.classroom.people.audit import note
from explorer.classroom.tell import tell_class
from explorer.sandboxes import changes, comparisons, life
from explorer.sandboxes.models import Comparison, Learner, Progress, Sandbox

NAMELESS = "–"
LIVE = (*Sandbox.LIVE, Sandbox.State.WARM)
AT_ONCE = 200  # anonymous learners in one transaction


@transaction.atomic
def forget_class(user: User | None, klass: Class) -> bool:
    """Ends the class and deletes its personal data. False when that had been done before. `user` is None when age is the
    reason.
    """
    now = timezone.now()
    kept = Class.objects.select_for_update().get(pk=klass.pk)
    if kept.forgotten_at:
        return False
    learners = list(Learner.objects.filter(seat__klass=kept).values_list("pk", flat=True))
    counts = count(kept)
    end_sandboxes(Q(learner__in=learners) | Q(class_id=kept.pk))
    Class.objects.filter(pk=kept.pk).update(
        state=Class.State.ENDED, ended_at=Coalesce(F("ended_at"), now), forgotten_at=now, revealed=[], open_until={}
    )
    kept.words.all().delete()
    kept.states.all().delete()  # they hold what learners typed
    for seat in kept.seats.all():
        Seat.objects.filter(pk=seat.pk).update(
            name=NAMELESS,
            recovery=f"forgotten {seat.pk}",
            lesson="",
            help_at=None,
            invited_at=None,
            removed_at=Coalesce(F("removed_at"), now),
        )
    Learner.objects.filter(pk__in=learners).delete()
    note(user, "forget class", klass=kept, counts=counts)
    tell_class(kept)
    klass.refresh_from_db()
    return True


def count(klass: Class) -> dict[str, int]:
    """The counts that the audit log keeps of a class: seats, lessons begun, lessons finished."""
    progress = Progress.objects.filter(learner__seat__klass=klass)
    return {
        "seats": klass.seats.count(),
        "lessons_begun": progress.count(),
        "lessons_finished": progress.filter(finished_at__isnull=False).count(),
    }


def end_sandboxes(whose: Q) -> None:
    """Closes live sandboxes and comparisons, and deletes the commands kept in any of these sandboxes' rows."""
    for comparison in Comparison.objects.filter(sandboxes__in=Sandbox.objects.filter(whose), state="running").distinct():
        comparisons.end_comparison(comparison)
    for sandbox in Sandbox.objects.filter(whose, state__in=LIVE):
        life.close_sandbox(sandbox)
    changes.forget_replays(whose)


def forget_by_age(days: int | None = None) -> dict[str, int]:
    """Forgets classes that ended more than `days` ago, and learners without a class who were last seen before that. 0 means
    never. Returns how many of each.
    """
    days = settings.FORGET_DAYS if days is None else days
    if days == 0:
        return {"classes": 0, "learners": 0}
    before = timezone.now() - timedelta(days=days)
    old = Class.objects.filter(Q(ends_at__lt=before) | Q(ended_at__lt=before), forgotten_at=None)
    return {"classes": sum(forget_class(None, klass) for klass in old), "learners": forget_learners(before)}


def forget_learners(before: Any) -> int:
    """Deletes learners without a seat who were last seen before this moment. Returns how many."""
    gone = 0
    while True:
        with transaction.atomic():
            strangers = Learner.objects.filter(seen_at__lt=before, seat=None)
            some = list(strangers.values_list("pk", flat=True)[:AT_ONCE])
            if not some:
                return gone
            end_sandboxes(Q(learner__in=some))
            Learner.objects.filter(pk__in=some).delete()
            gone += len(some)
