"""Lessons that instructors brought, and the report of playing them on a real sandbox."""

from __future__ import annotations

import json

from django.contrib import admin
from django.db.models import QuerySet
from django.utils.html import format_html
from unfold.decorators import display

from explorer.classroom.panel.base import Table
from explorer.classroom.people.access import OPERATOR, User, role_of
from explorer.sandboxes.models import AuthoredLesson


@admin.register(AuthoredLesson)
class LessonTable(Table):
    for_instructors = True
    list_display = ("slug", "title", "shown_state", "author", "result", "version", "changed_at", "solved_at", "published_at")
    list_filter = ("state",)
    search_fields = ("slug", "title", "author__username")
    ordering = ("-changed_at",)
    list_select_related = ("author",)
    exclude = ("files", "report", "left_out")
    readonly_fields = ("whole_report", "not_carried_over")

    def rows_of(self, user: User) -> QuerySet[AuthoredLesson]:
        every = AuthoredLesson.objects.all()
        return every if role_of(user) == OPERATOR else every.filter(author=user.pk)

    @display(description="state", label={"published": "success", "solved": "success", "solving": "info", "draft": "warning"})
    def shown_state(self, lesson: AuthoredLesson) -> str:
        return lesson.state

    @display(description="solve result")
    def result(self, lesson: AuthoredLesson) -> str:
        if not lesson.report:
            return "not played yet"
        if "error" in lesson.report:
            return str(lesson.report["error"])[:120]
        return "every check told the truth" if lesson.report.get("ok") else "a check did not tell the truth"

    @display(description="solve result, whole")
    def whole_report(self, lesson: AuthoredLesson) -> str:
        return format_html('<pre class="whitespace-pre-wrap">{}</pre>', json.dumps(lesson.report, indent=2)[:100_000])

    @display(description="not carried over")
    def not_carried_over(self, lesson: AuthoredLesson) -> str:
        return "\n".join(map(str, lesson.left_out)) or "nothing"
