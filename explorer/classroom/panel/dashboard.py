"""The first page of the panel: what runs, what is wrong, how much room there is. An instructor sees what is theirs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Count, Q
from django.http import HttpRequest
from django.utils import timezone

from explorer.classroom.models import Class
from explorer.classroom.panel import capacity
from explorer.classroom.panel.nodes import OPERATED, health_of, is_here
from explorer.classroom.people.access import OPERATOR, classes_of, role_of, sandboxes_of
from explorer.sandboxes.health import examine_parts
from explorer.sandboxes.models import Node, Sandbox

State = Sandbox.State
FAILURES, CLASSES = 10, 10


def describe(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Called by unfold (setting DASHBOARD_CALLBACK)."""
    sandboxes = sandboxes_of(request.user)
    failed = sandboxes.filter(state=State.FAILED, ended_at__gt=timezone.now() - timedelta(days=1))
    running = classes_of(request.user).filter(state=Class.State.OPEN, ends_at__gt=timezone.now())
    seated = Count("seats", filter=Q(seats__removed_at=None))
    context |= {
        "states": count_states(sandboxes.exclude(state__in=Sandbox.OVER)),
        "classes": running.select_related("instructor").annotate(taken=seated).order_by("ends_at")[:CLASSES],
        "failures": failed.select_related("node").order_by("-ended_at")[:FAILURES],
        "failed": failed.count(),
    }
    if role_of(request.user) == OPERATOR:
        context |= describe_nodes(request.GET.get("span", "day"))
    return context


def count_states(live: Any) -> list[tuple[str, int]]:
    """How many sandboxes are in each state, in the order of a sandbox's life. States without any are left out."""
    counted = dict(live.values_list("state").annotate(Count("pk", distinct=True)).order_by())
    return [(state, counted[state]) for state in State.values if state in counted]


def describe_nodes(span: str) -> dict[str, Any]:
    span = span if span in capacity.SPANS else "day"
    nodes = list(Node.objects.annotate(live=Count("sandbox", filter=Q(sandbox__state__in=OPERATED))).order_by("name"))
    in_service = [node for node in nodes if is_here(node) and not node.draining]
    places, taken = sum(node.capacity for node in in_service), sum(node.live for node in in_service)
    slots = capacity.read_slots(span)
    return {
        "parts": examine_parts(),
        "nodes": [(node, *health_of(node)) for node in nodes],
        "places": places,
        "taken": taken,
        "free": max(0, places - taken),
        "waiting": Sandbox.objects.filter(state=State.QUEUED).count(),
        "span": span,
        "spans": capacity.SPANS,
        "hours": hourly(slots),
        "chart": capacity.draw(slots, span),
    }


def hourly(slots: list[capacity.Slot]) -> list[capacity.Slot]:
    """The fullest moment of each hour, newest first: the chart as a table."""
    hours: dict[str, capacity.Slot] = {}
    for slot in slots:
        hour = f"{slot.at:%Y-%m-%d %H}"
        if hour not in hours or slot.live > hours[hour].live:
            hours[hour] = slot
    return list(reversed(hours.values()))
