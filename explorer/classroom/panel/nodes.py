"""Nodes: how full they are, how well they are, and taking one out of service. Sandboxes on it go on until they end."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from unfold.decorators import display

from explorer.classroom.panel.base import Table, Wish
from explorer.classroom.people.access import User
from explorer.classroom.people.audit import note
from explorer.sandboxes.limits import Refused
from explorer.sandboxes.models import Node, Sandbox
from explorer.sandboxes.nodes import NODE_AWAY

OPERATED = (*Sandbox.ON_NODE, Sandbox.State.WARM)


def drain(user: User, node: Node) -> str:
    _set_draining(user, node, True, "drain", "It is being drained already.")
    return "It takes no new sandboxes. Those on it go on until they end."


def resume(user: User, node: Node) -> str:
    _set_draining(user, node, False, "resume", "It is in service already.")
    return "It takes sandboxes again."


def _set_draining(user: User, node: Node, draining: bool, action: str, already: str) -> None:
    with transaction.atomic():
        if not Node.objects.filter(pk=node.pk, draining=not draining).update(draining=draining):
            raise Refused("already", already, node=node.pk)
        note(user, action, node=node.pk)


def is_here(node: Node) -> bool:
    return timezone.now() - node.seen_at < NODE_AWAY


def health_of(node: Node) -> tuple[str, str]:
    """Returns (`well`, `away`, `ill` or `limited`, a sentence that says why; empty for `well`)."""
    if not is_here(node):
        return "away", f"not heard of since {node.seen_at:%d %b %H:%M} UTC"
    if node.health.get("engine"):
        return "ill", str(node.health["engine"])
    if alarm := alarm_of(node):
        return "ill", alarm
    found = node.health.get("doctor", {}).get("findings", [])
    musts = [one for one in found if one.get("must")]
    if musts:
        return "ill", "; ".join(f"{one['name']}: {one['found']}" for one in musts)
    return ("limited", f"without {', '.join(one['name'] for one in found)}") if found else ("well", "")


def alarm_of(node: Node) -> str:
    """What the reconciler wants an operator to decide; empty when there is nothing."""
    braked, kept = node.health.get("braked", 0), node.health.get("kept", 0)
    if braked:
        return f"the brake holds back the removal of {braked} sandboxes: manage.py reconcile --dry-run says which and why"
    if kept:
        return f"the database is an older copy and does not know {kept} sandboxes: manage.py reconcile --dry-run lists them"
    return "the database is an older copy" if node.health.get("older_database") else ""


def describe_reaper(told: list[dict[str, Any]]) -> str:
    return "\n".join(f"{one['sandbox']}, generation {one['generation']}: {one['why']}" for one in told) or "Nothing."


@admin.register(Node)
class NodeTable(Table):
    list_display = ("name", "shown_health", "service", "full", "load", "memory", "versions", "seen_at")
    list_filter = ("draining",)
    fields = readonly_fields = (
        "name",
        "shown_health",
        "why",
        "service",
        "full",
        "load",
        "memory",
        "versions",
        "missing",
        "kernel",
        "images",
        "doctor",
        "reaper",
    )
    wishes = (
        Wish("drain", "Drain", drain, "These nodes take no new sandboxes. Those on them go on until they end."),
        Wish("resume", "Resume", resume, "These nodes take sandboxes again."),
    )

    def rows_of(self, user: User) -> QuerySet[Node]:
        return Node.objects.annotate(live=Count("sandbox", filter=Q(sandbox__state__in=OPERATED)))

    @display(description="health", label={"well": "success", "ill": "danger", "away": "danger", "limited": "warning"})
    def shown_health(self, node: Node) -> str:
        return health_of(node)[0]

    @display(description="why")
    def why(self, node: Node) -> str:
        return health_of(node)[1] or "nothing is wrong"

    @display(description="service", ordering="draining", label={"in service": "success", "draining": "warning"})
    def service(self, node: Node) -> str:
        return "draining" if node.draining else "in service"

    @display(description="sandboxes", ordering="live")
    def full(self, node: Node) -> str:
        return f"{getattr(node, 'live', 0)} of {node.capacity}"

    @display(description="load")
    def load(self, node: Node) -> str:
        return str(node.health.get("load", "–"))

    @display(description="memory free")
    def memory(self, node: Node) -> str:
        free, all_of_it = node.health.get("memory_free_mb"), node.health.get("memory_mb")
        return f"{free} of {all_of_it} MB" if free else "–"

    @display(description="Docker Engine")
    def versions(self, node: Node) -> str:
        return ", ".join(node.engines) or "none"

    @display(description="versions of Docker Engine that are missing")
    def missing(self, node: Node) -> str:
        return describe_missing(node.engines_missing)

    @display(description="kernel")
    def kernel(self, node: Node) -> str:
        return str(node.health.get("kernel", "–"))

    @display(description="image shelf")
    def images(self, node: Node) -> str:
        return describe_shelf(node.health.get("images"), node.health.get("shelf"))

    @display(description="what labdoctor found")
    def doctor(self, node: Node) -> str:
        return describe_findings(node.health.get("doctor", {}))

    @display(description="what waits for an operator's decision")
    def reaper(self, node: Node) -> str:
        return describe_reaper(node.health.get("reaper", []))


def describe_missing(missing: dict[str, str]) -> str:
    """One line for each version: why it is not there. The node tries again by itself."""
    return "\n".join(f"{engine}: {why or 'it is being made.'}" for engine, why in missing.items()) or "None."


def describe_shelf(images: Any, limits: Any = None) -> str:
    """One line for each image, and one for the limits in MB if the node told them. Both have the form that
    `node.reconcile.sweep` writes."""
    lines = [_image_line(one) for one in images or ()] or ["Nothing: hosts have the image box."]
    if limits:
        taken = sum(one["mb"] for one in images or ())
        lines.append(f"{taken} MB of {limits['shelf_mb']} MB; one image may have {limits['image_mb']} MB.")
    return "\n".join(lines)


def _image_line(one: dict[str, Any]) -> str:
    name = f"{one['name']} (a stand-in)" if one.get("stand_in") else one["name"]
    others = f", answers to {', '.join(one['answers_to'])}" if one.get("answers_to") else ""
    return f"{name}, {one['mb']} MB{others}"


def describe_findings(doctor: dict[str, Any]) -> str:
    """One line for each finding. `doctor` has the form that `node.reconcile.node_health.examine` writes."""
    if not doctor:
        return "It has not been examined yet."
    if doctor.get("error"):
        return f"It could not be examined: {doctor['error']}"
    lines = [f"{one['name']}: {one['found']}. {one['cure']}".rstrip(". ") + "." for one in doctor.get("findings", [])]
    return "\n".join(lines) or "Everything it needs is there."
