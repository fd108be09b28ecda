"""Celery: a node's worker. Its tasks live in `node.tasks` and `classroom.tasks`."""

import logging
import os
from datetime import timedelta
from typing import Any

import structlog
from celery import Celery
from celery.beat import PersistentScheduler, ScheduleEntry
from celery.schedules import schedstate
from celery.signals import task_postrun, task_prerun, worker_ready
from django.conf import settings
from kombu.transport import redis

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "explorer.settings")

log = logging.getLogger(__name__)


class Channel(redis.Channel):
    """Drops a message that is none. Kombu would raise, and the worker would stop taking tasks without ending."""

    def _brpop_read(self, **options: Any) -> Any:
        try:
            return super()._brpop_read(**options)  # type: ignore[misc]  # celery-types does not know it
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
            log.error("a malformed message in a task queue was dropped: %s", type(error).__name__)
            return True


redis.Transport.Channel = Channel

app = Celery("explorer")

CLOCK_SLACK = timedelta(seconds=1)


class SteadyScheduler(PersistentScheduler):
    """Celery's own, but a task stays due when the clock is set back. Otherwise nothing would be sent until the old time comes
    again."""

    def is_due(self, entry: ScheduleEntry) -> tuple[bool, float]:
        if entry.last_run_at and entry.last_run_at - entry.default_now() > CLOCK_SLACK:
            return schedstate(is_due=True, next=CLOCK_SLACK.total_seconds())
        return super().is_due(entry)


app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_ready.connect
def announce(**_: Any) -> None:
    """The node says it is here at once, not at the first beat."""
    app.send_task("explorer.sandboxes.tasks.reconcile", queue=settings.NODE_QUEUE)


@task_prerun.connect
def name_task(task_id: str = "", **_: Any) -> None:
    """Every log record of a task carries the task's id."""
    structlog.contextvars.bind_contextvars(task_id=task_id)


@task_postrun.connect
def forget_task(**_: Any) -> None:
    structlog.contextvars.unbind_contextvars("task_id")
