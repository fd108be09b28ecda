"""Walks every address as every person: the cast, what addresses are filled with, and who was answered what."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from explorer.classroom.models import StartingState
from explorer.classroom.people.audit import note
from explorer.classroom.seat.joining import give_way_back, sign_code
from explorer.network.comparison import Comparison as Measured
from explorer.network.model import Snapshot
from explorer.network.packets.captured import Frame
from explorer.sandboxes import streams
from explorer.sandboxes.events import (
    CaptureFacts,
    SnapshotTaken,
    TerminalFacts,
    capture_key,
    captures_key,
    terminals_key,
)
from explorer.sandboxes.heartbeat import relay_key
from explorer.sandboxes.models import Action, AuthoredLesson, Column, Comparison, Learner, Node, Progress, Sandbox
from tests.classroom.roles import PEOPLE, Answer, Answers
from tests.network.captured import CAPTURES
from tests.network.test_captured import PING
from tests.people import make_class, make_seat, make_user

METHODS = ("get", "post")


class Cast:
    """Everybody of `roles.PEOPLE`, and the things of `seated` that the addresses are about."""

    def __init__(self) -> None:
        later = timezone.now() + timedelta(hours=1)  # it is here, however slow the walk
        self.node = Node.objects.create(name="node1", seen_at=later, capacity=20, health={"engines": ["26", "28"]})
        self.users = {
            "nobody": make_user("nobody"),
            "teacher": make_user("teacher", "instructor"),
            "other_teacher": make_user("other_teacher", "instructor"),
            "operator": make_user("operator", "operator"),
        }
        self.klass = make_class(self.users["teacher"], watchable=True)
        self.other_class = make_class(self.users["other_teacher"])
        self.seat = make_seat(self.klass, "Ana")
        self.way_back = give_way_back(self.seat)
        removed = make_seat(self.klass, "Ruth")
        removed.removed_at = timezone.now()
        removed.save()
        self.learners: dict[str, Learner | None] = {
            "stranger": None,
            "learner": Learner.objects.create(),
            "classmate": make_seat(self.klass, "Ben").learner,
            "elsewhere": make_seat(self.other_class, "Eve").learner,
            "removed": removed.learner,
            "seated": self.seat.learner,
        }
        self.sandbox = self.open_sandbox(self.learners["seated"])
        self.open_sandbox(self.learners["learner"])
        self.comparison = self.compare(self.learners["seated"])
        self.progress = Progress.objects.create(learner=self.seat.learner, lesson="bridge")
        self.action = Action.objects.create(sandbox=self.sandbox, kind="open")
        self.lesson = AuthoredLesson.objects.create(slug="mine", author=self.users["teacher"])
        replay = {"of": self.sandbox.pk, "commands": [], "left_out": []}
        StartingState.objects.create(pk=7, klass=self.klass, title="Broken", scenario="one-host", replay=replay)
        self.entry = note(self.users["teacher"], "open class", klass=self.klass)

    def open_sandbox(self, learner: Learner | None) -> Sandbox:
        now = timezone.now()
        return Sandbox.objects.create(
            learner=learner, lesson="bridge", state="ready", node=self.node, ready_at=now, expires_at=now + timedelta(hours=1)
        )

    def compare(self, learner: Learner | None) -> Comparison:
        """One that is complete, as it was really measured."""
        told = Measured.model_validate_json(gzip.decompress((CAPTURES / "comparison" / "drivers.json.gz").read_bytes()))
        keys = [column.variant.id for column in told.columns]
        row = Comparison.objects.create(learner=learner, node=self.node, spec={"columns": keys}, state="done")
        for at, column in enumerate(told.columns):
            Column.objects.create(
                comparison=row,
                position=at,
                key=column.variant.id,
                variant=column.variant.model_dump(mode="json"),
                state="done",
                result=column.model_dump_json(),
            )
        return row

    def fill_redis(self, redis: Any) -> None:
        """A past, a capture of one frame and a terminal in the sandbox."""
        redis.flushall()
        redis.set(relay_key("node1"), "{}")  # its relay is here
        own = self.sandbox.pk
        streams.publish(redis, own, SnapshotTaken(snapshot=Snapshot(sandbox=own, generation=1)))
        facts = CaptureFacts(id="c1", place="h1", interface="eth0", running=False, kept=1)
        redis.hset(captures_key(own), "c1", facts.model_dump_json())
        redis.xadd(capture_key(own, "c1"), {"f": Frame(1, "in", len(PING), PING).pack()}, id="1-0")
        redis.hset(terminals_key(own), "t1", TerminalFacts(id="t1", place="h1").model_dump_json())


def fill(cast: Cast) -> dict[str, Any]:
    """What the parts of an address are filled with, by the part's name. Yours is not here? Add it."""
    return {
        "slug": "bridge",
        "step": "switch",
        "sandbox_id": cast.sandbox.pk,
        "before": 2,
        "capture_id": "c1",
        "number": 1,
        "comparison_id": cast.comparison.pk,
        "column": "bridge",
        "row": "address",
        "case_id": "shop",
        "class_id": cast.klass.pk,
        "seat_id": cast.seat.pk,
        "authored": cast.lesson.slug,
        "code": cast.klass.code,
        "signature": sign_code(cast.klass.code),
        "token": cast.way_back,
        "what": "say",
        # of websockets, with what follows them
        "sandbox": cast.sandbox.pk,
        "terminal": "t1",
        "capture": "c1",
        "comparison": cast.comparison.pk,
        "klass": cast.klass.pk,
        # of the admin
        "app_label": "sandboxes",
        "content_type_id": 1,
    }


def rows_of_admin(cast: Cast) -> dict[str, Any]:
    """One row of each table, something of `seated` or of `teacher`."""
    return {
        "auth_user": cast.users["teacher"].pk,
        "classroom_auditentry": cast.entry.pk,
        "classroom_class": cast.klass.pk,
        "classroom_seat": cast.seat.pk,
        "sandboxes_action": cast.action.pk,
        "sandboxes_authoredlesson": cast.lesson.pk,
        "sandboxes_comparison": cast.comparison.pk,
        "sandboxes_learner": cast.seat.learner_id,
        "sandboxes_node": cast.node.pk,
        "sandboxes_progress": cast.progress.pk,
        "sandboxes_sandbox": cast.sandbox.pk,
    }


def every_name() -> list[str]:
    """All URL names, `admin:…` among them. What has no name only redirects, or is not found."""
    return sorted(set(_names(get_resolver().url_patterns, "")))


def _names(patterns: list[URLPattern | URLResolver], space: str) -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from _names(pattern.url_patterns, inner)
        elif pattern.name:
            yield f"{space}{pattern.name}"


def address_of(name: str, cast: Cast) -> str | None:
    """None when `fill` does not know a part."""
    known = fill(cast)
    keys = get_resolver()
    space, _, bare = name.rpartition(":")
    known["object_id"] = known["id"] = rows_of_admin(cast).get(bare.rpartition("_")[0], 1)
    if space:
        keys = keys.namespace_dict[space][1]
    for possible, *_ in keys.reverse_dict.getlist(bare):
        for _, parts in possible:
            with contextlib.suppress(NoReverseMatch):
                return reverse(name, kwargs={part: known[part] for part in parts})
    return None


class Walk:
    """Sends the requests. Each is undone afterwards, so that none depends on another."""

    def __init__(self, cast: Cast, redis: Any) -> None:
        self.cast, self.redis = cast, redis
        cast.fill_redis(redis)
        self.browsers = {name: learner_browser(learner) for name, learner in cast.learners.items()}
        self.logins = {name: log_in(user) for name, user in cast.users.items()}  # their rows outlive one test
        self.browsers |= {name: browser_with(login) for name, login in self.logins.items()}

    def ask(self, person: str, method: str, address: str, fields: dict[str, Any]) -> Answer:
        browser = self.browsers[person]
        cookies = browser.cookies.output()
        for key in self.redis.scan_iter("throttle:*"):
            self.redis.delete(key)
        with transaction.atomic():
            response = getattr(browser, method)(address, fields)
            transaction.set_rollback(True)
        if browser.cookies.output() != cookies:
            self.browsers[person] = self.anew(person)
        return answer_of(response)

    def anew(self, person: str) -> Client:
        """A stranger who did something has become a learner: the next request is a stranger's again."""
        login = self.logins.get(person)
        return browser_with(login) if login else learner_browser(self.cast.learners[person])


def answer_of(response: HttpResponse) -> Answer:
    address = response.get("Location", "")
    return "login" if response.status_code == 302 and "/login/" in address else response.status_code


def learner_browser(learner: Learner | None) -> Client:
    client = Client(raise_request_exception=False)
    if learner:
        session = SessionStore()
        session["learner"] = str(learner.pk)
        session.save()
        client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
    return client


def log_in(user: User) -> str:
    """The cookie of a user's session."""
    client = Client()
    client.force_login(user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def user_browser(user: User) -> Client:
    return browser_with(log_in(user))


def browser_with(login: str) -> Client:
    client = Client(raise_request_exception=False)
    client.cookies[settings.SESSION_COOKIE_NAME] = login
    return client


async def knock(socket: Any) -> Answer:
    """What a websocket answers: "open", or the code it is closed with."""
    if not await socket.connect():
        return "refused"
    try:
        message = await socket.receive_output(timeout=0.4)
    except TimeoutError:  # nothing to say yet
        return "open"
    return int(message["code"]) if message["type"] == "websocket.close" else "open"


async def say(socket: Any, message: dict[str, Any], told: Callable[[], bool]) -> Answer:
    """What became of one message: "ordered" once `told`, "ticket_given", else the code of the refusal, or of the
    socket that was closed.
    """
    await socket.connect()
    for _ in range(100):  # until it has something to say: what is acknowledged has to have been sent
        if not socket.output_queue.empty():
            break
        await asyncio.sleep(0.02)
    await socket.send_to(json.dumps(message))
    for _ in range(200):
        while not socket.output_queue.empty():
            answer = socket.output_queue.get_nowait()
            if answer["type"] == "websocket.close":
                return int(answer["code"])
            if '"refused"' in answer.get("text", ""):
                return str(json.loads(answer["text"])["code"])
            if '"ticket_given"' in answer.get("text", "") or '"capture_ticket_given"' in answer.get("text", ""):
                return "ticket_given"
        if await asyncio.to_thread(told):
            return "ordered"
        await asyncio.sleep(0.02)
    return "nothing"


def differences(told: Answers, expected: Answers) -> str:
    return ", ".join(f"{who} got {told[who]} and not {expected[who]}" for who in PEOPLE if told[who] != expected[who])


def show(name: str, told: Answers) -> None:
    """One line of the table; pytest swallows it unless it is asked not to (-s)."""
    sys.stdout.write(f"{name:44}" + "".join(f"{told[person]!s:>14}" for person in PEOPLE) + "\n")
