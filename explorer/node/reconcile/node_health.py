"""The reconciler's work for the admin panel: how full the node is, what its sandboxes use, and what `labdoctor` finds.

It also closes sandboxes that an operator marked for removal: when no page of the learner is open, or after ten minutes.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from explorer.environment import patient
from explorer.lab import doctor, usage
from explorer.lab.config import LabConfig
from explorer.lab.errors import LabError
from explorer.node.this_node import ensure_node, hold, lab_config
from explorer.sandboxes import changes, life, streams
from explorer.sandboxes.events import present_key
from explorer.sandboxes.models import Node, NodeSample, Sandbox

log = structlog.get_logger(__name__)

State = Sandbox.State
BUDGET = 20
SAMPLE_EVERY = timedelta(seconds=55)  # once a minute, at a sweep of every ten seconds
SAMPLES_KEPT = timedelta(days=7)
EXAMINED_EVERY = 3600.0  # seconds
EXAMINE_SECONDS = patient(60)
TOLD_AGAIN = 60.0  # seconds after which a usage is written even if it is the same
NOTICED = {"memory_mb": 5.0, "cpu_percent": 3.0, "containers": 0.5}  # smaller differences are not worth a write
MARKED_WAITS = timedelta(minutes=10)
WORDS = 300  # characters of each thing labdoctor found


# --- how full -----------------------------------------------------------------------------------------------------


def note_sample(node: Node) -> None:
    now = timezone.now()
    if NodeSample.objects.filter(node=node, at__gt=now - SAMPLE_EVERY).exists():
        return
    here = Sandbox.objects.filter(node=node)
    NodeSample.objects.create(
        node=node,
        at=now,
        capacity=node.capacity,
        live=here.filter(state__in=Sandbox.ON_NODE).count(),
        warm=here.filter(state=State.WARM).count(),
        load=round(os.getloadavg()[0], 2),
        memory_free_mb=node.health.get("memory_free_mb", 0),
    )
    NodeSample.objects.filter(node=node, at__lt=now - SAMPLES_KEPT).delete()


# --- what a sandbox takes -----------------------------------------------------------------------------------------


def note_usage(config: LabConfig, rows: Iterable[Sandbox]) -> None:
    """Writes the usage of those sandboxes whose figures differ noticeably from their row."""
    different = []
    for row in rows:
        seen = usage.read_usage(config, identities(row.facts))
        if seen is None:
            continue
        told = describe(seen, row.usage, time.time())
        if is_different(row.usage, told):
            row.usage = told
            different.append(row)
    if different:
        changes.note_usage(different)


def identities(facts: dict[str, Any]) -> list[str]:
    """The engine's names of the containers that are this sandbox's hosts and machines."""
    return [
        part["container"]
        for kind in ("hosts", "machines")
        for part in facts.get(kind, {}).values()
        if isinstance(part.get("container"), str)
    ]


def describe(seen: usage.Usage, before: dict[str, Any], now: float) -> dict[str, Any]:
    """The usage as it is saved. `cpu_percent` is in percent of one processor, on average since the last saved usage; 0 when
    there is none, or when the sandbox was rebuilt since.
    """
    spent, passed = seen.cpu - before.get("cpu_seconds", 0.0), now - before.get("at", 0.0)
    known = "cpu_seconds" in before and spent >= 0 and passed >= 1
    return {
        "memory_mb": round(seen.memory / 2**20),
        "cpu_percent": round(100 * spent / passed, 1) if known else 0.0,
        "containers": seen.containers,
        "cpu_seconds": round(seen.cpu, 2),
        "at": round(now, 1),
    }


def is_different(before: dict[str, Any], told: dict[str, Any]) -> bool:
    if not before or told["at"] - before["at"] >= TOLD_AGAIN:
        return True
    return any(abs(told[name] - before.get(name, 0)) >= least for name, least in NOTICED.items())


# --- what labdoctor says ------------------------------------------------------------------------------------------


def ask_doctor(node: Node) -> None:
    """Sends the task that runs `labdoctor` when its last answer is an hour old or missing. The sweep does not wait for it."""
    if time.time() - node.health.get("doctor", {}).get("at", 0) >= EXAMINED_EVERY:
        changes.enqueue(streams.TASK_EXAMINE, changes.node_queue(node.pk))


def examine() -> None:
    """Runs `labdoctor` unless there is an answer of the last hour. A failure to run it also counts as an answer."""
    with hold("doctor") as mine:
        node = ensure_node()
        if not mine or time.time() - node.health.get("doctor", {}).get("at", 0) < EXAMINED_EVERY:
            return
        try:
            found = doctor.examine(lab_config())
            told = {"ok": found["ok"], "findings": [finding(check) for check in found["checks"] if not check["ok"]]}
        except SoftTimeLimitExceeded:
            told = {"ok": False, "error": f"it took more than {EXAMINE_SECONDS} seconds", "findings": []}
        except (LabError, OSError, ValueError) as error:
            log.exception("labdoctor failed")
            told = {"ok": False, "error": str(error)[:WORDS], "findings": []}
        change_health(node, lambda health: {**health, "doctor": {**told, "at": round(time.time(), 1)}})


def finding(check: dict[str, Any]) -> dict[str, Any]:
    words = {name: str(check[name])[:WORDS] for name in ("name", "found", "cure")}
    return {**words, "must": bool(check["must"])}


def announce(node: Node, health: dict[str, Any]) -> None:
    """Saves what the sweep saw, and keeps `labdoctor`'s last answer."""
    change_health(node, lambda old: {**health, **{name: old[name] for name in ("doctor",) if name in old}})


def change_health(node: Node, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Changes `health` under the row's lock, because the sweep and the `labdoctor` task both write it."""
    with transaction.atomic():
        kept = Node.objects.select_for_update().get(pk=node.pk)
        kept.health = change(kept.health)
        kept.save(update_fields=["health"])
    node.health = kept.health


# --- marked for removal -------------------------------------------------------------------------------------------


def end_marked(node: Node) -> None:
    """Closes marked sandboxes. A ready one with an open page of its learner waits, for ten minutes at most."""
    over = (*Sandbox.OVER, State.CLOSING)
    marked = Sandbox.objects.filter(Q(node=node) | Q(node=None), marked_at__isnull=False).exclude(state__in=over)
    for sandbox in marked.order_by("marked_at")[:BUDGET]:
        waits = sandbox.marked_at is not None and timezone.now() - sandbox.marked_at < MARKED_WAITS
        if sandbox.state == State.READY and waits and is_present(sandbox):
            continue
        log.info("removed because it is marked", sandbox=sandbox.pk, state=sandbox.state)
        life.close_sandbox(sandbox)


def is_present(sandbox: Sandbox) -> bool:
    """Whether a page of the sandbox's learner is open. True also when Redis does not answer."""
    try:
        return bool(streams.redis().exists(present_key(sandbox.pk)))
    except (streams.RedisError, OSError):
        return True
