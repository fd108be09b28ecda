"""What each action of the table does: its form is posted, and what it leaves is looked at, on the learner's page where that
shows it. Once, twice, by a second instructor, in a class that is over, and for a seat in which nobody sits.

An effect is the set of those for whom it is seen: learners by name, "me" for the instructor's own sandbox, "kept" for
sandboxes that nobody has. Each action has an effect of its own, so that a row with another's function fails.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from explorer.classroom.acts import states
from explorer.classroom.acts.table import ACTS
from explorer.classroom.models import AuditEntry, Class, Seat, StartingState
from explorer.lessons.load import load_lessons
from explorer.network.model import DockerNetwork, DockerState, Snapshot
from explorer.sandboxes import changes
from explorer.sandboxes.events import class_stream
from explorer.sandboxes.models import Learner, Node, Progress, Sandbox
from tests.people import make_seat, make_user
from tests.web.conftest import browser_of

STEPS = [step.id for step in load_lessons()["bridge"].steps]
ASKED = next(one.id for step in load_lessons()["bridge"].steps for one in step.predictions)
LEFT = timedelta(minutes=20)  # of every sandbox's time
PAUSED = timedelta(minutes=15)  # how long a class was paused that is to go on


@dataclass
class World:
    """Ana and Ben sit in the class and have sandboxes, and so has the instructor. A second one has the same rights."""

    klass: Class
    people: dict[str, Learner]
    seats: dict[str, Seat]
    teachers: Client
    seconds: Client
    began: datetime
    told: list[tuple[str, object]]

    def post(self, name: str, seat: str = "", by: Client | None = None, **fields: str) -> tuple[int, str]:
        """(status, the title of the answer's page); "" for one that leads on."""
        where = f"seats/{self.seats[seat].pk}/" if seat else ""
        answer = (by or self.teachers).post(f"/teach/{self.klass.pk}/{where}do/{name}/", fields)
        return answer.status_code, re.findall("<h2>(.*?)</h2>", answer.content.decode())[-1] if answer.content else ""

    def bar(self, name: str) -> str:
        return browser_of(self.people[name]).get("/class/bar/").content.decode()

    def whose(self, seen: Callable[[str], bool]) -> set[str]:
        return {name for name in self.people if seen(name)}

    def sandboxes(self, **having: object) -> set[str]:
        """Who has such a sandbox."""
        found = set(Sandbox.objects.filter(**having).values_list("learner", flat=True))
        return {name for name, learner in self.people.items() if learner.pk in found} | ({"kept"} if None in found else set())

    def audited(self, word: str) -> list[tuple[str, str]]:
        """(who, which seat or "") of the lines with this word."""
        names = {seat.pk: name for name, seat in self.seats.items()}
        return [(line.actor, names.get(line.seat, "")) for line in AuditEntry.objects.filter(action=word).order_by("pk")]


Seen = Callable[[World], set[str]]


@dataclass
class Effect:
    """`klass` and `seat` are for whom it is seen when it is done for the class, or for Ana; None where it cannot be."""

    seen: Seen
    fields: dict[str, str] = field(default_factory=dict)
    klass: set[str] | None = field(default_factory=lambda: {"Ana", "Ben"})
    seat: set[str] | None = field(default_factory=lambda: {"Ana"})
    before: Callable[[World], object] = lambda world: None
    tells: bool = True  # the pages of the class are told
    own: bool = False  # a second instructor's is another


def heard(words: str) -> Seen:
    return lambda world: world.whose(lambda name: words in world.bar(name))


def stands_at_second(world: World) -> set[str]:
    learners = set(Progress.objects.filter(lesson="bridge", step=STEPS[1]).values_list("learner", flat=True))
    return world.whose(lambda name: world.people[name].pk in learners and STEPS[1] in world.bar(name))


def cannot_type(world: World) -> set[str]:
    def refused(name: str) -> bool:
        answer = browser_of(world.people[name]).post("/learn/bridge/predict/", {"prediction": ASKED, "option": "x"})
        return answer.status_code == 409 and "paused" in answer.content.decode()

    return world.whose(refused)


def has_more(least: timedelta, most: timedelta) -> Seen:
    """Whose class is not paused and whose sandbox has so much longer than it had."""

    def seen(world: World) -> set[str]:
        if Class.objects.get().paused_at:
            return set()
        ends = world.began + LEFT
        return world.sandboxes(state="ready", expires_at__gt=ends + least, expires_at__lt=ends + most)

    return seen


def is_shut_out(world: World) -> set[str]:
    """Of the third step, and not of the second."""

    def reads(name: str, step: str) -> int:
        return browser_of(world.people[name]).get(f"/learn/bridge/?step={step}").status_code

    return world.whose(lambda name: (reads(name, STEPS[1]), reads(name, STEPS[2])) == (200, 409))


def may_go_on(world: World) -> set[str]:
    return set(world.seats) - is_shut_out(world)


def is_kept(world: World) -> set[str]:
    """Whose sandbox stands in the state that was kept."""
    of = {state.replay["of"] for state in StartingState.objects.filter(title="Broken")}
    return world.sandboxes(pk__in=of)


def is_given(world: World) -> set[str]:
    """Who has a fresh one with something typed into it, in the place of the old, and was told."""
    fresh = world.sandboxes(state="queued", replay__commands__0__command="docker network ls")
    return fresh & world.sandboxes(state="closing") & heard("fresh sandbox: Broken")(world)


def is_copied(world: World) -> set[str]:
    """Whose sandbox the instructor's newest is a copy of."""
    mine = Sandbox.objects.filter(learner=world.people["me"], state="queued")
    return world.sandboxes(pk__in=[sandbox.replay.get("of", "") for sandbox in mine])


def keep_one(world: World) -> None:
    replay = {"of": "", "commands": [{"place": "h1", "command": "docker network ls"}], "left_out": []}
    StartingState.objects.create(pk=7, klass=world.klass, title="Broken", scenario="one-host", replay=replay)


EFFECTS = {
    "say": Effect(heard("look here"), {"text": "look here"}),
    "command": Effect(heard('data-place="h2" data-command="docker ps"'), {"place": "h2", "command": "docker ps"}),
    "step": Effect(stands_at_second, {"step": f"bridge/{STEPS[1]}", "take": "1"}),
    "pause": Effect(cannot_type, seat=None),
    "resume": Effect(
        has_more(PAUSED, PAUSED + timedelta(minutes=1)),
        seat=None,
        before=lambda world: Class.objects.update(paused_at=timezone.now() - PAUSED),
    ),
    "extend": Effect(has_more(timedelta(minutes=39), timedelta(minutes=41)), tells=False),
    "reset": Effect(lambda world: world.sandboxes(state="resetting", generation=2), tells=False),
    "stop": Effect(lambda world: world.sandboxes(state="closing", replay={}), tells=False),
    "lock": Effect(is_shut_out, {"step": f"bridge/{STEPS[1]}"}, seat=None),
    "unlock": Effect(may_go_on, seat=None, before=lambda world: world.post("lock", step=f"bridge/{STEPS[1]}")),
    "reveal": Effect(heard("<meter"), {"prediction": f"bridge/{ASKED}"}, seat=None),
    "hide": Effect(
        lambda world: set(world.seats) - heard("<meter")(world),
        {"prediction": f"bridge/{ASKED}"},
        seat=None,
        before=lambda world: world.post("reveal", prediction=f"bridge/{ASKED}"),
    ),
    "prepare": Effect(
        lambda world: world.sandboxes(class_id=world.klass.pk, state="queued", learner=None),
        {"lesson": "bridge"},
        klass={"kept"},
        seat=None,
        tells=False,
    ),
    "unprepare": Effect(
        lambda world: {"kept"} - world.sandboxes(class_id=world.klass.pk, state="queued", learner=None),
        klass={"kept"},
        seat=None,
        tells=False,
        before=lambda world: world.post("prepare", lesson="bridge"),
    ),
    "keep": Effect(is_kept, {"title": "Broken"}, klass={"me"}, tells=False),
    "hand-out": Effect(is_given, {"state": "7"}, before=keep_one),
    "clone": Effect(is_copied, klass=None, tells=False, own=True),
}
CASES = [
    pytest.param(name, seat, id=f"{name}-{seat or 'class'}")
    for name, effect in EFFECTS.items()
    for seat in ("", "Ana")
    if (effect.seat if seat else effect.klass) is not None
]


@pytest.fixture
def world(monkeypatch, klass, teachers):
    told: list[tuple[str, object]] = []
    monkeypatch.setattr("explorer.sandboxes.changes.app.send_task", lambda *args, **kwargs: None)
    monkeypatch.setattr(changes, "publish", lambda stream, event: told.append((stream, event)))
    monkeypatch.setattr(changes, "order", lambda sandbox, given: True)
    monkeypatch.setattr(states, "read_snapshot", picture_of)
    began = timezone.now()
    node = Node.objects.create(name="node1", capacity=20, health={"engines": ["26"]})
    seats = {name: make_seat(klass, name) for name in ("Ana", "Ben")}
    people = {name: seat.learner for name, seat in seats.items()} | {"me": Learner.objects.create()}
    for learner in people.values():
        Sandbox.objects.create(
            learner=learner, node=node, lesson="bridge", state="ready", minutes=60,
            ready_at=began - timedelta(hours=1), expires_at=began + LEFT,
        )  # fmt: skip
    Class.objects.update(seats_expected=5)
    seconds = Client()
    seconds.force_login(make_user("second", "operator"))
    session = teachers.session
    session["learner"] = str(people["me"].pk)
    session.save()
    teachers.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
    return World(klass, people, seats, teachers, seconds, began, told)


def picture_of(sandbox: Sandbox | None) -> Snapshot | None:
    """What was seen of any sandbox: a network made by hand."""
    network = DockerNetwork(id="n", name="app", driver="bridge", subnets=("172.30.0.0/16",))
    state = DockerState(host="h1", networks=(network,))
    return Snapshot(sandbox=sandbox.pk, generation=1, docker={"h1": state}) if sandbox else None


def test_every_row_of_the_table_has_its_effect():
    assert {name: [act.whom.covers(None), act.whom.covers(Seat())] for name, act in ACTS.items()} == {
        name: [effect.klass is not None, effect.seat is not None] for name, effect in EFFECTS.items()
    }


@pytest.mark.parametrize(("name", "seat"), CASES)
def test_it_is_done_and_noted(world, name, seat, django_capture_on_commit_callbacks):
    effect, act = EFFECTS[name], ACTS[name]
    effect.before(world)
    assert effect.seen(world) == set()
    with django_capture_on_commit_callbacks(execute=True):
        assert world.post(name, seat, **effect.fields) in ((200, "Done"), (302, ""))
    assert effect.seen(world) == (effect.seat if seat else effect.klass)
    lines = world.audited(act.audit)
    assert {who for who, _ in lines} == {"teacher"}
    assert lines[0][1] in ((seat,) if seat else ("", "Ana"))
    told = [event.seat for stream, event in world.told if stream == class_stream(world.klass.pk)]
    assert told[-1:] == ([world.seats[seat].pk if seat else ""] if effect.tells else [])


@pytest.mark.parametrize(("name", "seat"), CASES)
def test_done_again_by_a_second_instructor_nothing_is_done_twice(world, name, seat):
    effect, act = EFFECTS[name], ACTS[name]
    effect.before(world)
    world.post(name, seat, **effect.fields)
    once, rows = world.audited(act.audit), list(Sandbox.objects.order_by("pk").values())
    if effect.own:
        assert world.post(name, seat, **effect.fields) == (302, "")
    else:
        assert world.post(name, seat, by=world.seconds, **effect.fields) in ((200, "Nothing to do"), (409, "Not done"))
    assert effect.seen(world) == (effect.seat if seat else effect.klass)
    assert (world.audited(act.audit), list(Sandbox.objects.order_by("pk").values())) == (once, rows)


@pytest.mark.parametrize(("name", "seat"), [case for case in CASES if case.id not in ("keep-class", "clone-Ana")])
def test_a_second_instructor_may_do_it_as_well(world, name, seat):
    """But for what is about their own sandbox: they have none."""
    effect = EFFECTS[name]
    effect.before(world)
    assert world.post(name, seat, by=world.seconds, **effect.fields) == (200, "Done")
    assert effect.seen(world) == (effect.seat if seat else effect.klass)
    assert {who for who, _ in world.audited(ACTS[name].audit)} == {"second"}


@pytest.mark.parametrize(("name", "seat"), CASES)
def test_in_a_class_that_is_over_nothing_is_done(world, name, seat):
    effect = EFFECTS[name]
    effect.before(world)
    Class.objects.update(state="ended")
    rows = list(Sandbox.objects.order_by("pk").values())
    assert world.post(name, seat, **effect.fields) == (409, "Not done")
    assert list(Sandbox.objects.order_by("pk").values()) == rows
    assert world.audited(ACTS[name].audit) == []


@pytest.mark.parametrize("gone", [{"removed_at": timezone.now()}, {"learner": None}], ids=["removed", "forgotten"])
@pytest.mark.parametrize("name", [name for name, effect in EFFECTS.items() if effect.seat is not None])
def test_where_nobody_sits_nothing_is_done(world, name, gone):
    effect = EFFECTS[name]
    effect.before(world)
    Seat.objects.filter(name="Ana").update(**gone)
    rows = list(Sandbox.objects.order_by("pk").values())
    assert world.post(name, "Ana", **effect.fields) == (409, "Not done")
    assert list(Sandbox.objects.order_by("pk").values()) == rows
    assert world.audited(ACTS[name].audit) == []
    assert not world.klass.words.exists()
