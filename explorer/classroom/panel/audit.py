"""The audit log, to be read. Rows are only added; triggers in the database hold that too."""

from __future__ import annotations

import json

from django.contrib import admin
from django.db.models import Q, QuerySet
from unfold.decorators import display

from explorer.classroom.models import AuditEntry
from explorer.classroom.panel.base import Table
from explorer.classroom.people.access import OPERATOR, User, classes_of, role_of


@admin.register(AuditEntry)
class AuditTable(Table):
    for_instructors = True
    list_display = ("at", "actor", "role", "action", "klass", "seat", "sandbox", "told")
    list_filter = ("action", "role")
    search_fields = ("actor", "klass", "seat", "sandbox")
    date_hierarchy = "at"
    fields = readonly_fields = ("at", "actor", "role", "action", "klass", "seat", "sandbox", "told")

    def rows_of(self, user: User) -> QuerySet[AuditEntry]:
        """All lines for an operator. For an instructor, what they did and what anybody did to their classes."""
        if role_of(user) == OPERATOR:
            return AuditEntry.objects.all()
        return AuditEntry.objects.filter(Q(actor=user.get_username()) | Q(klass__in=classes_of(user).values("pk")))

    @display(description="detail")
    def told(self, entry: AuditEntry) -> str:
        return json.dumps(entry.detail, ensure_ascii=False) if entry.detail else ""
