"""What a click and a page ask of the database: who asks once, what nodes there are once, and no more than was measured.

The numbers were 26 for opening a sandbox and 11 for the lesson's page when every part read for itself.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from explorer.celery import app
from explorer.lessons.load import load_lessons
from explorer.sandboxes.models import Learner, Sandbox
from tests.web.conftest import browser_of

LINK = "hosts=2&machines=outside&net=h1,front,bridge,subnet=172.30.0.0/24&run=h1,web,front,p=8080:80"
STEPS = [step.id for step in load_lessons()["bridge"].steps]
ASKED = next((step, one) for step in load_lessons()["bridge"].steps for one in step.predictions)
ONCE = ("sandboxes_learner", "sandboxes_node")  # and the seat with its class comes with the learner


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch):
    monkeypatch.setattr(app, "send_task", lambda *_, **__: None)


class Browser(Client):
    """A browser that says whose it is."""

    def __init__(self, learner: Learner) -> None:
        super().__init__()
        self.learner, self.cookies = learner, browser_of(learner).cookies


@pytest.fixture(params=["alone", "in a class"])
def browser(request, redis, ada, seat, node):
    """One that has looked at the lesson before: what is noted once a visit, and read once a second, is not counted."""
    client = Browser(seat.learner if request.param == "in a class" else ada)
    client.get("/learn/bridge/")
    return client


@pytest.fixture
def theirs(browser, node):
    """Ready, and of whoever the browser is."""
    now = timezone.now()
    return Sandbox.objects.create(
        learner=browser.learner,
        lesson="bridge",
        state="ready",
        node=node,
        ready_at=now,
        expires_at=now + timedelta(hours=1),
    )


def asked(do, *, most, status=200):
    """Does it; each table of `ONCE` was read once, the class's on its own never, and all in all `most` questions were asked."""
    with CaptureQueriesContext(connection) as seen:
        answer = do()
    assert answer.status_code == status
    told = [query["sql"] for query in seen.captured_queries if "authoredlesson" not in query["sql"]]
    reads = Counter(table for sql in told for table in (*ONCE, "classroom_seat", "classroom_class") if f'FROM "{table}"' in sql)
    assert reads == Counter(ONCE), "\n".join(told)
    assert len(told) <= most, "\n".join(told)
    return answer


def test_opening_for_a_lesson(browser, htmx):
    asked(lambda: browser.post("/sandboxes/open/", {"lesson": "bridge"}, headers=htmx), most=11)


def test_opening_a_warm_one(browser, node, htmx):
    Sandbox.objects.create(node=node, state="warm", ready_at=timezone.now())
    asked(lambda: browser.post("/sandboxes/open/", {"lesson": "bridge"}, headers=htmx), most=11)
    assert Sandbox.objects.get().state == "ready"


def test_opening_one_that_runs(browser, theirs, htmx):
    asked(lambda: browser.post("/sandboxes/open/", {"lesson": "bridge"}, headers=htmx), most=3)


def test_another_in_its_place(browser, theirs, htmx):
    asked(lambda: browser.post("/sandboxes/open/", {"lesson": "bridge", "instead": theirs.pk}, headers=htmx), most=16)


def test_a_refusal(browser, theirs, htmx):
    Sandbox.objects.update(scenario="two-hosts")
    asked(lambda: browser.post("/sandboxes/open/", {"lesson": "bridge"}, headers=htmx), most=3, status=409)


def test_opening_a_plain_layout(browser):
    asked(lambda: browser.post("/playground/open/", {"hosts": "2", "machines": ["outside"]}), most=11, status=302)


def test_opening_a_layout_of_ones_own(browser):
    asked(lambda: browser.post("/playground/open/", {"layout": LINK}), most=9, status=302)


def test_a_layout_that_is_refused(browser, theirs):
    asked(lambda: browser.post("/playground/open/", {"layout": LINK}), most=4, status=409)


@pytest.mark.parametrize(("what", "most"), [("extend", 7), ("reset", 8), ("close", 9)])
def test_what_is_done_to_it(browser, theirs, htmx, what, most):
    asked(lambda: browser.post(f"/sandboxes/{theirs.pk}/{what}/", headers=htmx), most=most)


def test_moving_to_a_step(browser, htmx):
    browser.post(f"/learn/bridge/step/{STEPS[0]}/", headers=htmx)
    asked(lambda: browser.post(f"/learn/bridge/step/{STEPS[1]}/", headers=htmx), most=8)


def test_a_guess(browser, htmx):
    browser.post(f"/learn/bridge/step/{STEPS[0]}/", headers=htmx)
    form = {"prediction": ASKED[1].id, "option": ASKED[1].options[0].id}
    asked(lambda: browser.post("/learn/bridge/predict/", form, headers=htmx), most=8)


@pytest.mark.parametrize(
    ("address", "most"), [("/learn/bridge/", 5), ("/", 5), ("/playground/", 3), (f"/playground/?{LINK}", 3), ("/compare/", 3)]
)
def test_a_page(browser, address, most):
    asked(lambda: browser.get(address), most=most)


def test_the_lessons_page_with_a_sandbox_on_it(browser, theirs):
    asked(lambda: browser.get("/learn/bridge/"), most=5)


def test_the_part_of_the_page_that_shows_the_sandbox(browser, theirs, htmx):
    asked(lambda: browser.get(f"/sandboxes/{theirs.pk}/", headers=htmx), most=3)
