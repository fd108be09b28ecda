"""What a class asks of the clock."""

from __future__ import annotations

import structlog
from celery import shared_task

from explorer.classroom.after import forgetting

log = structlog.get_logger(__name__)


@shared_task(name="explorer.classroom.tasks.forget")
def forget() -> None:
    """Hourly, on every node: done twice, it is as done once."""
    gone = forgetting.forget_by_age()
    if any(gone.values()):
        log.info("forgotten because of their age", **gone)
