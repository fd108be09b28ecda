"""Seats: who sits where, and under which name. The audit log has ids in place of these names."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.html import format_html
from unfold.decorators import display

from explorer.classroom.models import Seat
from explorer.classroom.panel.base import Table
from explorer.classroom.panel.sandboxes import ClassFilter
from explorer.classroom.people.access import User, classes_of


class SeatsOfClass(ClassFilter):
    def queryset(self, request, queryset):  # type: ignore[no-untyped-def]
        return queryset.filter(klass=self.value()) if self.value() else queryset


@admin.register(Seat)
class SeatTable(Table):
    for_instructors = True
    list_display = ("name", "klass", "shown_state", "lesson", "joined_at", "seen_at", "help_at")
    list_filter = (SeatsOfClass, ("help_at", admin.EmptyFieldListFilter), ("removed_at", admin.EmptyFieldListFilter))
    search_fields = ("name", "id")
    ordering = ("-joined_at",)
    list_select_related = ("klass",)
    exclude = ("recovery", "learner")
    readonly_fields = ("page",)

    def rows_of(self, user: User) -> QuerySet[Seat]:
        return Seat.objects.filter(klass__in=classes_of(user))

    @display(description="state", label={"seated": "success", "removed": "danger", "asks for help": "warning"})
    def shown_state(self, seat: Seat) -> str:
        return "removed" if seat.removed_at else "asks for help" if seat.help_at else "seated"

    @display(description="its page")
    def page(self, seat: Seat) -> str:
        address = reverse("seat", args=[seat.klass_id, seat.pk])
        return format_html('<a class="text-primary-600 underline" href="{}">Watch and help</a>', address)
