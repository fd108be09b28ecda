"""Every door that opens a sandbox, clicked twice at the same moment over HTTP: opened once, answered twice, no error."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from explorer.celery import app
from explorer.classroom.acts import states
from explorer.classroom.models import StartingState
from explorer.classroom.people.embed_pass import HEADER, begin_embed, write_pass
from explorer.network.model import Snapshot
from explorer.sandboxes import comparisons, opening
from explorer.sandboxes.models import Action, Comparison, Learner, Sandbox
from tests.at_once import at_once, meeting
from tests.web.conftest import browser_of

__all__ = ["at_once"]

pytestmark = pytest.mark.django_db(transaction=True)
LINK = "hosts=2&machines=outside&net=h1,front,bridge,subnet=172.30.0.0/24&run=h1,web,front,p=8080:80"
REPLAY = {"commands": [{"place": "h1", "command": "docker network create app"}], "left_out": [], "of": "abc"}
DOORS = {
    "lesson": ("/sandboxes/open/", {"lesson": "bridge"}),
    "playground": ("/playground/open/", {"hosts": "2", "machines": ["outside"]}),
    "link": ("/playground/open/", {"layout": LINK}),
}
every_door = pytest.mark.parametrize(("address", "form"), DOORS.values(), ids=DOORS)


@pytest.fixture(autouse=True)
def sent(redis, monkeypatch):
    """The names of the tasks that were asked for."""
    seen = []
    monkeypatch.setattr(app, "send_task", lambda name, *_, **__: seen.append(name.rsplit(".", 1)[1]))
    return seen


def usable():
    return list(Sandbox.objects.filter(state__in=Sandbox.USABLE))


def closings():
    return Action.objects.filter(kind="close").count()


@every_door
def test_opened_once(ada, node, at_once, monkeypatch, sent, address, form):
    with meeting(monkeypatch, opening, "check_engine"):
        answers = at_once(*[lambda: browser_of(ada).post(address, form)] * 2)
    assert {answer.status_code for answer in answers} == {302}
    assert {answer.url for answer in answers} == {"/learn/bridge/" if "lesson" in form else "/playground/"}
    assert [one.learner_id for one in at_once(usable)] == [ada.pk]
    assert sent.count("open_sandbox") == 1


def test_both_pages_show_the_same_sandbox(ada, node, at_once, monkeypatch, htmx):
    with meeting(monkeypatch, opening, "check_engine"):
        answers = at_once(*[lambda: browser_of(ada).post("/sandboxes/open/", {"lesson": "bridge"}, headers=htmx)] * 2)
    shown = f'data-sandbox="{at_once(usable)[0].pk}"'
    assert [(answer.status_code, shown in answer.content.decode()) for answer in answers] == [(200, True)] * 2


def test_opened_once_for_a_class(seat, node, at_once, monkeypatch):
    with meeting(monkeypatch, opening, "check_engine"):
        answers = at_once(*[lambda: browser_of(seat.learner).post("/sandboxes/open/", {"lesson": "bridge"})] * 2)
    assert {answer.status_code for answer in answers} == {302}
    assert [one.class_id for one in at_once(usable)] == [seat.klass_id]


@every_door
def test_replaced_once(sandbox, ada, at_once, monkeypatch, address, form):
    form = form | {"instead": sandbox.pk}
    with meeting(monkeypatch, opening, "check_engine"):
        answers = at_once(*[lambda: browser_of(ada).post(address, form)] * 2)
    assert {answer.status_code for answer in answers} == {302}
    assert len(at_once(usable)) == 1
    assert at_once(closings) == 1


def test_opened_once_for_an_embedded_page(node, at_once, monkeypatch, settings, htmx):
    settings.EMBED_SITES, settings.ORIGINS = ["https://docs.example.org"], ["http://testserver"]
    carried = {HEADER: write_pass(begin_embed("https://docs.example.org")), **htmx}
    with meeting(monkeypatch, opening, "check_engine"):
        answers = at_once(*[lambda: Client().post("/sandboxes/open/", {"lesson": "bridge"}, headers=carried)] * 2)
    assert {answer.status_code for answer in answers} == {200}
    assert at_once(lambda: Learner.objects.count()) == 1, "its pass names one learner, whoever makes the row"
    assert len(at_once(usable)) == 1


def test_a_lesson_and_a_layout_at_once_open_one_of_them_and_refuse_the_other(ada, node, at_once, monkeypatch):
    with meeting(monkeypatch, opening, "check_engine"):
        answers = at_once(
            lambda: browser_of(ada).post("/sandboxes/open/", {"lesson": "bridge"}),
            lambda: browser_of(ada).post("/playground/open/", {"layout": LINK}),
        )
    assert sorted(answer.status_code for answer in answers) == [302, 409]
    refused = next(answer for answer in answers if answer.status_code == 409).content.decode()
    assert at_once(usable)[0].pk in refused, "and says which one runs"
    assert at_once(closings) == 0


def test_a_comparison_is_started_once(ada, node, at_once, monkeypatch):
    with meeting(monkeypatch, comparisons, "check_queue"):
        answers = at_once(*[lambda: browser_of(ada).post("/compare/start/", {"columns": ["bridge", "host"]})] * 2)
    assert [answer.status_code for answer in answers] == [302, 302]
    assert len({answer.url for answer in answers}) == 1
    assert at_once(lambda: (Comparison.objects.count(), Sandbox.objects.count())) == (1, 2)


# --- what an instructor does ---------------------------------------------------------------------------------------


@pytest.fixture
def handed(klass):
    """A state of the class that can be handed out."""
    return StartingState.objects.create(klass=klass, title="Broken", scenario="one-host", lesson="bridge", replay=REPLAY)


def act(klass, what, seat=None):
    return f"/teach/{klass.pk}/seats/{seat.pk}/do/{what}/" if seat else f"/teach/{klass.pk}/do/{what}/"


def test_handed_out_once(teachers, klass, seat, handed, node, at_once):
    form = {"state": str(handed.pk)}
    one, other = at_once(*[lambda: teachers.post(act(klass, "hand-out"), form)] * 2)
    assert (one.status_code, other.status_code) == (200, 200)
    assert sum("nothing was done twice" in answer.content.decode() for answer in (one, other)) == 1
    assert [(sandbox.learner_id, sandbox.replay) for sandbox in at_once(usable)] == [(seat.learner_id, REPLAY)]


def test_handed_out_while_its_learner_opens_one_the_learner_has_the_copy(
    teachers, klass, seat, handed, node, at_once, monkeypatch
):
    with meeting(monkeypatch, opening, "check_engine"):
        answers = at_once(
            lambda: teachers.post(act(klass, "hand-out", seat), {"state": str(handed.pk)}),
            lambda: browser_of(seat.learner).post("/sandboxes/open/", {"lesson": "bridge"}),
        )
    assert [answer.status_code for answer in answers] == [200, 302]
    assert [one.replay for one in at_once(usable)] == [REPLAY]


def test_copied_once(teachers, klass, seat, node, at_once, monkeypatch, settings):
    now = timezone.now()
    theirs = Sandbox.objects.create(learner=seat.learner, node=node, state="ready", ready_at=now, expires_at=now)
    monkeypatch.setattr(states, "read_snapshot", lambda sandbox: sandbox and Snapshot(sandbox=sandbox.pk, generation=1))
    me = Learner.objects.create()
    session = teachers.session
    session["learner"] = str(me.pk)
    session.save()
    teachers.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
    answers = at_once(*[lambda: teachers.post(act(klass, "clone", seat))] * 2)
    assert {answer.status_code for answer in answers} == {302}
    assert {answer.url for answer in answers} == {"/playground/"}
    assert [one.learner_id for one in at_once(usable) if one.pk != theirs.pk] == [me.pk]
    assert at_once(closings) == 0
