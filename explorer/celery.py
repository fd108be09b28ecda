"""Celery: a node's worker. Its tasks live in `node.tasks` and `classroom.tasks`."""

import os
from typing import Any

from celery import Celery
from celery.signals import worker_ready
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "explorer.settings")

app = Celery("explorer")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_ready.connect
def announce(**_: Any) -> None:
    """The node says it is here at once, not at the first beat."""
    app.send_task("explorer.sandboxes.tasks.reconcile", queue=settings.NODE_QUEUE)
