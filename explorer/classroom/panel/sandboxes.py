"""Sandboxes: who has them, what they use, and what an instructor or operator may do to them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from unfold.decorators import display

from explorer.classroom.acts.table import ACTS
from explorer.classroom.models import Class, Seat
from explorer.classroom.panel.base import Part, Table, Wish
from explorer.classroom.people.access import User, classes_of, sandboxes_of
from explorer.classroom.people.audit import note
from explorer.sandboxes import changes, life
from explorer.sandboxes.limits import Refused
from explorer.sandboxes.models import Action, Sandbox

State = Sandbox.State
LABELS = {
    State.QUEUED: "info",
    State.OPENING: "info",
    State.RESETTING: "info",
    State.READY: "success",
    State.WARM: "warning",
    State.FAILED: "danger",
}
MARKABLE = (*Sandbox.USABLE, State.WARM)
AGES = (("minutes", "under 10 minutes", 0, 10), ("hour", "10 to 60 minutes", 10, 60), ("day", "1 to 24 hours", 60, 1440))


def seat_of_row(sandbox: Sandbox) -> Seat | None:
    return getattr(sandbox.learner, "seat", None) if sandbox.learner_id else None


def audited(user: User, action: str, sandbox: Sandbox, **detail: Any) -> None:
    seat = seat_of_row(sandbox)
    klass = seat.klass if seat else Class.objects.filter(pk=sandbox.class_id).first() if sandbox.class_id else None
    note(user, action, klass=klass, seat=seat, sandbox=sandbox, **detail)


def wish(name: str, ask: Callable[[User, Sandbox], str], question: str = "") -> Wish:
    """A wish with the name and label of an action of the class. `audit_word` is the action's name in the audit log."""
    return Wish(name, ACTS[name].label, ask, question)


def audit_word(name: str) -> str:
    return ACTS[name].audit


def extend(user: User, sandbox: Sandbox) -> str:
    """Gives the sandbox a whole lifetime from now, as an instructor's action does. The reconciler tells the hosts."""
    if sandbox.state != State.READY or sandbox.expires_at is None:
        raise Refused("not_ready", "Not extended: only a running sandbox can be.", sandbox=sandbox.pk)
    now = timezone.now()
    until = now + changes.lifetime(sandbox)
    with transaction.atomic():
        if not life.renew_sandbox(sandbox, now, f"the sandbox runs until {until:%H:%M} UTC"):
            raise Refused("long_enough", f"Left as it is: it runs until {sandbox.expires_at:%H:%M} UTC.", sandbox=sandbox.pk)
        audited(user, audit_word("extend"), sandbox, until=int(until.timestamp()))
    return f"It runs until {until:%H:%M} UTC."


def reset(user: User, sandbox: Sandbox) -> str:
    if sandbox.state == State.RESETTING:
        raise Refused("resetting", "It is being reset already.", sandbox=sandbox.pk)
    with transaction.atomic():
        life.reset_sandbox(sandbox)
        audited(user, audit_word("reset"), sandbox)
    return "It is being rebuilt from its scenario."


def stop(user: User, sandbox: Sandbox) -> str:
    if sandbox.state in (*Sandbox.OVER, State.CLOSING):
        raise Refused("over", "It is over already.", sandbox=sandbox.pk)
    with transaction.atomic():
        life.close_sandbox(sandbox)
        audited(user, audit_word("stop"), sandbox)
    return "It is being removed."


def mark(user: User, sandbox: Sandbox) -> str:
    """Marks the sandbox for removal. The reconciler closes it when no page of its learner is open, after ten minutes at the
    latest.
    """
    if sandbox.state in (*Sandbox.OVER, State.CLOSING):
        raise Refused("over", "It is over already.", sandbox=sandbox.pk)
    with transaction.atomic():
        if not changes.move(sandbox, MARKABLE, where=Q(marked_at=None), marked_at=timezone.now()):
            raise Refused("marked", "It is marked already.", sandbox=sandbox.pk)
        audited(user, "mark for removal", sandbox)
    return "It goes as soon as nobody is in it, in ten minutes at the latest."


class ClassFilter(admin.SimpleListFilter):
    title, parameter_name = "class", "class"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return [(klass.pk, klass.title) for klass in classes_of(request.user).order_by("-created_at")[:50]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        wanted = self.value()
        return queryset.filter(Q(learner__seat__klass=wanted) | Q(class_id=wanted)) if wanted else queryset


class AgeFilter(admin.SimpleListFilter):
    title, parameter_name = "age", "age"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return [*((name, words) for name, words, _, _ in AGES), ("old", "older")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        now = timezone.now()
        if self.value() == "old":
            return queryset.filter(created_at__lte=now - timedelta(days=1))
        for name, _, least, most in AGES:
            if self.value() == name:
                begun = now - timedelta(minutes=most), now - timedelta(minutes=least)
                return queryset.filter(created_at__gt=begun[0], created_at__lte=begun[1])
        return queryset


class Actions(Part):
    model = Action
    fields = readonly_fields = ("kind", "state", "reason", "created_at", "finished_at")


@admin.register(Sandbox)
class SandboxTable(Table):
    for_instructors = True
    list_display = ("id", "shown_state", "whose", "lesson", "node", "memory", "processor", "containers", "last_error", "ends")
    list_filter = ("state", "node", "lesson", ClassFilter, AgeFilter, ("marked_at", admin.EmptyFieldListFilter))
    search_fields = ("id", "reason", "learner__seat__name")
    ordering = ("-created_at",)
    list_select_related = ("node", "learner__seat__klass")
    exclude = ("learner", "facts", "replay", "usage")
    readonly_fields = ("whose", "memory", "processor", "containers", "watch")
    inlines = (Actions,)
    wishes = (
        wish("extend", extend),
        wish("reset", reset, "What the learner did in these sandboxes is lost. Their progress is kept."),
        wish("stop", stop, "These sandboxes are removed now, also under somebody's hands. Progress is kept."),
        Wish("mark", "Mark for removal", mark),
    )

    def rows_of(self, user: User) -> QuerySet[Sandbox]:
        return sandboxes_of(user)

    @display(description="state", ordering="state", label=LABELS)
    def shown_state(self, sandbox: Sandbox) -> tuple[str, str]:
        return sandbox.state, f"{sandbox.state} · marked" if sandbox.marked_at else sandbox.state

    @display(description="of")
    def whose(self, sandbox: Sandbox) -> str:
        seat = seat_of_row(sandbox)
        if seat:
            return f"{seat.name}, {seat.klass.title}"
        if sandbox.comparison_id:
            return f"comparison {sandbox.comparison_id}"
        return str(sandbox.learner or ("prepared for a class" if sandbox.class_id else "nobody yet"))

    @display(description="memory")
    def memory(self, sandbox: Sandbox) -> str:
        return told(sandbox, "memory_mb", " MB")

    @display(description="CPU")
    def processor(self, sandbox: Sandbox) -> str:
        return told(sandbox, "cpu_percent", " %")

    @display(description="containers")
    def containers(self, sandbox: Sandbox) -> str:
        return told(sandbox, "containers", "")

    @display(description="last error", ordering="reason")
    def last_error(self, sandbox: Sandbox) -> str:
        return sandbox.reason if len(sandbox.reason) <= 80 else f"{sandbox.reason[:80]}…"

    @display(description="ends", ordering="expires_at")
    def ends(self, sandbox: Sandbox) -> str:
        return f"{sandbox.expires_at:%d %b %H:%M}" if sandbox.expires_at else ""

    @display(description="look at it")
    def watch(self, sandbox: Sandbox) -> str:
        return format_html(
            '<a class="text-primary-600 underline" href="{}">Watch it live</a>', reverse("watch", args=[sandbox.pk])
        )


def told(sandbox: Sandbox, key: str, unit: str) -> str:
    """A figure of the last saved usage, as text; “–” when there is none or the sandbox is over."""
    value = sandbox.usage.get(key)
    return (
        f"{value:g}{unit}".replace(" ", "\u00a0")
        if isinstance(value, int | float) and sandbox.state not in Sandbox.OVER
        else "–"
    )
