"""What an operator decides about sandboxes of the engine that an older copy of the database does not know: to give them a row
(`adopt`), or to remove them. `manage.py reconcile` calls this."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from django.conf import settings
from django.utils import timezone

from explorer.lab.errors import LabError
from explorer.lab.hosts import labelled, lifecycle
from explorer.node.reconcile import sweep
from explorer.node.reconcile.memory import Memory, read_memory
from explorer.node.reconcile.plan import OnEngine, Plan, Removal
from explorer.node.this_node import ensure_node, lab_config
from explorer.node.work import work
from explorer.sandboxes import changes, opening
from explorer.sandboxes.models import Sandbox

log = structlog.get_logger(__name__)

ADOPTED_LIVES = timedelta(hours=1)  # at most; its hosts end themselves at their time


@dataclass(frozen=True, slots=True)
class Look:
    """What a sweep would see and do now."""

    found: tuple[OnEngine, ...]
    plan: Plan
    memory: Memory


def look() -> Look:
    """Raises LabError when the engine does not answer. Nothing is changed."""
    rows = {row.pk: row for row in Sandbox.objects.filter(node=settings.NODE_NAME, state__in=work.HERE)}
    found = tuple(lifecycle.list_sandboxes(lab_config()))
    memory = read_memory()
    node = ensure_node()
    if node.sweeps < memory.sweeps:  # no sweep has met this older copy yet
        memory.restored_at, memory.sweeps_then = time.time(), memory.sweeps - node.sweeps
    return Look(found, sweep.look(rows, found, memory)[1], memory)


def choose(plan: Plan, names: list[str]) -> tuple[list[Removal], list[str]]:
    """Those of the undecided sandboxes that were named (`all`: every one), and the names that are none of them."""
    undecided = [*plan.kept, *plan.braked]
    if names == ["all"]:
        return undecided, []
    known = {one.sandbox for one in undecided}
    return [one for one in undecided if one.sandbox in names], [name for name in names if name not in known]


def adopt(one: Removal, expires_at: float) -> str:
    """Makes the row agree with the engine, or makes a row without a learner. Returns a sentence about what was done."""
    row = Sandbox.objects.filter(pk=one.sandbox).first()
    try:
        facts = labelled.read_facts(lab_config(), one.sandbox, one.generation)
    except LabError as error:
        return f"{one.sandbox}: left as it is. {error}"
    if row and row.state not in Sandbox.OVER:
        done = row.generation < one.generation and changes.adopt(row, one.generation, facts)
        return f"{one.sandbox}: {'its row has generation ' + str(one.generation) + ' now' if done else 'left as it is'}."
    if row:
        return f"{one.sandbox}: left as it is. Its row is over, so nobody can enter it; remove it."
    until = min(datetime.fromtimestamp(expires_at, UTC), timezone.now() + ADOPTED_LIVES)
    opening.adopt_sandbox(one.sandbox, one.generation, settings.NODE_NAME, facts, until)
    return f"{one.sandbox}: it has a row without a learner; it ends at {until:%H:%M} UTC, or when an operator closes it."


def remove(one: Removal) -> str:
    done = sweep.remove(one)
    return f"{one.sandbox}: {'removed' if done else 'left as it is: somebody works on it, or the engine refuses'}."
