"""What the pictures show: a class at work, a big one, one that is over; a comparison; lessons that were brought; nodes.

All of it are rows, made at once. They stand on a node that exists as a row only, so no real node touches them.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.utils import timezone

from explorer.classroom.models import Class, Seat, Word
from explorer.classroom.people.audit import note
from explorer.classroom.seat.joining import give_way_back, sign_code
from explorer.classroom.wall.lately import here_key
from explorer.network.comparison import Comparison as Measured
from explorer.network.engines import DEFAULT_ENGINE
from explorer.sandboxes import library, streams
from explorer.sandboxes.events import Happened
from explorer.sandboxes.models import Action, AuthoredLesson, Column, Comparison, Learner, Node, NodeSample, Progress, Sandbox
from tests.classroom.walk import learner_browser, user_browser
from tests.lessons.conftest import GOOD, TEXT
from tests.network.captured import CAPTURES
from tests.people import make_class, make_user

NAMES = (
    "Ana", "Ben", "Chiara", "Dimitri", "Elif", "Farid", "Grace", "Hiroshi", "Inés", "Jonas", "Kateryna",
    "Maximiliane Katharina von Hohenfels-Öhr", "Minh", "Nadia", "Olu", "Pavel",
)  # fmt: skip
COMMANDS = ("docker network ls", "docker run -d --name web -p 8080:80 box", "ip -br addr", "ping -c 1 172.17.0.2")
LACK = "No machine had a free place for five minutes. That is ours; please try again, your progress is kept."
FILES = {"lesson.toml": GOOD, "1.md": TEXT, "2.md": "And now?\n"}
GUESSES = {"docker0": ("switch", "card", "container"), "new-on-host": ("cable", "nothing", "bridge")}
TRUE = {"docker0": "switch", "new-on-host": "cable"}


@dataclass
class Scene:
    """`facts` are what addresses of pages name; `cookies` a browser's session, by who sits at it."""

    facts: dict[str, Any] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)


def ago(**past: float) -> Any:
    return timezone.now() - timedelta(**past)


def make_scene() -> Scene:
    """Fills the database and the Redis that the settings name."""
    scene = Scene()
    node = make_nodes()
    teacher, operator = make_user("marie", "instructor"), make_user("otto", "operator")
    klass = fill_class(node, teacher, "Networks on Tuesday", NAMES, "networks0000", watchable=True)
    crowd = fill_class(
        node, teacher, "Introduction to networks", [f"{name} {at}" for at in range(7) for name in NAMES][:100], "crowd0000000"
    )
    dense = fill_class(
        node, teacher, "Networks, second group", [f"{name} {at}" for at in range(3) for name in NAMES][:40], "dense0000000"
    )
    empty = make_class(
        teacher, pk="empty0000000", code="emptyaaa", title="Networks on Friday", lessons=["start-here", "bridge"]
    )
    over = fill_class(node, teacher, "Networks in spring", NAMES[:6], "over00000000", state="ended", ended_at=ago(days=2))
    speak(klass)
    one = klass.seats.get(name="Ben")
    comparison = compare(node, Learner.objects.create())
    lessons = bring_lessons(teacher)
    entries = [note(teacher, action, klass=klass) for action in ("make class", "prepare", "say", "pause", "resume")]
    failed = Sandbox.objects.filter(state="failed").first()
    action = Action.objects.create(sandbox=failed, kind="open", state="failed", reason=LACK, finished_at=timezone.now())
    removed = klass.seats.get(name="Pavel")
    removed.removed_at = timezone.now()
    removed.save()
    scene.facts = {
        "klass": klass.pk, "crowd": crowd.pk, "dense": dense.pk, "empty": empty.pk, "over": over.pk, "code": klass.code,
        "signature": sign_code(klass.code), "seat": one.pk, "removed": removed.pk, "token": give_way_back(one),
        "helped": klass.seats.get(name="Elif").pk, "live": klass.seats.get(name="Ana").pk,
        "comparison": comparison.pk, "sandbox": Sandbox.objects.filter(learner=one.learner).latest("created_at").pk,
        "failed": failed.pk, "action": action.pk, "entry": entries[0].pk, "account": teacher.pk, "learner": one.learner_id,
        "progress": Progress.objects.filter(learner=one.learner).first().pk, "node": node.pk, **lessons,
    }  # fmt: skip
    seated = {
        name: klass.seats.get(name=name).learner for name in ("Ana", "Ben", "Elif", "Chiara", "Dimitri", "Farid", "Pavel")
    }
    browsers = {name.lower(): learner_browser(learner) for name, learner in seated.items()}
    browsers |= {"comparer": learner_browser(comparison.learner), "over": learner_browser(over.seats.first().learner)}
    browsers |= {"teacher": user_browser(teacher), "operator": user_browser(operator)}
    scene.cookies = {who: browser.cookies[settings.SESSION_COOKIE_NAME].value for who, browser in browsers.items()}
    return scene


def make_nodes() -> Node:
    """One that is well for as long as the pictures take, with a day behind it; one that went away."""
    health = {"engines": [], "load": 0.7, "memory_mb": 16000, "memory_free_mb": 9400, "kernel": "6.12.48"}
    node = Node.objects.create(name="paper", seen_at=ago(hours=-3), capacity=60, health=health)
    Node.objects.create(name="shelf", seen_at=ago(minutes=7), capacity=20, draining=True, health={"engines": ["26"]})
    samples = [
        NodeSample(
            node=node, at=ago(minutes=10 * at), capacity=60, live=abs((at * 7) % 90 - 45) + 5, load=0.7, memory_free_mb=9400
        )
        for at in range(140)
        if not 50 < at < 58
    ]
    NodeSample.objects.bulk_create(samples)
    return node


def fill_class(node: Node, teacher: User, title: str, names: Any, pk: str, **fields: Any) -> Class:
    klass = make_class(
        teacher, pk=pk, code=pk[:8].translate(str.maketrans("0o1il", "zyxwv")), title=title, seats_expected=len(names) + 4,
        lessons=["bridge", "host"], revealed=["bridge/docker0"], **fields,
    )  # fmt: skip
    for at, name in enumerate(names):
        take_seat(klass, node, at, name)
    return klass


def take_seat(klass: Class, node: Node, at: int, name: str) -> Seat:
    """Each is another case: the sixteen names go through all of them."""
    learner = Learner.objects.create()
    seat = Seat.objects.create(
        pk=f"{klass.pk[:4]}{at:08}", klass=klass, learner=learner, name=name, recovery=f"{klass.pk}{at}", lesson="bridge",
        joined_at=ago(minutes=50), help_at=ago(minutes=3) if at % 9 == 4 else None,
        invited_at=ago(minutes=1) if at % 9 == 6 else None,
    )  # fmt: skip
    if at % 5 != 3:
        streams.redis().set(here_key(seat.pk), "1", ex=3 * 3600)
    learn(learner, at)
    if klass.open:
        open_sandbox(learner, node, at, f"{klass.pk[:4]}{at:06}sb")
    return seat


def learn(learner: Learner, at: int) -> None:
    if at % 8 == 7:
        return
    lesson = library.lessons()["bridge"]
    reached = at % (len(lesson.steps) + 1)
    passed = {step.id: [check.id for check in step.checks] for step in lesson.steps[:reached]}
    here = lesson.steps[min(reached, len(lesson.steps) - 1)]
    begun = timezone.now().timestamp() - 2400
    times: dict[str, dict[str, float]] = {
        step.id: {"begun": begun + 200 * number, "done": begun + 200 * number + 150}
        for number, step in enumerate(lesson.steps[:reached])
    }
    if reached < len(lesson.steps):
        passed[here.id] = [check.id for check in here.checks[: at % 2]]
        times[here.id] = {"begun": begun + 200 * reached}
    Progress.objects.create(
        learner=learner, lesson="bridge", step=here.id, passed=passed, times=times, moved_at=ago(minutes=at % 20),
        predictions={key: options[at % 3] for key, options in GUESSES.items()}, outcomes=TRUE,
        finished_at=ago(minutes=at) if reached == len(lesson.steps) else None,
    )  # fmt: skip


STATES: tuple[dict[str, Any], ...] = (
    {"state": "ready"},
    {"state": "ready"},
    {"state": "opening", "phase": "starting host"},
    {"state": "queued"},
    {"state": "ready"},
    {"state": "failed", "reason": LACK},
    {"state": "ready"},
    {},
    {"state": "expired"},
    {"state": "resetting", "phase": "building scenario"},
)


def open_sandbox(learner: Learner, node: Node, at: int, pk: str) -> None:
    wanted = STATES[at % len(STATES)]
    if not wanted or (at == 0 and pk.startswith("netw")):  # Ana has a real one
        return
    over = wanted["state"] in Sandbox.OVER
    Sandbox.objects.create(
        pk=pk, learner=learner, lesson="bridge", node=node, ready_at=ago(minutes=9), expires_at=ago(hours=-3),
        ended_at=ago(minutes=5) if over else None, usage={"memory_mb": 61, "cpu_percent": 2.5, "containers": 2}, **wanted,
    )  # fmt: skip
    if wanted["state"] == "ready":
        many = 14 if at % 9 == 1 else 2
        for number in range(many):
            said = Happened(
                source="command",
                place="h1",
                text=COMMANDS[(at + number) % len(COMMANDS)],
                at=ago(minutes=many - number).timestamp(),
            )
            streams.publish(streams.redis(), pk, said)


def speak(klass: Class) -> None:
    Word.objects.create(klass=klass, text="We look at the answers together at eleven.", at=ago(minutes=20))
    Word.objects.create(klass=klass, place="h1", command="docker network inspect bridge", at=ago(minutes=6))
    Word.objects.create(klass=klass, text="Have a look at the routes too.", at=ago(minutes=2))


def compare(node: Node, learner: Learner) -> Comparison:
    """One that is complete, as it was really measured."""
    told = Measured.model_validate_json(gzip.decompress((CAPTURES / "comparison" / "drivers.json.gz").read_bytes()))
    spec = {"columns": [column.variant.id for column in told.columns], "throughput": True}
    row = Comparison.objects.create(
        pk="compared0000", learner=learner, node=node, spec=spec, state="done", ended_at=timezone.now()
    )
    for at, column in enumerate(told.columns):
        Column.objects.create(
            comparison=row, position=at, key=column.variant.id, variant=column.variant.model_dump(mode="json"), state="done",
            cells=len(column.cells), result=column.model_dump_json(),
        )  # fmt: skip
    return row


def bring_lessons(teacher: User) -> dict[str, str]:
    """By how far each is: its slug."""
    faulty = {**FILES, "1.md": "Fine.\n\nSee <img src=x>.\n"}
    steps = [
        {"step": "one", "ok": True, "seconds": 6.1, "faults": []},
        {"step": "two", "ok": False, "seconds": 1.4, "faults": ["check `gone` was green before the step's commands"]},
    ]
    lines = ["h1 $ docker run -d --name web box", "h1/web $ ip addr", "h1 $ docker rm -f web"]
    report = {"ok": True, "seconds": 14.2, "engine": DEFAULT_ENGINE, "docker": "26.1.5", "steps": steps, "lines": lines}
    rows: dict[str, dict[str, Any]] = {
        "draft": {"title": "A first draft", "left_out": ["The intro script: what a sandbox begins with is its scenario."]},
        "faulty": {"title": "A lesson with a fault", "files": faulty},
        "unsolved": {"title": "Not solved", "report": {"error": "It was not over after 5 minutes. Make two lessons of it."}},
        "solved": {"title": "Publish a port", "state": "solved", "report": report, "solved_at": ago(hours=2)},
        "published": {
            "title": "Publish two ports", "state": "published", "report": report, "published_files": FILES,
            "solved_at": ago(days=2), "published_at": ago(days=1),
        },
    }  # fmt: skip
    for slug, fields in rows.items():
        AuthoredLesson.objects.create(slug=f"paper-{slug}", author=teacher, **{"files": FILES, **fields})
    return {f"lesson_{slug}": f"paper-{slug}" for slug in rows}
