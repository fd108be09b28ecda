"""What all tables of the panel share: which rows are shown, and that rows are changed by wishes only.

A wish is asked for one row or several. It goes through a service, is noted in the audit log, and says for each row what
happened.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold.admin import ModelAdmin, TabularInline

from explorer.classroom.people.access import OPERATOR, User, role_of
from explorer.sandboxes.limits import Refused

MOST_ROWS = 200  # at once


@dataclass(frozen=True)
class Wish:
    """`ask` does it for one row and returns a sentence. When it has been done already, it says so and changes nothing."""

    name: str
    label: str
    ask: Callable[[User, Any], str]
    question: str = ""  # asked before anything is done


@dataclass(frozen=True)
class Outcome:
    row: Model
    sentence: str
    done: bool


class ReadOnly:
    """Forbids forms that add, change or delete rows."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class Part(ReadOnly, TabularInline):  # type: ignore[misc]
    """Rows shown within the row that they belong to. Whoever may see that row may see these."""

    extra = 0

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True


class Table(ReadOnly, ModelAdmin):  # type: ignore[misc]
    """A table for operators. A table that instructors see too says in `rows_of` which rows are theirs."""

    for_instructors = False
    wishes: tuple[Wish, ...] = ()
    list_per_page = 50
    show_full_result_count = False
    change_form_outer_before_template = "admin/_wishes.html"

    def rows_of(self, user: User) -> QuerySet[Any]:
        rows: QuerySet[Any] = self.model._default_manager.all()
        return rows

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        role = role_of(request.user)
        if obj is not None and not self.rows_of(request.user).filter(pk=obj.pk).exists():
            return False
        return role == OPERATOR or (role is not None and self.for_instructors)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return self.rows_of(request.user)

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, *args: Any) -> HttpResponse:
        raise Http404  # the answer is the same for a row that does not exist and for somebody else's

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {wish.name: (run(wish), wish.name, wish.label) for wish in self.wishes}

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        context = {"wishes": self.wishes, **(extra_context or {})}
        answer: HttpResponse = super().change_view(request, object_id, form_url, context)
        return answer


def run(wish: Wish) -> Callable[..., HttpResponse]:
    """The wish in the form in which Django's admin wants an action."""

    def action(table: Table, request: HttpRequest, chosen: QuerySet[Any]) -> HttpResponse:
        rows = list(chosen.order_by("pk")[:MOST_ROWS])
        context = {**table.admin_site.each_context(request), "opts": table.opts, "wish": wish, "title": wish.label}
        if wish.question and "confirmed" not in request.POST:
            return TemplateResponse(
                request, "admin/confirm.html", {**context, "rows": rows, "checkbox": ACTION_CHECKBOX_NAME, "left": left(chosen)}
            )
        return TemplateResponse(
            request, "admin/outcome.html", {**context, "outcomes": [grant(wish, request.user, row) for row in rows]}
        )

    action.__name__ = wish.name
    return action


def left(chosen: QuerySet[Any]) -> int:
    return max(0, chosen.count() - MOST_ROWS)


def grant(wish: Wish, user: User, row: Any) -> Outcome:
    try:
        return Outcome(row, wish.ask(user, row), True)
    except Refused as refused:
        return Outcome(row, refused.sentence, False)
