"""Plays a lesson that an instructor brought, in a sandbox of its own, and saves the result in the lesson's row.

A node plays one at a time, and only the version that was asked for: a lesson that was changed since has another version.
"""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import Any

import structlog
from asgiref.sync import sync_to_async
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.utils import timezone

from explorer.environment import patient
from explorer.lab.errors import LabError
from explorer.lessons.load import LessonError, read_lesson
from explorer.node.lessons.solve import LessonResult, solve_lesson
from explorer.node.this_node import hold, lab_config
from explorer.sandboxes.changes import enqueue, node_queue
from explorer.sandboxes.models import AuthoredLesson
from explorer.sandboxes.streams import TASK_SOLVE

log = structlog.get_logger(__name__)

State = AuthoredLesson.State
SOLVE_SECONDS = int(patient(300.0))  # longer lessons have to be split
GIVE_UP = timedelta(seconds=3 * SOLVE_SECONDS)  # then nobody came to play it, or its node is gone
AGAIN_SECONDS = 5.0
ATTEMPTS = 2
LINES_KEPT, LINE_LENGTH = 200, 200
LOST = "The machine that played it went away, or was busy for too long. That is ours; solve it again."


def solve_authored(pk: int, version: int) -> None:
    """The work of the Celery task. A second delivery finds that the row has moved on, or is sent again for later while a
    lesson is being played. After `ATTEMPTS` attempts it ends with an error.
    """
    with hold("solve") as mine:
        row = AuthoredLesson.objects.filter(pk=pk, version=version, state=State.SOLVING).first()
        if row is None:
            return
        if not mine:
            enqueue(TASK_SOLVE, node_queue(settings.NODE_NAME), pk, version, countdown=AGAIN_SECONDS)
            return
        with structlog.contextvars.bound_contextvars(lesson=row.slug, version=version):
            attempts = int(row.report.get("attempts", 0)) + 1
            if attempts > ATTEMPTS:
                finish(row, {"error": LOST})
                return
            Playing(row, attempts).play()


class Playing:
    """Plays one version. Meanwhile the printed lines are written to the row, and the page shows them."""

    def __init__(self, row: AuthoredLesson, attempts: int) -> None:
        self.row = row
        self.report: dict[str, Any] = {**row.report, "phase": "playing", "attempts": attempts, "lines": []}
        self.told: dict[str, Any] = {}

    def say(self, line: str) -> None:
        lines = self.report["lines"]
        if len(lines) < LINES_KEPT:
            lines.append(line[:LINE_LENGTH])

    def play(self) -> None:
        try:
            result = asyncio.run(self._play())
        except TimeoutError:
            finish(
                self.row,
                {"error": f"It was not over after {SOLVE_SECONDS / 60:.0f} minutes. Make two lessons of it."},
                self.report,
            )
        except SoftTimeLimitExceeded:
            finish(self.row, {"error": LOST}, self.report)
        except (LabError, LessonError) as error:
            log.info("not solved", error=str(error), detail=getattr(error, "detail", ""))
            finish(self.row, {"error": str(error)}, self.report)
        except Exception:
            log.exception("solving failed in a way nobody foresaw")
            finish(self.row, {"error": "It could not be played. That is our fault; it is in the log."}, self.report)
        else:
            log.info("solved", ok=result.ok, seconds=result.seconds)
            finish(self.row, result.as_json(), self.report)

    async def _play(self) -> LessonResult:
        lesson = read_lesson(self.row.slug, self.row.files)
        telling = asyncio.create_task(self._tell())
        try:
            async with asyncio.timeout(SOLVE_SECONDS):
                return await solve_lesson(lab_config(), lesson, self.say, engine=self.report["engine"])
        finally:
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)

    async def _tell(self) -> None:
        """Writes the printed lines once a second if there are new ones. It leaves `changed_at` alone, so lessons are not read
        again.
        """
        while True:
            await sync_to_async(self._write)()
            await asyncio.sleep(1)

    def _write(self) -> None:
        now = {**self.report, "lines": list(self.report["lines"])}
        if now != self.told:
            solving(self.row).update(report=now)
            self.told = now


def solving(row: AuthoredLesson) -> Any:
    return AuthoredLesson.objects.filter(pk=row.pk, version=row.version, state=State.SOLVING)


def finish(row: AuthoredLesson, result: dict[str, Any], report: dict[str, Any] | None = None) -> None:
    """Writes the result to the row, if this version still waits for it. A lesson without faults becomes solved, or published
    when this very version is published; any other becomes a draft again.
    """
    now, known = timezone.now(), report or row.report
    kept = {name: known[name] for name in ("engine", "node", "lines") if name in known}
    kept |= {**result, "version": row.version, "at": time.time()}
    if not result.get("ok"):
        solving(row).update(state=State.DRAFT, report=kept, changed_at=now)
        return
    row.refresh_from_db(fields=["published_files"])
    green = State.PUBLISHED if row.published_files == row.files else State.SOLVED
    solving(row).update(state=green, report=kept, solved_at=now, changed_at=now)


def give_up_solving() -> None:
    """Ends with an error what nobody finished, because its node went away or was too busy."""
    for row in AuthoredLesson.objects.filter(state=State.SOLVING, changed_at__lt=timezone.now() - GIVE_UP):
        finish(row, {"error": LOST})
