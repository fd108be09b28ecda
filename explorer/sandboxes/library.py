"""All lessons: those that come with the product, those that instructors published, and drafts.

Published lessons and drafts are read from their rows and kept in memory. Once a second at most, a process asks the database
whether a row has changed. A row that cannot be read is logged and left out; the other lessons stay.

The slug of a draft is the lesson's slug with an underscore before it. No other lesson has such a slug, so a draft has
sandboxes and progress of its own, and the published lesson stays as it is. `classroom.people.access` says who may see a draft.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog
from django.db import DatabaseError
from django.db.models import Count, Max

from explorer.lessons.load import LessonError, load_lessons, read_lesson
from explorer.lessons.model import Lesson
from explorer.sandboxes.models import AuthoredLesson

log = structlog.get_logger(__name__)

ASK_EVERY = 1.0
DRAFT = "_"


@dataclass(frozen=True)
class Shelf:
    """The lessons read at one time. `stamp` tells whether the table has changed since."""

    stamp: object = None
    published: Mapping[str, Lesson] = field(default_factory=dict)
    drafts: Mapping[str, Lesson] = field(default_factory=dict)


_lock = threading.Lock()
_shelf = Shelf()
_asked_at = -ASK_EVERY


def lessons() -> dict[str, Lesson]:
    """Slug → lesson: first those that come with the product, in their order, then the published ones by title. May ask the
    database, so it must not be called in an event loop.
    """
    refresh()
    return {**load_lessons(), **_shelf.published}


def published() -> dict[str, Lesson]:
    """Slug → lesson of those that instructors published, by title. May ask the database."""
    refresh()
    return dict(_shelf.published)


def find(slug: str) -> Lesson | None:
    """Any lesson, also a draft, or None. May ask the database."""
    refresh()
    return known(slug)


def known(slug: str) -> Lesson | None:
    """Like `find`, but as last read: it does not ask the database."""
    return load_lessons().get(slug) or _shelf.published.get(slug) or _shelf.drafts.get(slug)


def refresh(*, now: bool = False) -> None:
    """Reads the rows again if the table has changed. When the database does not answer, the lessons read before stay."""
    global _asked_at, _shelf
    if not now and time.monotonic() - _asked_at < ASK_EVERY:
        return
    with _lock:
        _asked_at = time.monotonic()
        try:
            stamp = tuple(AuthoredLesson.objects.aggregate(Max("changed_at"), Count("pk"), Max("pk")).values())
            if stamp != _shelf.stamp:
                _shelf = read_shelf(stamp)
        except DatabaseError as error:
            log.warning("published lessons not read", error=str(error))


def read_shelf(stamp: object) -> Shelf:
    taken = load_lessons()
    drafts: dict[str, Lesson] = {}
    public: dict[str, Lesson] = {}
    for row in AuthoredLesson.objects.order_by("title", "slug"):
        if row.slug in taken:  # a lesson of the product has this slug now; it takes precedence
            log.warning("an instructor's lesson has a slug of ours", slug=row.slug)
            continue
        if lesson := read_row(row.slug, row.files):
            drafts[DRAFT + row.slug] = lesson.model_copy(update={"slug": DRAFT + row.slug})
        if row.published_files and (lesson := read_row(row.slug, row.published_files)):
            public[row.slug] = lesson
    return Shelf(stamp, public, drafts)


def read_row(slug: str, files: Mapping[str, str]) -> Lesson | None:
    try:
        return read_lesson(slug, files)
    except LessonError as error:
        log.warning("a lesson cannot be read and is left out", slug=slug, error=str(error))
    except Exception:  # one bad row must not hide the other lessons
        log.exception("a lesson cannot be read and is left out", slug=slug)
    return None
