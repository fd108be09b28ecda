"""The Celery tasks of classes."""

from __future__ import annotations

import structlog
from celery import shared_task

from explorer.classroom.after import forgetting
from explorer.classroom.people import sessions

log = structlog.get_logger(__name__)


@shared_task(name="explorer.classroom.tasks.forget")
def forget() -> None:
    """Runs every hour on every node. A second run at the same time changes nothing more."""
    sessions.drop_old()
    gone = forgetting.forget_by_age()
    if any(gone.values()):
        log.info("forgotten because of their age", **gone)
