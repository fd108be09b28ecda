"""Starts, reads and ends comparisons for the web side. It writes rows and sends tasks; the nodes do the work.

A comparison is one row, one row for each column, and a sandbox for each column that the node can measure. All of these are
written in one transaction. When a task or a process is lost afterwards, the rows still say what is wanted.
"""

from __future__ import annotations

from datetime import timedelta

import structlog
from django.db import IntegrityError, transaction
from django.utils import timezone

from explorer import __version__
from explorer.network.comparison import Comparison as Told
from explorer.network.comparison import Variant, Versions
from explorer.network.comparison.noise import overall_noise
from explorer.network.comparison.spec import Spec
from explorer.network.engines import in_words, title
from explorer.sandboxes import columns
from explorer.sandboxes.life import close_sandbox
from explorer.sandboxes.limits import Refused, check_comparisons, check_nodes, check_queue, comparison_places
from explorer.sandboxes.models import Column, Comparison, Learner, Node, Sandbox
from explorer.sandboxes.nodes import Lack, Nodes, can, known_engines
from explorer.sandboxes.opening import book_sandbox
from explorer.sandboxes.warm import claim_warm

log = structlog.get_logger(__name__)

UNSEEN = timedelta(seconds=30)  # a comparison ends when nobody has looked at its page for this long
SEEN_EVERY = timedelta(seconds=8)  # a look is noted at most this often
LIFE = timedelta(minutes=5)  # a comparison ends after this time, finished or not
HEAD_START = 1.0  # seconds for columns with a warm sandbox, before hosts are started for the others
KEPT = 10  # of one learner
STOPPED = "It was stopped before this column was complete."
UNWATCHED = "Nobody looked at the page any more, so it was ended before this column was complete."
TOO_LONG = "It took longer than five minutes, so it was ended before this column was complete."
State = Comparison.State


def current_comparison(learner: Learner | None) -> Comparison | None:
    """The learner's running comparison, or None. A learner has at most one."""
    return Comparison.objects.filter(learner=learner, state=State.RUNNING).first() if learner else None


def earlier_comparisons(learner: Learner | None) -> list[Comparison]:
    """The learner's newest comparisons, at most `KEPT`, newest first."""
    return list(Comparison.objects.filter(learner=learner).order_by("-created_at")[:KEPT]) if learner else []


def start_comparison(learner: Learner, spec: Spec, nodes: Nodes, instead: str = "") -> Comparison:
    """Returns the learner's running comparison if it has this spec, else starts a new one. `instead` is the id of a running
    comparison that is ended for the new one.

    Raises `Refused`. Two equal requests at the same moment get the same comparison.
    """
    running = current_comparison(learner)
    if running and running.pk != instead:
        return _same(running, spec)
    check_comparisons(learner)
    node = choose_node(nodes, spec.variants)
    check_versions(spec)
    check_queue(nodes)
    try:
        with transaction.atomic():
            if running:
                end_comparison(running, STOPPED)
            return book(learner, spec, node)
    except IntegrityError:  # the same learner asked twice at once: the other request won
        running = current_comparison(learner)
        if running is None:
            raise
        return _same(running, spec)


def _same(running: Comparison, spec: Spec) -> Comparison:
    if Spec.model_validate(running.spec) == spec:
        return running
    raise Refused(
        "other_comparison",
        f"A comparison of yours is running, and one runs at a time: {spec_of(running).title}. "
        "See it to its end, or stop it for this one.",
        comparison=running.pk,
    )


def spec_of(comparison: Comparison) -> Spec:
    return Spec.model_validate(comparison.spec)


def check_versions(spec: Spec) -> None:
    """Raises `Refused` for a version of Docker Engine that no node is set to have."""
    known = known_engines()
    if strange := [variant.engine for variant in spec.variants if variant.engine not in known]:
        raise Refused(
            "unknown_engine",
            f"No machine here has ever had {title(strange[0])}; there is {in_words(known)}.",
            engine=strange[0],
        )


def choose_node(nodes: Nodes, variants: tuple[Variant, ...]) -> Node:
    """The node that can measure most of the variants; among equal nodes, the one with most free places. Raises `Refused` when
    no node takes work.
    """

    def fitness(node: Node) -> tuple[int, int]:
        doable = sum(not lack_of(variant, node) for variant in variants)
        return doable, node.capacity - node.sandbox_set.filter(state__in=Sandbox.ON_NODE).count()

    check_nodes(nodes)
    return max(nodes.taking, key=fitness)


def lack_of(variant: Variant, node: Node) -> str:
    """A sentence that says why this node cannot measure this variant; empty when the node's row does not say that it cannot."""
    if not can(node, variant.driver):
        lack = Lack(variant.driver, str(node.health.get("kernel", "")))
        return f"{lack.sentence} Nothing was opened for it."
    if variant.engine not in node.engines:
        return (
            f"The machine that runs sandboxes here has no hosts with {title(variant.engine)} at the moment; "
            f"it has {in_words(node.engines)}. Nothing was opened for it."
        )
    return ""


def book(learner: Learner, spec: Spec, node: Node) -> Comparison:
    comparison = Comparison.objects.create(learner=learner, node=node, spec=spec.model_dump(mode="json"))
    wait = 0.0
    for position, variant in enumerate(spec.variants):
        lack = lack_of(variant, node)
        sandbox = None if lack else open_for(comparison, variant, node, wait)
        if sandbox and sandbox.state == Sandbox.State.READY:
            wait = HEAD_START
        Column.objects.create(
            comparison=comparison,
            position=position,
            key=variant.id,
            variant=variant.model_dump(mode="json"),
            sandbox=sandbox,
            state=Column.State.LACKS if lack else Column.State.WAITING,
            phase="" if lack else columns.QUEUED,
            reason=lack,
            finished_at=timezone.now() if lack else None,
        )
    columns.finish_comparison(comparison.pk)
    _forget_old(learner)
    transaction.on_commit(lambda: _follow_all(comparison))
    log.info("comparison begun", comparison=comparison.pk, columns=spec.columns, node=node.pk)
    return comparison


def open_for(comparison: Comparison, variant: Variant, node: Node, wait: float = 0) -> Sandbox:
    """Gives one column a sandbox: a warm one if there is one and room for it, else one that is queued for this node and begun
    after `wait` seconds.
    """
    here = Sandbox.objects.filter(node=node, state__in=Sandbox.ON_NODE).exclude(comparison=None).count()
    warm = None
    if here < comparison_places(node.capacity):
        warm = claim_warm(
            [node], variant.scenario, variant.engine, learner=comparison.learner, comparison=comparison, lesson=""
        )
    if warm:
        return warm
    sandbox, _ = book_sandbox(
        comparison.learner,
        scenario=variant.scenario,
        engine=variant.engine,
        node=node.pk,
        comparison=comparison,
        countdown=wait,
    )
    return sandbox


def end_comparison(comparison: Comparison, why: str = STOPPED) -> bool:
    """Stops a comparison. Measured results stay, unfinished columns fail with the reason `why`, the sandboxes are closed.
    False when it had ended already.
    """
    with transaction.atomic():
        rows = Comparison.objects.filter(pk=comparison.pk, state=State.RUNNING)
        ended = bool(rows.update(state=State.ENDED, reason=why, ended_at=timezone.now()))
        if ended:
            for column in comparison.columns.filter(state__in=Column.UNFINISHED).defer("result"):
                columns.fail(column, why)
            transaction.on_commit(lambda: columns.tell_comparison(comparison.pk))
            log.info("comparison ended", comparison=comparison.pk, why=why)
        release(comparison.pk)
    comparison.refresh_from_db()
    return ended


def release(comparison: str) -> None:
    """Closes sandboxes that the comparison no longer needs. After its end that is all of them. Before its end it is those of
    complete columns, and only while some sandbox is queued, because removing a host disturbs the measurements beside it.
    """
    live = Sandbox.objects.filter(comparison=comparison, state__in=Sandbox.LIVE).exclude(state=Sandbox.State.CLOSING)
    if Comparison.objects.filter(pk=comparison, state=State.RUNNING).exists():
        if not Sandbox.objects.filter(state=Sandbox.State.QUEUED).exists():
            return
        live = live.exclude(column__state__in=Column.UNFINISHED)
    for sandbox in live:
        close_sandbox(sandbox)


def read_comparison(comparison: Comparison) -> Told:
    """The whole comparison as its page shows it and as it is exported."""
    shown = tuple(columns.read_result(column) for column in comparison.columns.all())
    kernel = str(comparison.node.health.get("kernel", "")) if comparison.node else ""
    return Told(
        id=comparison.pk,
        made_at=comparison.created_at.timestamp(),
        versions=Versions(
            product=__version__, kernel=kernel, engines={one.variant.id: one.engine for one in shown if one.engine}
        ),
        noise=overall_noise(shown),
        columns=shown,
    )


def note_look(comparison_id: str) -> None:
    """Notes in the row that somebody has the page open, at most every `SEEN_EVERY`."""
    now = timezone.now()
    running = Comparison.objects.filter(pk=comparison_id, state=State.RUNNING)
    running.filter(seen_at__lt=now - SEEN_EVERY).update(seen_at=now)


def _follow_all(comparison: Comparison) -> None:
    """Needed for warm sandboxes: they were ready before they had a column."""
    for sandbox in Sandbox.objects.filter(comparison=comparison):
        columns.follow(sandbox)


def _forget_old(learner: Learner) -> None:
    """Deletes a learner's comparisons beyond the newest `KEPT`, but none younger than an hour: the limit for each hour counts
    those.
    """
    mine = Comparison.objects.filter(learner=learner).order_by("-created_at")
    newest = list(mine.values_list("pk", flat=True)[:KEPT])
    old = mine.filter(created_at__lt=timezone.now() - timedelta(hours=1)).exclude(pk__in=newest)
    forget(list(old.values_list("pk", flat=True)))


def forget(ids: list[str]) -> None:
    """Deletes these comparisons with their columns and the rows of their sandboxes. Those that run, or that have a live
    sandbox, stay.
    """
    over = Comparison.objects.filter(pk__in=ids).exclude(state=State.RUNNING)
    over.exclude(sandboxes__state__in=Sandbox.LIVE).delete()
