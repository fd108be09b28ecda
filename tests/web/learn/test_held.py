"""What a paused class and a locked step refuse over HTTP, and that nothing is different afterwards."""

from __future__ import annotations

import pytest
from django.utils import timezone

from explorer.classroom.models import Class
from explorer.lessons.load import load_lessons
from explorer.sandboxes.models import Progress, Sandbox
from tests.people import make_class, make_seat, make_user
from tests.web.conftest import browser_of

STEPS = [step.id for step in load_lessons()["bridge"].steps]
ASKED = next((step, one) for step in load_lessons()["bridge"].steps for one in step.predictions)


@pytest.fixture
def seat(db):
    return make_seat(make_class(make_user("teacher", "instructor")))


@pytest.fixture
def seated(seat):
    return browser_of(seat.learner)


@pytest.fixture
def own(seat, node):
    return Sandbox.objects.create(learner=seat.learner, lesson="bridge", state="ready", node=node, expires_at=timezone.now())


@pytest.fixture
def paused(seat):
    Class.objects.update(paused_at=timezone.now())


@pytest.fixture
def locked(seat):
    Class.objects.update(open_until={"lesson": "bridge", "step": STEPS[1]})


@pytest.mark.parametrize("what", ["extend", "reset", "close"])
def test_a_paused_class_changes_no_sandbox(seated, own, paused, what, htmx):
    told = seated.post(f"/sandboxes/{own.pk}/{what}/", headers=htmx)
    assert told.status_code == 409
    assert "paused the class" in told.content.decode()
    assert told["HX-Reswap"] == "none"
    own.refresh_from_db()
    assert (own.state, own.generation, own.extensions) == ("ready", 1, 0)


@pytest.mark.parametrize(
    ("address", "fields"),
    [
        ("/sandboxes/open/", {"lesson": "bridge"}),
        ("/playground/open/", {"hosts": 1, "machines": "outside"}),
        (f"/learn/bridge/step/{STEPS[1]}/", {}),
        ("/learn/bridge/predict/", {"prediction": ASKED[1].id, "option": ASKED[1].options[0].id}),
    ],
)
def test_a_paused_class_opens_moves_and_guesses_nothing(seated, seat, node, paused, address, fields):
    told = seated.post(address, fields)
    assert told.status_code == 409
    assert "paused the class" in told.content.decode()
    assert not Sandbox.objects.exists()
    assert not Progress.objects.filter(learner=seat.learner).exclude(step="").exists()


def test_a_paused_class_may_still_read(seated, paused):
    assert seated.get("/learn/bridge/").status_code == 200


def test_who_sits_elsewhere_goes_on(paused, ada, adas):
    assert adas.post(f"/learn/bridge/step/{STEPS[1]}/").status_code == 302


def test_a_locked_step_is_neither_shown_nor_moved_to(seated, seat, locked):
    assert seated.get(f"/learn/bridge/?step={STEPS[2]}").status_code == 409
    assert seated.post(f"/learn/bridge/step/{STEPS[2]}/").status_code == 409
    assert not Progress.objects.exclude(step="").exists()
    assert seated.get(f"/learn/bridge/?step={STEPS[1]}").status_code == 200


def test_the_outline_shows_what_is_locked_and_links_nothing_there(seated, locked):
    page = seated.get(f"/learn/bridge/?step={STEPS[1]}").content.decode()
    assert page.count("not open yet: ") == len(STEPS) - 2
    assert f"?step={STEPS[2]}" not in page
    assert f"?step={STEPS[0]}" in page


def test_a_later_lesson_is_locked_whole(seated, node, locked):
    assert seated.get("/learn/host/").status_code == 409
    assert seated.post("/sandboxes/open/", {"lesson": "host"}).status_code == 409
    assert not Sandbox.objects.exists()


def test_a_prediction_of_a_locked_step_is_not_taken(seated, locked):
    step, asked = next((one, two) for one in load_lessons()["bridge"].steps[2:] for two in one.predictions)
    assert seated.post("/learn/bridge/predict/", {"prediction": asked.id, "option": asked.options[0].id}).status_code == 409
    assert seated.get(f"/learn/bridge/?prediction={asked.id}").status_code == 409
    assert step.id in STEPS[2:]


def test_nobody_outside_the_class_is_locked(locked, adas):
    assert adas.get(f"/learn/bridge/?step={STEPS[2]}").status_code == 200


def test_a_learner_opens_under_the_terms_of_their_class(seated, seat, node):
    Class.objects.update(sandbox_minutes=25, extensions=1)
    seated.post("/sandboxes/open/", {"lesson": "bridge"})
    opened = Sandbox.objects.get()
    assert (opened.class_id, opened.minutes, opened.extensions_most) == (seat.klass_id, 25, 1)
