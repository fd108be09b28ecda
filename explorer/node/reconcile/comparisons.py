"""The reconciler's work for comparisons: it ends those that nobody looks at, and finishes what a process that died left
undone."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from explorer.sandboxes import columns, comparisons
from explorer.sandboxes.models import Column, Comparison, Node, Sandbox

BUDGET = 20  # per sweep and kind
FORGOTTEN = timedelta(days=30)
NODE_WENT = timedelta(minutes=1)  # a comparison does not wait longer for a node that is away, because it takes seconds
NODE_AWAY = "The machine it ran on went away before this column was complete. That is ours; please start it again."
State = Comparison.State


def reconcile(node: Node) -> None:
    end_what_is_over(node)
    settle(node)
    forget_old()


def end_what_is_over(node: Node) -> None:
    """Ends comparisons of this node that are too old or that nobody looks at, and those whose node is away."""
    now = timezone.now()
    away = Q(node__seen_at__lt=now - NODE_WENT) | Q(node=None)
    running = Comparison.objects.filter(Q(node=node) | away, state=State.RUNNING).select_related("node")
    over = Q(seen_at__lt=now - comparisons.UNSEEN) | Q(created_at__lt=now - comparisons.LIFE) | away
    for comparison in running.filter(over)[:BUDGET]:
        comparisons.end_comparison(comparison, _why(comparison))


def _why(comparison: Comparison) -> str:
    now = timezone.now()
    if comparison.seen_at < now - comparisons.UNSEEN:
        return comparisons.UNWATCHED
    return comparisons.TOO_LONG if comparison.created_at < now - comparisons.LIFE else NODE_AWAY


def settle(node: Node) -> None:
    """Brings three things up to date: columns whose sandbox has ended, comparisons whose columns have all ended, and sandboxes
    of comparisons that are no longer needed.
    """
    here = Column.objects.filter(comparison__node=node)
    behind = here.filter(state__in=Column.UNFINISHED, sandbox__state__in=Sandbox.OVER).select_related("sandbox")
    for column in behind.defer("result")[:BUDGET]:
        if column.sandbox:
            columns.follow(column.sandbox)
    for orphan in here.filter(state__in=Column.UNFINISHED, sandbox=None).defer("result")[:BUDGET]:
        columns.fail(orphan, columns.CLOSED)
    running = Comparison.objects.filter(node=node, state=State.RUNNING)
    for done in running.exclude(columns__state__in=Column.UNFINISHED)[:BUDGET]:
        columns.finish_comparison(done.pk)
    ours = Sandbox.objects.filter(node=node, state__in=Sandbox.LIVE).exclude(comparison=None)
    for comparison in ours.values_list("comparison", flat=True).distinct()[:BUDGET]:
        comparisons.release(comparison)


def forget_old() -> None:
    old = Comparison.objects.filter(created_at__lt=timezone.now() - FORGOTTEN)
    comparisons.forget(list(old.values_list("pk", flat=True)[:BUDGET]))
