"""The forms of a class's actions: who may send them, what they answer with, with and without JavaScript."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from explorer.classroom.models import Class
from explorer.lessons.load import load_lessons
from explorer.sandboxes.models import Sandbox
from tests.people import make_class, make_seat, make_user
from tests.web.conftest import browser_of

ASKED = next(one for step in load_lessons()["bridge"].steps for one in step.predictions)
FIELDS = {
    "text": "hello",
    "place": "h1",
    "command": "docker ps",
    "step": f"bridge/{load_lessons()['bridge'].steps[1].id}",
    "prediction": f"bridge/{ASKED.id}",
    "lesson": "bridge",
    "anyway": "1",
    "state": "1",
    "title": "here",
}


def browser_for(name, group="instructor"):
    client = Client()
    client.force_login(make_user(name, group))
    return client


@pytest.fixture
def teachers(db):
    return browser_for("teacher")


@pytest.fixture
def klass(teachers):
    from django.contrib.auth.models import User

    return make_class(User.objects.get(username="teacher"), seats_expected=2)


@pytest.fixture
def seat(klass):
    return make_seat(klass)


@pytest.fixture
def others(db):
    return browser_for("other")


def address(klass, what, seat=None):
    return f"/teach/{klass.pk}/seats/{seat.pk}/do/{what}/" if seat else f"/teach/{klass.pk}/do/{what}/"


def test_the_answer_is_a_fragment_and_the_page_is_told(teachers, klass, seat, htmx):
    told = teachers.post(address(klass, "say"), FIELDS, headers=htmx)
    assert (told.status_code, told["HX-Trigger"]) == (200, "class-acted")
    assert "<html" not in told.content.decode()
    assert 'role="status"' in told.content.decode()
    refused = teachers.post(address(klass, "say"), {"text": ""}, headers=htmx)
    assert (refused.status_code, 'role="alert"' in refused.content.decode()) == (409, True)


@pytest.mark.parametrize("what", ["", "nosuch", "delete", "__class__"])
def test_an_action_that_is_none_is_not_there(teachers, klass, seat, what):
    assert teachers.post(address(klass, what or "x")).status_code == 404
    assert teachers.post(address(klass, what or "x", seat)).status_code == 404


def test_what_is_for_all_is_not_for_one(teachers, klass, seat):
    assert teachers.post(address(klass, "pause", seat)).status_code == 404
    assert teachers.post(address(klass, "clone")).status_code == 404


def test_reading_does_nothing(teachers, klass, seat):
    assert teachers.get(address(klass, "pause")).status_code == 405
    assert teachers.get(address(klass, "stop", seat)).status_code == 405


def test_the_button_of_the_pause_follows_in_the_same_answer(teachers, klass, htmx):
    told = teachers.post(address(klass, "pause"), headers=htmx).content.decode()
    assert 'id="act-pause"' in told
    assert "Resume" in told
    assert "already" in teachers.post(address(klass, "pause"), headers=htmx).content.decode()


def test_without_javascript_a_page_says_it_and_leads_back(teachers, klass, seat):
    page = teachers.post(address(klass, "say"), {"text": "<b>look</b>"}).content.decode()
    assert "Said to everybody." in page
    assert f'href="/teach/{klass.pk}/"' in page
    page = teachers.post(address(klass, "say", seat), {"text": ""}).content.decode()
    assert "Write something first." in page
    assert f'href="/teach/{klass.pk}/seats/{seat.pk}/"' in page


def test_what_an_instructor_says_is_text_on_the_learners_page(teachers, klass, seat):
    teachers.post(address(klass, "say"), {"text": "<script>x</script>"})
    teachers.post(address(klass, "command"), {"place": "h1", "command": 'echo "<b>"'})
    bar = browser_of(seat.learner).get("/class/bar/").content.decode()
    assert "&lt;script&gt;x&lt;/script&gt;" in bar
    assert 'data-place="h1" data-command="echo &quot;&lt;b&gt;&quot;"' in bar


def test_revealed_answers_are_on_the_learners_page_with_their_numbers(teachers, klass, seat):
    teachers.post(address(klass, "reveal"), FIELDS)
    bar = browser_of(seat.learner).get("/class/bar/").content.decode()
    assert bar.count("<meter") == len(ASKED.options)
    assert "Nobody of 1 has guessed yet." in bar


def test_where_room_is_short_the_answer_offers_to_go_on_anyway(teachers, klass, node, htmx):
    Class.objects.update(seats_expected=9)
    told = teachers.post(address(klass, "prepare"), {"lesson": "bridge"}, headers=htmx)
    assert told.status_code == 409
    assert "5 will have to wait" in told.content.decode()
    assert 'name="anyway" value="1"' in told.content.decode()
    teachers.post(address(klass, "prepare"), {"lesson": "bridge", "anyway": "1"}, headers=htmx)
    assert Sandbox.objects.filter(class_id=klass.pk).count() == 4


def test_progress_of_preparing_asks_again_while_it_goes_on(teachers, klass, node, htmx):
    teachers.post(address(klass, "prepare"), {"lesson": "bridge"})
    page = teachers.get(f"/teach/{klass.pk}/prepared/", headers=htmx).content.decode()
    assert "0 of 2 ready" in page
    assert "every 1s" in page
    Sandbox.objects.update(state="warm", phase="warm")
    page = teachers.get(f"/teach/{klass.pk}/prepared/", headers=htmx).content.decode()
    assert "2 of 2 ready" in page
    assert "every 1s" not in page


def test_answers_are_the_instructors_before_they_are_everybodys(teachers, klass, seat, others):
    where = f"/teach/{klass.pk}/answers/?prediction=bridge/{ASKED.id}"
    assert "Only you see this" in teachers.get(where).content.decode()
    teachers.post(address(klass, "reveal"), {"prediction": f"bridge/{ASKED.id}"})
    assert "Everybody sees this" in teachers.get(where).content.decode()
    assert "no such prediction" in teachers.get(f"/teach/{klass.pk}/answers/?prediction=x").content.decode()
    assert others.get(where).status_code == 404


def test_a_copy_that_cannot_be_made_says_why(teachers, klass, seat, htmx):
    told = teachers.post(address(klass, "clone", seat), headers=htmx)
    assert told.status_code == 409
    assert "no running sandbox" in told.content.decode()


def test_the_wall_and_the_seat_have_the_actions(teachers, klass, seat):
    assert 'aria-label="Do for everybody"' in teachers.get(f"/teach/{klass.pk}/").content.decode()
    assert "Copy for me" in teachers.get(f"/teach/{klass.pk}/seats/{seat.pk}/").content.decode()


def test_a_class_that_is_over_offers_nothing(teachers, klass, htmx):
    Class.objects.update(state="ended", ended_at=timezone.now())
    assert "Do for everybody" not in teachers.get(f"/teach/{klass.pk}/").content.decode()
    told = teachers.post(address(klass, "say"), {"text": "hello"}, headers=htmx)
    assert (told.status_code, "This class is over" in told.content.decode()) == (409, True)
