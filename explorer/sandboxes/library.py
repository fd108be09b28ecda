"""Every lesson there is: those that come with us, those that instructors published, and drafts for who may see them.

A published lesson is read from its row and kept until a row changed; that is asked at most once a second in a process. A row
that cannot be read is left out and logged: it never takes another lesson with it.

A draft goes by its slug with an underscore before it, which no other lesson's slug has: so it has a sandbox, a teacher and a
progress of its own, and the published lesson goes on beside it. Who may see it is asked in `classroom.access`.
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
    """What was read at one time. `stamp` is what the table said of itself then."""

    stamp: object = None
    published: Mapping[str, Lesson] = field(default_factory=dict)
    drafts: Mapping[str, Lesson] = field(default_factory=dict)


_lock = threading.Lock()
_shelf = Shelf()
_asked_at = -ASK_EVERY


def lessons() -> dict[str, Lesson]:
    """Ours in their order, then the published ones by title. Asks the database now and then: not for an event loop."""
    refresh()
    return {**load_lessons(), **_shelf.published}


def published() -> dict[str, Lesson]:
    """Those that instructors published, by title."""
    refresh()
    return dict(_shelf.published)


def find(slug: str) -> Lesson | None:
    """Any lesson, drafts too, after a look at the database."""
    refresh()
    return known(slug)


def known(slug: str) -> Lesson | None:
    """The same as it was last read, without the database."""
    return load_lessons().get(slug) or _shelf.published.get(slug) or _shelf.drafts.get(slug)


def refresh(*, now: bool = False) -> None:
    """Reads anew what changed. Without a database everybody goes on with what was known."""
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
        if row.slug in taken:  # it comes with us since: ours is the one
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
    except Exception:  # whatever an old row holds: the others are still there
        log.exception("a lesson cannot be read and is left out", slug=slug)
    return None
