"""Every ten seconds on every node: reports that the node is here, closes what is over, and makes the engine agree with the
rows.

The rows say what is wanted, the engine has what is there. `plan.py` decides what is removed and why: what a row calls over,
what belongs to another node's row, and what no row has named for ten minutes or whose time is over; at most 20 in one sweep.
When removals that the database does not positively ask for would be most of what runs here (and more than three), none of these
happens: then the database is probably wrong. When the database is an older copy than this node has seen, what it does not know
is kept and reported until an operator decides (`manage.py reconcile`).
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from typing import Any

import structlog
from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from explorer.lab import ended
from explorer.lab.engine import capabilities
from explorer.lab.errors import LabError
from explorer.lab.hosts import lifecycle
from explorer.lab.images import lacking, shelf
from explorer.network.engines import in_order, usual
from explorer.node.lessons import authored
from explorer.node.reconcile import comparisons, node_health
from explorer.node.reconcile.memory import Memory, read_memory, write_memory
from explorer.node.reconcile.plan import BUDGET, OnEngine, Plan, Removal, Seen, mark, plan
from explorer.node.this_node import begin_sweep, drop_old_locks, ensure_node, hold, is_held, lab_config
from explorer.node.work import work
from explorer.sandboxes import changes, life, opening, streams, warm
from explorer.sandboxes.changes import enqueue, node_queue, open_queue
from explorer.sandboxes.figures import count
from explorer.sandboxes.models import Action, Node, Sandbox
from explorer.sandboxes.nodes import only_node, read_nodes

log = structlog.get_logger(__name__)

State = Sandbox.State
SHOWN = 20  # things in the node's row that an operator should look at
CLOCK_SLACK = 60.0  # seconds; much less than the margin that hosts get
STALLED = timedelta(seconds=20)  # nobody holds the row for so long: its worker died, or its task was lost or waits
QUEUE_AGAIN = timedelta(seconds=15)
GIVE_UP = timedelta(minutes=5)
NODE_LOST = timedelta(minutes=10)  # after this, sandboxes of a node that is away fail …
TAKEN_BACK = timedelta(minutes=1)  # … and after this, those that it was opening go back into the queue
WARM_SCENARIO = "one-host"
COMPARING = timedelta(seconds=40)  # for at most this long a comparison keeps a node from making warm sandboxes
WARM_FAILURES, WARM_REST = 2, timedelta(minutes=5)
LOST = "The hosts of this sandbox are gone: they were shut down, ran out of memory, or the machine under them was restarted. \
Open a new one and carry on; your progress is kept."
ENDED = {
    "memory": "This sandbox was ended, because it filled memory that all sandboxes of the machine share. \
Open a new one and carry on; your progress is kept.",
    "disk": "This sandbox was ended, because the machine's disk was nearly full and it took the most of it. \
Open a new one and carry on; your progress is kept.",
}
NEVER_TAKEN = "No machine had a free place for five minutes. That is ours; please try again, your progress is kept."
NODE_WENT = "The machine this sandbox ran on went away. That is ours; please open a new one, your progress is kept."


def reconcile(*, beat: bool = True) -> None:
    """One sweep of this node. It does nothing while another process of this node sweeps. With `beat`, the node then counts as
    here for 30 seconds.
    """
    with hold("reconcile") as mine:
        if not mine:
            return
        node = ensure_node()
        memory = _remember_sweep(node)
        if memory is None:
            return
        if mended := changes.mend_times(node):
            log.warning("the clock was set back: times in the future are now", rows=mended)
        rows = {row.pk: row for row in Sandbox.objects.filter(node=node, state__in=work.HERE)}
        try:
            found = lifecycle.list_sandboxes(lab_config())
            capacity = lifecycle.capacity(lab_config())
            engines = lifecycle.engines(lab_config())
        except LabError as error:
            log.error("the engine does not answer", error=str(error), detail=error.detail)
            _announce(node, 0, {"engine": str(error), "engines": [], **_kernel()}, beat)
            return
        known, planned = look(rows, found, memory)
        missing = lacking.missing(lab_config(), engines)
        well = {"engine": "", "engines": engines, "engines_missing": missing, **_kernel(), **_health(found)}
        _announce(node, capacity, well | _alarms(memory, planned), beat)
        node_health.note_sample(node)
        node_health.ask_doctor(node)
        expire_overdue(node)
        node_health.end_marked(node)
        comparisons.reconcile(node)
        authored.give_up_solving()
        _carry_out(known, found, planned)
        _remember(memory, planned)
        node_health.note_usage(lab_config(), rows.values())
        ask_again(node)
        if not node.draining:
            make_common(node, capacity)
        drop_old_locks(set(rows))
        take_orders(engines)


def _remember_sweep(node: Node) -> Memory | None:
    """Counts this sweep in the node's row and in the node's memory. None when another machine has this node's name."""
    number = begin_sweep(node)
    if not number:
        log.error("another machine has this node's name, so this one does nothing; is EXPLORER_NODE the same on both?")
        return None
    memory = read_memory()
    if memory.note_sweep(number, time.time()):
        log.error(
            "OLDER DATABASE: this node has seen a newer one, so what this one does not know is kept until an operator decides; "
            "see `manage.py reconcile --dry-run`",
            sweeps_missing=memory.sweeps_then,
        )
    write_memory(memory)
    return memory


def look(rows: dict[str, Sandbox], found: Sequence[OnEngine], memory: Memory) -> tuple[dict[str, Sandbox], Plan]:
    """The rows of this node and all others that `found` names, and the plan for them. It changes nothing."""
    named = {item.sandbox for item in found} - rows.keys()
    known = {**rows, **{row.pk: row for row in Sandbox.objects.filter(pk__in=named)}}
    older = memory.restored_at > 0
    return known, plan(Seen(settings.NODE_NAME, time.time(), known, found, memory.strays, memory.missing, older))


def _remember(memory: Memory, planned: Plan) -> None:
    memory.missing, memory.strays = dict(planned.missing), dict(planned.strays)
    if memory.restored_at and not planned.kept:
        log.info("everything here is known to the database again")
        memory.accept_database()
    write_memory(memory)


def _alarms(memory: Memory, planned: Plan) -> dict[str, Any]:
    """What an operator should look at, for the node's row."""
    held = [_shown(one) for one in planned.braked[:SHOWN]]
    kept = [_shown(one) for one in planned.kept[:SHOWN]]
    return {
        "braked": len({one.sandbox for one in planned.braked}),
        "kept": len({one.sandbox for one in planned.kept}),
        "older_database": round(memory.restored_at),
        "reaper": [*held, *kept],
    }


def _shown(one: Removal) -> dict[str, Any]:
    return {"sandbox": one.sandbox, "generation": one.generation, "why": one.why}


def _announce(node: Node, capacity: int, health: dict[str, Any], beat: bool) -> None:
    here = {"seen_at": timezone.now()} if beat else {}
    Node.objects.filter(pk=node.pk).update(capacity=capacity, **here)
    node.refresh_from_db()
    node_health.announce(node, health)


def _kernel() -> dict[str, Any]:
    try:
        return _asked_kernel()
    except LabError as error:
        log.warning("the kernel could not be asked what it can do", error=str(error), detail=error.detail)
        return {}


@cache
def _asked_kernel() -> dict[str, Any]:
    """Cached for the life of the process: what a kernel can do does not change."""
    return capabilities.report()


def _health(found: Sequence[OnEngine]) -> dict[str, Any]:
    memory = {}
    with open("/proc/meminfo") as lines:
        for line in lines:
            name, _, rest = line.partition(":")
            if name in ("MemTotal", "MemAvailable"):
                memory[name] = int(rest.split()[0]) // 1024
    return {
        "sandboxes": len({item.sandbox for item in found}),
        "ended": ended.count(lab_config()),
        "images": [
            {
                "name": one.reference,
                "answers_to": list(one.answers_to),
                "stand_in": one.stand_in,
                "mb": one.bytes // 2**20,
            }
            for one in shelf.images(lab_config())
        ],
        "shelf": {"shelf_mb": lab_config().shelf_mb, "image_mb": lab_config().image_mb},
        "load": round(os.getloadavg()[0], 2),
        "memory_mb": memory.get("MemTotal", 0),
        "memory_free_mb": memory.get("MemAvailable", 0),
        "disk_free_mb": shutil.disk_usage(settings.ENGINE_DIR).free // 2**20,
    }


_taking: set[str] = set()  # what this process has told the worker already


def take_orders(engines: Sequence[str]) -> None:
    """Makes the worker take tasks for exactly the versions of Docker Engine that this node has.

    The worker starts with the queue of the first version. Images of the others may be built while the node runs.
    """
    for engine in in_order({*engines, *_taking}):
        here = engine in engines
        if here != (engine in _taking) and changes.take_from(open_queue(engine), here):
            (_taking.add if here else _taking.discard)(engine)


def expire_overdue(node: Node) -> None:
    """Closes sandboxes whose time is over, warm ones that are too old, and prepared ones that nobody claimed in time."""
    now = timezone.now()
    overdue = Q(state=State.READY, expires_at__lt=now) | Q(state=State.RESETTING, expires_at__lt=now)
    stale = Q(state=State.WARM, class_id="", created_at__lt=now - changes.WARM_LIFE)
    left = Q(warm.PREPARED, state__in=Sandbox.UNCLAIMED, expires_at__lt=now)  # nobody claimed it
    # sandboxes of a paused class do not expire. This query names tables of `classroom`, which this package does not import
    paused = Q(learner__seat__klass__paused_at__isnull=False, learner__seat__klass__ends_at__gt=now)
    paused &= Q(learner__seat__klass__state="open")
    over = Sandbox.objects.filter(overdue | stale | left, node=node)
    for sandbox in over.exclude(pk__in=over.filter(paused).values("pk"))[:BUDGET]:
        unclaimed = sandbox.learner_id is None and sandbox.state in Sandbox.UNCLAIMED
        if unclaimed and sandbox.comparison_id is None:
            warm.close_warm(sandbox, why="expired")
        else:
            life.close_sandbox(sandbox, why="expired")


def _carry_out(known: dict[str, Sandbox], found: Sequence[OnEngine], planned: Plan) -> None:
    if planned.braked:
        log.error(
            "BRAKE: this sweep would remove most of what runs here, so it removes only what the database calls over; "
            "is this the right database, and this node's right name?",
            would_remove=len({one.sandbox for one in planned.braked}),
            running=len({item.sandbox for item in found}),
        )
        count("explorer_reaper_braked_total", node=settings.NODE_NAME)
    if planned.kept:
        log.warning("kept, because the database is an older copy", sandboxes=len({one.sandbox for one in planned.kept}))
    follow_clocks(known, found)
    for removal in planned.remove:
        remove(removal)
    for lost in (*planned.lost, *_ended_here(known, planned)):
        if work.lose_row(known[lost], why_lost(known[lost])):
            count("explorer_sandboxes_lost_total", node=settings.NODE_NAME)


def _ended_here(known: dict[str, Sandbox], planned: Plan) -> list[str]:
    """Those that are missing because a guard of this node ended them: no second listing is needed."""
    some = [row for row in known.values() if mark(row) in planned.missing and row.pk not in planned.lost]
    return [row.pk for row in some if ended.why(lab_config(), row.pk, row.generation)]


def why_lost(sandbox: Sandbox) -> str:
    """What the learner is told when the engine has nothing of a sandbox that should be there."""
    return ENDED.get(ended.why(lab_config(), sandbox.pk, sandbox.generation), LOST)


def follow_clocks(rows: dict[str, Sandbox], found: Sequence[OnEngine]) -> None:
    """Hosts end themselves at a time they were given. This gives hosts a later time when their sandbox's row was given more
    time.
    """
    for item in found:
        row = rows.get(item.sandbox)
        if row is None or row.state not in (State.READY, State.WARM) or row.generation != item.generation:
            continue
        wanted = changes.host_expiry(row)
        if row.state == State.READY and item.expires_at < wanted.timestamp() - CLOCK_SLACK:
            lifecycle.extend_sandbox(lab_config(), row.pk, wanted.timestamp())
            log.info("hosts live longer", sandbox=row.pk, until=wanted.isoformat())


def remove(removal: Removal) -> bool:
    """Removes one generation of a sandbox from the engine. False when somebody works on it or the engine refuses."""
    with hold(f"sb-{removal.sandbox}") as mine:
        if not mine:
            return False
        try:
            gone = lifecycle.close_sandbox(lab_config(), removal.sandbox, removal.generation)
        except LabError as error:
            log.warning("could not sweep", sandbox=removal.sandbox, error=str(error))
            return False
        count("explorer_reaper_removed_total", node=settings.NODE_NAME, why=removal.why)
        log.info("swept", sandbox=removal.sandbox, generation=removal.generation, why=removal.why, objects=gone)
        return True


def ask_again(node: Node) -> None:
    """Sends tasks again for sandboxes that have not moved for a while and that no process holds. After five minutes the
    sandbox fails. Sandboxes of a node that has been away for ten minutes fail too.
    """
    now = timezone.now()
    quiet = Sandbox.objects.filter(Q(node=node) | Q(node=None), moved_at__lt=now - QUEUE_AGAIN)
    warm.begin_prepared(node.pk)  # prepared ones are begun a few at a time here, and not below
    for sandbox in quiet.filter(state=State.QUEUED).exclude(warm.PREPARED).order_by("created_at")[:BUDGET]:
        _ask_or_give_up(sandbox, Action.Kind.OPEN, streams.TASK_OPEN, NEVER_TAKEN)
    stalled = Sandbox.objects.filter(node=node, moved_at__lt=now - STALLED)
    for state, kind, task in (
        (State.OPENING, Action.Kind.OPEN, streams.TASK_OPEN),
        (State.RESETTING, Action.Kind.RESET, streams.TASK_RESET),
        (State.CLOSING, Action.Kind.CLOSE, streams.TASK_CLOSE),
    ):
        for sandbox in stalled.filter(state=state)[:BUDGET]:
            if not is_held(work.lock_of(sandbox)):
                _ask_or_give_up(sandbox, kind, task, work.OURS.format("it could not be started, several times over."))
    others = Sandbox.objects.exclude(node=node)
    for sandbox in others.filter(node__seen_at__lt=now - TAKEN_BACK, state=State.OPENING)[:BUDGET]:
        _take_back(sandbox)
    # also those in the queue of that node, because no other node takes them
    on_it: list[str] = [State.QUEUED, *work.HERE]
    for sandbox in others.filter(node__seen_at__lt=now - NODE_LOST, state__in=on_it)[:BUDGET]:
        work.fail_row(sandbox, on_it, NODE_WENT)


def _take_back(sandbox: Sandbox) -> None:
    """A node that is away was opening it: another node opens it instead. Columns of a comparison and sandboxes prepared for a
    class belong to their node.
    """
    if sandbox.comparison_id or sandbox.learner_id is None:
        return
    able = only_node(read_nodes(), sandbox.lesson, sandbox.engine)
    if changes.take_back(sandbox, able):
        count("explorer_taken_back_total", node=sandbox.node_id or "")
        log.warning("taken back from a node that is away", sandbox=sandbox.pk, node=sandbox.node_id)
        sandbox.refresh_from_db()
        _ask_or_give_up(sandbox, Action.Kind.OPEN, streams.TASK_OPEN, NEVER_TAKEN)


def _ask_or_give_up(sandbox: Sandbox, kind: str, task: str, reason: str) -> None:
    pending = Action.objects.filter(sandbox=sandbox, kind=kind, state__in=[Action.State.ACCEPTED, Action.State.RUNNING])
    action = pending.order_by("-pk").first() or Action.objects.create(sandbox=sandbox, kind=kind)
    if kind != Action.Kind.CLOSE and timezone.now() - action.created_at > GIVE_UP:
        log.warning("given up", sandbox=sandbox.pk, state=sandbox.state, action=action.pk)
        work.fail_row(sandbox, [sandbox.state], reason)
        return
    log.info("asked again", sandbox=sandbox.pk, state=sandbox.state, action=action.pk)
    enqueue(task, node_queue(sandbox.node_id) if sandbox.node_id else open_queue(sandbox.engine), action.pk)
    changes.tell(sandbox.pk)


def make_common(node: Node, capacity: int) -> None:
    """Makes common warm sandboxes up to the number in the settings, but leaves places for all who wait in the queue. It makes
    none while a new comparison runs here, nor after two of them failed within five minutes.
    """
    here = Sandbox.objects.filter(node=node, state__in=work.HERE)
    if here.filter(comparison__created_at__gt=timezone.now() - COMPARING).exists():
        return  # a starting host disturbs the measurements
    lately = timezone.now() - WARM_REST
    if (
        Sandbox.objects.filter(node=node, learner=None, class_id="", state=State.FAILED, ended_at__gt=lately).count()
        >= WARM_FAILURES
    ):
        return  # something is wrong here; more tries would only fill the log and the table
    common = Sandbox.objects.filter(node=node, learner=None, class_id="", state__in=Sandbox.UNCLAIMED).count()
    free = capacity - here.count() - Sandbox.objects.filter(state=State.QUEUED).count()
    engine = usual(node.engines or settings.ENGINES)
    for _ in range(min(settings.WARM_SANDBOXES - common, free)):
        opening.book_sandbox(None, scenario=WARM_SCENARIO, node=node.pk, engine=engine)
