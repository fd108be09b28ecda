"""The table of classes: an instructor's own, all for an operator. A class is changed on its own pages."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.urls import reverse
from django.utils.html import format_html
from unfold.decorators import display

from explorer.classroom.models import Class
from explorer.classroom.panel.base import Table
from explorer.classroom.people.access import User, classes_of


@admin.register(Class)
class ClassTable(Table):
    for_instructors = True
    list_display = ("title", "shown_state", "instructor", "seated", "engine", "created_at", "ends_at", "forgotten_at")
    list_filter = ("state", "engine", ("forgotten_at", admin.EmptyFieldListFilter))
    search_fields = ("title", "id", "instructor__username")
    ordering = ("-created_at",)
    list_select_related = ("instructor",)
    exclude = ("code",)
    readonly_fields = ("seated", "pages")

    def rows_of(self, user: User) -> QuerySet[Class]:
        return classes_of(user).annotate(taken=Count("seats", filter=Q(seats__removed_at=None)))

    @display(description="state", ordering="state", label={"runs": "success", "ended": "info"})
    def shown_state(self, klass: Class) -> str:
        return "runs" if klass.open else "ended"

    @display(description="seats", ordering="taken")
    def seated(self, klass: Class) -> str:
        return f"{getattr(klass, 'taken', 0)} of {klass.seats_expected}"

    @display(description="its pages")
    def pages(self, klass: Class) -> str:
        link = '<a class="text-primary-600 underline" href="{}">{}</a> '
        return format_html(
            link * 3,
            *(reverse("wall", args=[klass.pk]), "Wall"),
            *(reverse("class-setup", args=[klass.pk]), "Setup"),
            *(reverse("results", args=[klass.pk]), "Results"),
        )
