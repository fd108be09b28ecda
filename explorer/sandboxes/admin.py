"""The operator's tables. To be read; what changes a sandbox goes through the services, like everybody else's wishes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.admin import ModelAdmin, TabularInline

from explorer.sandboxes import changes, comparisons, services
from explorer.sandboxes.models import Action, Column, Comparison, Learner, Node, Progress, Sandbox


class ReadOnly:
    """Rows are made and changed by what people and nodes do, not here."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ActionInline(ReadOnly, TabularInline):  # type: ignore[misc]
    model = Action
    extra = 0
    fields = ("kind", "state", "reason", "created_at", "finished_at")


def wish(name: str, ask: Callable[[Any], object], of: str = "sandboxes") -> Any:
    @admin.action(description=f"{name} selected {of}", permissions=["view"])
    def run(model_admin: Any, request: HttpRequest, chosen: QuerySet[Any]) -> None:
        done = 0
        for one in chosen[:200]:
            try:
                ask(one)
                done += 1
            except services.Refused as refused:
                messages.warning(request, f"{one.pk}: {refused.sentence}")
        messages.success(request, f"{name}: asked for {done}")

    run.__name__ = name.lower()
    return run


@admin.register(Sandbox)
class SandboxAdmin(ReadOnly, ModelAdmin):  # type: ignore[misc]
    list_display = (
        *("id", "state", "phase", "scenario", "lesson", "comparison", "node", "learner", "generation"),
        *("created_at", "expires_at"),
    )
    list_filter = ("state", "scenario", "lesson", "node", ("comparison", admin.EmptyFieldListFilter))
    search_fields = ("id", "learner__id", "reason")
    date_hierarchy = "created_at"
    list_select_related = ("node", "learner", "comparison")
    inlines = (ActionInline,)
    actions = (
        wish("Extend", services.extend_sandbox),
        wish("Reset", services.reset_sandbox),
        wish("Close", services.close_sandbox),
    )


class ColumnInline(ReadOnly, TabularInline):  # type: ignore[misc]
    model = Column
    extra = 0
    fields = ("key", "state", "phase", "reason", "sandbox", "attempts", "cells", "moved_at", "finished_at")


@admin.register(Comparison)
class ComparisonAdmin(ReadOnly, ModelAdmin):  # type: ignore[misc]
    list_display = ("id", "title", "state", "reason", "node", "learner", "created_at", "seen_at", "ended_at")
    list_filter = ("state", "node")
    search_fields = ("id", "learner__id")
    date_hierarchy = "created_at"
    list_select_related = ("node", "learner")
    inlines = (ColumnInline,)
    actions = (wish("Stop", comparisons.end_comparison, "comparisons"),)

    @admin.display
    def title(self, comparison: Comparison) -> str:
        return ", ".join(map(str, comparison.spec.get("columns", ())))


@admin.register(Node)
class NodeAdmin(ModelAdmin):  # type: ignore[misc]
    list_display = ("name", "here", "seen_at", "capacity", "live", "draining", "engine")
    list_editable = ("draining",)
    readonly_fields = ("name", "seen_at", "capacity", "health")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @admin.display(boolean=True)
    def here(self, node: Node) -> bool:
        return timezone.now() - node.seen_at < changes.NODE_AWAY

    @admin.display
    def live(self, node: Node) -> int:
        return node.sandbox_set.filter(state__in=(*changes.ON_NODE, Sandbox.State.WARM)).count()

    @admin.display
    def engine(self, node: Node) -> str:
        return node.health.get("engine") or "answers"


@admin.register(Action)
class ActionAdmin(ReadOnly, ModelAdmin):  # type: ignore[misc]
    list_display = ("id", "kind", "sandbox", "state", "reason", "created_at", "finished_at")
    list_filter = ("kind", "state")
    search_fields = ("sandbox__id", "reason")


@admin.register(Learner)
class LearnerAdmin(ReadOnly, ModelAdmin):  # type: ignore[misc]
    list_display = ("id", "created_at", "seen_at")
    search_fields = ("id",)


@admin.register(Progress)
class ProgressAdmin(ReadOnly, ModelAdmin):  # type: ignore[misc]
    list_display = ("lesson", "learner", "step", "started_at", "finished_at")
    list_filter = ("lesson", ("finished_at", admin.EmptyFieldListFilter))
    search_fields = ("learner__id",)
