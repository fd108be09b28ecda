"""The Celery tasks of a node. Most take an id and read the row, which says the rest. A task that is delivered twice has the
effect of one."""

from __future__ import annotations

from celery import shared_task

from explorer.node.lessons import authored
from explorer.node.reconcile import node_health
from explorer.node.reconcile import sweep as reconciler
from explorer.node.work import work
from explorer.sandboxes.streams import TASK_CLOSE, TASK_EXAMINE, TASK_OPEN, TASK_RECONCILE, TASK_RESET, TASK_SOLVE


@shared_task(name=TASK_OPEN)
def open_sandbox(action_id: int) -> None:
    work.open_sandbox(action_id)


@shared_task(name=TASK_RESET)
def reset_sandbox(action_id: int) -> None:
    work.reset_sandbox(action_id)


@shared_task(name=TASK_CLOSE)
def close_sandbox(action_id: int) -> None:
    work.close_sandbox(action_id)


@shared_task(name=TASK_RECONCILE)
def reconcile() -> None:
    reconciler.reconcile()


@shared_task(name=TASK_EXAMINE, soft_time_limit=node_health.EXAMINE_SECONDS)
def examine() -> None:
    node_health.examine()


@shared_task(name=TASK_SOLVE, soft_time_limit=authored.SOLVE_SECONDS + 60, time_limit=authored.SOLVE_SECONDS + 90)
def solve_lesson(lesson_id: int, version: int) -> None:
    authored.solve_authored(lesson_id, version)
