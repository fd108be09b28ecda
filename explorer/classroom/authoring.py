"""Lessons that instructors bring: kept as drafts, played on a node, published. Each change is noted in the audit log.

A published lesson stays as it is while a newer version is a draft. Publishing the newer version replaces it.
"""

from __future__ import annotations

import time

from django.contrib.auth.models import User as Account
from django.db import IntegrityError, transaction
from django.db.models import Case, F, Value, When
from django.utils import timezone

from explorer.classroom.models import Class
from explorer.classroom.people.access import User, authored_by
from explorer.classroom.people.audit import note
from explorer.lessons.load import MAIN, load_lessons
from explorer.lessons.sent import Bundle
from explorer.sandboxes import library
from explorer.sandboxes.changes import enqueue, node_queue
from explorer.sandboxes.models import AuthoredLesson
from explorer.sandboxes.nodes import read_nodes
from explorer.sandboxes.streams import TASK_SOLVE

State = AuthoredLesson.State
MOST_LESSONS = 100  # of one author


class Refused(Exception):
    """The text is a sentence for the author: what is wrong and what to do."""


def keep_lesson(user: User, bundle: Bundle) -> AuthoredLesson:
    """Saves the lesson as a draft, new or in place of an older version. The same files again change nothing.
    Raises `Refused`.
    """
    slug = bundle.lesson.slug
    if slug in load_lessons():
        raise Refused(f"A lesson {slug!r} comes with this site. Give yours another name: the folder's, or slug in {MAIN}.")
    try:
        with transaction.atomic():
            row = authored_by(user).select_for_update().filter(slug=slug).first()
            row = change_lesson(user, row, bundle) if row else make_lesson(user, bundle)
    except IntegrityError:
        raise Refused(
            f"Somebody else's lesson is called {slug!r}. Give yours another name: the folder's, or slug in {MAIN}."
        ) from None
    library.refresh(now=True)
    return row


def make_lesson(user: User, bundle: Bundle) -> AuthoredLesson:
    author = Account.objects.get(pk=user.pk or 0)
    if AuthoredLesson.objects.filter(author=author).count() >= MOST_LESSONS:
        raise Refused(f"You have {MOST_LESSONS} lessons, which is the most one person can have. Delete one first.")
    lesson = bundle.lesson
    row = AuthoredLesson.objects.create(
        slug=lesson.slug, title=lesson.title, author=author, files=bundle.files, left_out=list(bundle.left_out)
    )
    note(user, "bring lesson", lesson=row.slug, version=row.version)
    return row


def change_lesson(user: User, row: AuthoredLesson, bundle: Bundle) -> AuthoredLesson:
    if row.files == bundle.files:
        return row
    row.files, row.title, row.left_out = bundle.files, bundle.lesson.title, list(bundle.left_out)
    row.state, row.report, row.version = State.DRAFT, {}, row.version + 1
    row.changed_at, row.solved_at = timezone.now(), None
    row.save()
    note(user, "change lesson", lesson=row.slug, version=row.version)
    return row


def ask_solve(user: User, row: AuthoredLesson, engine: str) -> None:
    """Has a node play this version. A second request while it is played changes nothing. Raises `Refused` when no node can
    play it.
    """
    able = read_nodes().able(library.DRAFT + row.slug, engine)
    if not able:
        raise Refused(f"No machine here can play it now with Docker Engine {engine}. Try again later, or with another version.")
    node = max(able, key=lambda node: node.capacity)
    report = {"phase": "waiting", "engine": engine, "node": node.pk, "lines": [], "asked_at": time.time()}
    with transaction.atomic():
        rows = AuthoredLesson.objects.filter(pk=row.pk, version=row.version).exclude(state=State.SOLVING)
        if rows.update(state=State.SOLVING, report=report, changed_at=timezone.now()):
            note(user, "solve lesson", lesson=row.slug, version=row.version, engine=engine)
            enqueue(TASK_SOLVE, node_queue(node.pk), row.pk, row.version)


def publish_lesson(user: User, row: AuthoredLesson) -> None:
    """Publishes the lesson. Raises `Refused` when exactly this version has not been solved."""
    now = timezone.now()
    with transaction.atomic():
        solved = AuthoredLesson.objects.filter(pk=row.pk, version=row.version, state=State.SOLVED)
        if not solved.update(state=State.PUBLISHED, published_files=F("files"), published_at=now, changed_at=now):
            raise Refused("Only a lesson that was solved as it is now can be published. Solve it first.")
        note(user, "publish lesson", lesson=row.slug, version=row.version)
    library.refresh(now=True)


def unpublish_lesson(user: User, row: AuthoredLesson) -> None:
    """Hides the lesson from learners; the draft stays. Raises `Refused` while a class that goes on has it."""
    refuse_used(row)
    with transaction.atomic():
        public = AuthoredLesson.objects.filter(pk=row.pk).exclude(published_files={})
        back = Case(When(state=State.PUBLISHED, then=Value(State.SOLVED)), default=F("state"))
        if public.update(published_files={}, state=back, published_at=None, changed_at=timezone.now()):
            note(user, "unpublish lesson", lesson=row.slug)
    library.refresh(now=True)


def delete_lesson(user: User, row: AuthoredLesson) -> None:
    """Deletes the lesson. Learners' progress stays. Raises `Refused` while it is published and a class that goes on has it."""
    refuse_used(row)
    with transaction.atomic():
        if AuthoredLesson.objects.filter(pk=row.pk).delete()[0]:
            note(user, "delete lesson", lesson=row.slug)
    library.refresh(now=True)


def refuse_used(row: AuthoredLesson) -> None:
    going = Class.objects.filter(state=Class.State.OPEN, ends_at__gt=timezone.now())
    used = [klass.title for klass in going.only("title", "lessons") if row.slug in klass.lessons]
    if used and row.published_files:
        more = f" and {len(used) - 1} more" if len(used) > 1 else ""
        raise Refused(f"The class “{used[0]}”{more} has it among its lessons. Take it out there, or end the class, first.")
