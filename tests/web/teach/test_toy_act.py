"""An action is one row and one function: a toy one, added from here, is found on the pages, done, noted and guarded."""

from __future__ import annotations

import re

import pytest
from django.db import transaction

from explorer.classroom.acts.act import Act, Asked, Done, Field, Kind, Part
from explorer.classroom.acts.once import hold_class
from explorer.classroom.acts.table import ACTS
from explorer.classroom.models import AuditEntry, Class, Seat
from tests.web.conftest import browser_of


@transaction.atomic
def paint(asked: Asked, *, colour: str, lesson: str) -> Done:
    """The title of the class, or the lesson of the seat, is the colour and the lesson from now on."""
    hold_class(asked.klass)
    rows = Seat.objects.filter(pk=asked.seat.pk) if asked.seat else Class.objects.filter(pk=asked.klass.pk)
    rows.update(**{"lesson" if asked.seat else "title": f"{colour} {lesson}"})
    asked.note(letters=len(colour))
    return Done(f"Painted {colour} for {asked.whom}.")


PAINT = Act(
    name="paint",
    label="Paint it",
    do=paint,
    audit="paint",
    part=Part("A toy", "toy"),
    fields=(Field("colour", "Colour for {whom}", most=10), Field("lesson", "On", Kind.LESSON)),
    confirm="Paint {whose} sandbox?",
)
RED = {"colour": "red", "lesson": "bridge"}


@pytest.fixture(autouse=True)
def _painted(monkeypatch):
    monkeypatch.setitem(ACTS, "paint", PAINT)


@pytest.fixture(params=["class", "seat"])
def where(request, klass, seat):
    """The page it is done on: the wall or a seat's."""
    return f"/teach/{klass.pk}/" if request.param == "class" else f"/teach/{klass.pk}/seats/{seat.pk}/"


def painted(klass, seat):
    klass.refresh_from_db(), seat.refresh_from_db()
    return [words for words in (klass.title, seat.lesson) if "red" in words]


def test_its_form_is_on_the_page_under_the_title_of_its_part(teachers, where):
    page = teachers.get(where).content.decode()
    form = re.search(r"<fieldset[^>]*>\s*<legend[^>]*>A toy</legend>.*?</fieldset>", page, re.S)[0]
    whom, whose = ("Ana", "this learner") if "seats" in where else ("everybody", "every learner")
    assert f'action="{where}do/paint/"' in form
    assert f"Colour for {whom}" in form
    assert f"Paint {whose}&#x27;s sandbox?" in form
    assert re.findall(r'<option value="(\w+)"', form) == ["bridge", "host"]
    assert "Paint it</button>" in form
    assert re.search(r"<summary[^>]*>.*toy</summary>", page, re.S)


def test_it_is_done_and_noted(teachers, teacher, klass, seat, where):
    answer = teachers.post(f"{where}do/paint/", RED).content.decode()
    assert f"Painted red for {'Ana' if 'seats' in where else 'everybody'}." in answer
    assert painted(klass, seat) == ["red bridge"]
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.klass, entry.detail) == ("paint", "teacher", klass.pk, {"letters": 3})
    assert entry.seat == (seat.pk if "seats" in where else "")


def test_its_line_is_in_the_audit_log_of_the_panel(teachers, where):
    teachers.post(f"{where}do/paint/", RED)
    assert "paint" in teachers.get("/admin/classroom/auditentry/").content.decode()


def test_too_much_for_its_field_is_refused(teachers, klass, seat, where):
    answer = teachers.post(f"{where}do/paint/", {**RED, "colour": "red" * 4})
    assert (answer.status_code, "12 characters; 10 is the most" in answer.content.decode()) == (409, True)
    assert painted(klass, seat) == []


def test_nobody_else_does_it(klass, seat, where, strangers, other_teacher, nobody):
    for browser in (strangers, browser_of(seat.learner), logged_in(other_teacher), logged_in(nobody)):
        assert browser.post(f"{where}do/paint/", RED).status_code in (302, 404)
    assert (painted(klass, seat), AuditEntry.objects.exists()) == ([], False)


def logged_in(user):
    browser = browser_of(None)
    browser.force_login(user)
    return browser


def test_a_class_that_is_over_is_not_painted(teachers, klass, seat, where):
    Class.objects.update(state="ended")
    assert teachers.post(f"{where}do/paint/", RED).status_code == 409
    assert painted(klass, seat) == []
