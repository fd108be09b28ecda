"""Learners, their progress and the actions asked for them, for operators who search for an error."""

from __future__ import annotations

from django.contrib import admin

from explorer.classroom.panel.base import Table
from explorer.sandboxes.models import Action, Learner, Progress


@admin.register(Action)
class ActionTable(Table):
    list_display = ("id", "kind", "sandbox", "state", "reason", "created_at", "finished_at")
    list_filter = ("kind", "state")
    search_fields = ("sandbox__id", "reason")
    ordering = ("-pk",)
    list_select_related = ("sandbox",)


@admin.register(Learner)
class LearnerTable(Table):
    list_display = ("id", "created_at", "seen_at")
    search_fields = ("id",)
    ordering = ("-seen_at",)


@admin.register(Progress)
class ProgressTable(Table):
    list_display = ("lesson", "learner", "step", "started_at", "finished_at")
    list_filter = ("lesson", ("finished_at", admin.EmptyFieldListFilter))
    search_fields = ("learner__id",)
    ordering = ("-moved_at",)
    list_select_related = ("learner",)
