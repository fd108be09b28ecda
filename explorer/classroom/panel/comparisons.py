"""Comparisons and their columns, for operators to look at and to stop."""

from __future__ import annotations

from django.contrib import admin
from django.db import transaction

from explorer.classroom.panel.base import Part, Table, Wish
from explorer.classroom.people.access import User
from explorer.classroom.people.audit import note
from explorer.sandboxes import comparisons
from explorer.sandboxes.limits import Refused
from explorer.sandboxes.models import Column, Comparison


def stop(user: User, comparison: Comparison) -> str:
    if comparison.state != Comparison.State.RUNNING:
        raise Refused("over", "It is over already.", comparison=comparison.pk)
    with transaction.atomic():
        comparisons.end_comparison(comparison)
        note(user, "stop comparison", comparison=comparison.pk)
    return "It is stopped; what was measured stays readable."


class Columns(Part):
    model = Column
    fields = readonly_fields = ("key", "state", "phase", "reason", "sandbox", "attempts", "cells", "moved_at", "finished_at")


@admin.register(Comparison)
class ComparisonTable(Table):
    list_display = ("id", "drivers", "state", "reason", "node", "created_at", "seen_at", "ended_at")
    list_filter = ("state", "node")
    search_fields = ("id",)
    ordering = ("-created_at",)
    list_select_related = ("node",)
    exclude = ("learner",)
    inlines = (Columns,)
    wishes = (Wish("stop", "Stop", stop, "These comparisons end here. What was measured stays readable."),)

    @admin.display
    def drivers(self, comparison: Comparison) -> str:
        return ", ".join(map(str, comparison.spec.get("columns", ())))
