"""Prepares sandboxes for a class before it begins: one for each expected seat. (`sandboxes.warm` explains the word
“prepared”.)"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from explorer.classroom.acts.act import Asked, Done
from explorer.classroom.acts.once import hold_class
from explorer.classroom.models import Class
from explorer.classroom.people.rules import terms_of
from explorer.sandboxes.limits import Refused, check_driver, check_engine, check_images, check_nodes, taken_on
from explorer.sandboxes.models import Node, Sandbox
from explorer.sandboxes.nodes import Nodes, read_nodes
from explorer.sandboxes.opening import book_sandbox
from explorer.sandboxes.progress import UnknownLesson, find_lesson
from explorer.sandboxes.warm import begin_prepared, close_prepared, close_warm, prepared_for

WAITS_AT_MOST = timedelta(hours=12)  # a class may go on for weeks; what nobody came for in half a day is not needed
AFTERWARDS = timedelta(minutes=10)  # how long the page tells of sandboxes that could not be built


@dataclass(frozen=True)
class Forecast:
    """How many sandboxes preparing would make. Of `expected` seats, `have` learners have a sandbox and `prepared` ones are
    unclaimed; the rest is `missing`. `room` is how many more fit on the nodes.
    """

    expected: int
    have: int
    prepared: int
    room: int

    @property
    def missing(self) -> int:
        return max(0, self.expected - self.have - self.prepared)

    @property
    def short(self) -> int:
        return max(0, self.missing - self.room)

    @property
    def sentence(self) -> str:
        if not self.missing:
            return f"{self.expected} seats are expected, and there is a sandbox for each."
        if not self.short:
            return f"{self.missing} more will be made for {self.expected} seats; there is room for {self.room}."
        return (
            f"{self.missing} more are wanted for {self.expected} seats and there is room for {self.room}: "
            f"{self.short} will have to wait for a place, or share a screen."
        )


@dataclass(frozen=True)
class Prepared:
    """How far preparing is. `phases` counts the sandboxes that are not ready, by their phase."""

    scenario: str = ""
    ready: int = 0
    taken: int = 0
    failed: int = 0
    reason: str = ""
    phases: dict[str, int] = field(default_factory=dict)

    @property
    def wanted(self) -> int:
        return self.ready + self.failed + sum(self.phases.values())

    @property
    def busy(self) -> bool:
        return bool(self.phases)


def scenario_of_lesson(klass: Class, slug: str) -> str:
    """The scenario of a lesson of this class; of its first lesson for an empty slug. Raises `Refused`."""
    try:
        lesson = find_lesson(slug or next(iter(klass.lessons), ""))
    except UnknownLesson:
        raise Refused("unknown_lesson", "There is no such lesson.") from None
    if lesson.slug not in klass.lessons:
        raise Refused("not_in_class", f"“{lesson.title}” is not one of this class's lessons: add it in the setup.")
    return lesson.scenario


def forecast(klass: Class, lesson: str, nodes: Nodes) -> Forecast:
    """What preparing would do now. It changes nothing."""
    scenario = scenario_of_lesson(klass, lesson)
    prepared = prepared_for(klass.pk).filter(scenario=scenario, engine=klass.engine, state__in=Sandbox.UNCLAIMED).count()
    seated = Sandbox.objects.filter(learner__seat__klass=klass, learner__seat__removed_at=None, comparison=None)
    have = seated.filter(state__in=Sandbox.USABLE).count()
    return Forecast(klass.seats_expected, have, prepared, sum(_rooms(klass, lesson, scenario, nodes).values()))


def _rooms(klass: Class, lesson: str, scenario: str, nodes: Nodes) -> dict[str, int]:
    """Node → free places, if those that are prepared for another scenario are closed first."""
    unbound = Sandbox.objects.filter(state=Sandbox.State.QUEUED, node=None).count()
    rooms = {node.pk: max(0, node.capacity - _standing(node, klass, scenario)) for node in nodes.able(lesson, klass.engine)}
    for name in sorted(rooms, key=lambda one: -rooms[one]):
        gone = min(unbound, rooms[name])
        rooms[name], unbound = rooms[name] - gone, unbound - gone
    return rooms


def _standing(node: Node, klass: Class, scenario: str) -> int:
    waiting = Sandbox.objects.filter(node=node, state=Sandbox.State.QUEUED)
    return taken_on([node]) + waiting.count() - _others(klass, scenario).filter(node=node).count()


def _others(klass: Class, scenario: str) -> QuerySet[Sandbox]:
    """The unclaimed sandboxes of this class with another scenario or another version of Docker Engine."""
    return prepared_for(klass.pk).filter(state__in=Sandbox.UNCLAIMED).exclude(scenario=scenario, engine=klass.engine)


@transaction.atomic
def prepare_sandboxes(asked: Asked, *, lesson: str = "", anyway: str = "") -> Done:
    """Books the missing sandboxes, spread over the nodes with free places. Asked again it books none. Raises `Refused` when
    there is no place at all, and when there are too few places, unless `anyway` is given; then it books as many as there are
    places.
    """
    held = hold_class(asked.klass)
    slug = lesson or next(iter(held.lessons), "")
    scenario = scenario_of_lesson(held, slug)
    nodes = read_nodes()
    check_nodes(nodes)
    check_engine(nodes, held.engine)
    check_driver(nodes, slug)
    check_images(nodes, slug)
    told = forecast(held, slug, nodes)
    if not told.missing:
        return Done(told.sentence, new=False)
    if not told.room:
        raise Refused("no_room", told.sentence, missing=told.missing, room=0)
    if told.short and not anyway:
        raise Refused("short", told.sentence, missing=told.missing, room=told.room, short=told.short)
    replaced = sum(close_warm(sandbox) for sandbox in _others(held, scenario))
    booked = _book(held, slug, scenario, told.missing, nodes)
    asked.note(lesson=slug, booked=booked, short=told.short, replaced=replaced)
    lines = [told.sentence] if told.short else []
    lines += [f"{replaced} that were made for another lesson go."] if replaced else []
    return Done(f"{booked} sandboxes are being made.", tuple(lines))


def _book(klass: Class, lesson: str, scenario: str, missing: int, nodes: Nodes) -> int:
    rooms = _rooms(klass, lesson, scenario, nodes)
    until, terms = min(klass.ends_at, timezone.now() + WAITS_AT_MOST), terms_of(klass)
    booked = 0
    while booked < missing and any(rooms.values()):
        node = max(rooms, key=lambda name: rooms[name])
        rooms[node] -= 1
        booked += 1
        book_sandbox(None, scenario=scenario, engine=klass.engine, node=node, terms=terms, expires_at=until)
    for node in rooms:
        begin_prepared(node)
    return booked


@transaction.atomic
def cancel_preparing(asked: Asked) -> Done:
    """Closes prepared sandboxes that nobody has claimed. A claimed sandbox stays with its learner."""
    hold_class(asked.klass)
    closed = close_prepared(asked.klass.pk)
    if not closed:
        return Done("Nothing is prepared.", new=False)
    asked.note(closed=closed)
    return Done(f"{closed} sandboxes that nobody had come for are being removed.")


def look_at_prepared(klass: Class) -> Prepared:
    """How far the sandboxes of this class are."""
    rows = list(prepared_for(klass.pk).filter(state__in=Sandbox.UNCLAIMED).values_list("state", "phase", "scenario"))
    lately = timezone.now() - AFTERWARDS
    failed = prepared_for(klass.pk).filter(state=Sandbox.State.FAILED, ended_at__gt=lately)
    taken = Sandbox.objects.filter(class_id=klass.pk, learner__isnull=False, state__in=Sandbox.USABLE, comparison=None)
    phases = Counter(phase or state for state, phase, _ in rows if state != Sandbox.State.WARM)
    return Prepared(
        scenario=rows[0][2] if rows else "",
        ready=sum(state == Sandbox.State.WARM for state, _, _ in rows),
        taken=taken.count(),
        failed=failed.count(),
        reason=failed.values_list("reason", flat=True).first() or "",
        phases=dict(phases),
    )
