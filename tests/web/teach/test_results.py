"""The pages around what became of a class."""

import json

import pytest
from django.test import Client

from explorer.classroom.models import Class, Seat
from explorer.sandboxes.models import Progress
from tests.classroom.walk import learner_browser, user_browser
from tests.people import klass, make_seat, other_teacher, seat, teacher

__all__ = ["klass", "other_teacher", "seat", "teacher"]


@pytest.fixture
def teachers(teacher) -> Client:
    return user_browser(teacher)


@pytest.fixture
def learned(seat):
    Progress.objects.create(
        learner=seat.learner, lesson="bridge", predictions={"docker0": "card"}, outcomes={"docker0": "switch"}
    )


def test_the_page_has_every_learner_and_what_the_class_believed(teachers, klass, learned):
    page = teachers.get(f"/teach/{klass.pk}/results/").content.decode()
    for told in ("Ana", "0 right, 1 wrong", "Commonest misconception", "A second network card"):
        assert told in page


@pytest.mark.parametrize("seats", [0, 200])
def test_the_page_asks_as_much_for_nobody_as_for_two_hundred(teachers, klass, seats, django_assert_max_num_queries):
    for number in range(seats):
        Progress.objects.create(learner=make_seat(klass, f"n{number}").learner, lesson="bridge")
    teachers.get(f"/teach/{klass.pk}/results/")  # what every page asks now and then, such as which nodes are there, is asked
    with django_assert_max_num_queries(10):
        assert teachers.get(f"/teach/{klass.pk}/results/").status_code == 200


def test_names_are_names_and_not_markup(teachers, klass, learned, seat):
    Seat.objects.update(name="<img src=x onerror=alert(1)>")
    for page in (f"/teach/{klass.pk}/results/", f"/teach/{klass.pk}/seats/{seat.pk}/summary/"):
        assert "<img src=x" not in teachers.get(page).content.decode()


def test_files_are_named_harmlessly(teachers, klass, learned):
    Class.objects.update(title='x"; filename="evil.exe\r\nSet-Cookie: a=b')
    for kind in ("csv", "json"):
        answer = teachers.get(f"/teach/{klass.pk}/results/{kind}/")
        assert answer["Content-Disposition"] == f'attachment; filename="results-x-filename-evil-exe-set-cookie-a-b.{kind}"'


def test_the_files_are_what_they_say(teachers, klass, learned):
    table = teachers.get(f"/teach/{klass.pk}/results/csv/")
    assert table.content.startswith(b'\xef\xbb\xbf"seat","name"')
    assert json.loads(teachers.get(f"/teach/{klass.pk}/results/json/").content)["learners"][0]["name"] == "Ana"


def test_a_learners_summary_is_the_same_for_both(teachers, klass, seat, learned):
    mine = learner_browser(seat.learner).get("/class/summary/").content.decode()
    theirs = teachers.get(f"/teach/{klass.pk}/seats/{seat.pk}/summary/").content.decode()
    for told in ("Ana", "Networks", "proves no identity", "A second network card", "switch in the host"):
        assert told in mine
        assert told in theirs


def test_the_summary_outlives_the_class_but_not_a_removal(seat, klass):
    Class.objects.update(state="ended")
    browser = learner_browser(seat.learner)
    assert browser.get("/class/summary/").status_code == 200
    Seat.objects.update(removed_at="2026-01-01T00:00:00Z")
    assert browser.get("/class/summary/").status_code == 404


def test_forgetting_wants_the_title(teachers, klass, seat):
    refused = teachers.post(f"/teach/{klass.pk}/results/forget/", {"title": "networks?"})
    assert refused.status_code == 400
    assert "not the title" in refused.content.decode()
    klass.refresh_from_db()
    assert klass.forgotten_at is None
    teachers.post(f"/teach/{klass.pk}/results/forget/", {"title": "Networks "})
    klass.refresh_from_db()
    assert klass.forgotten_at
    page = teachers.get(f"/teach/{klass.pk}/results/").content.decode()
    assert "What stays are counts" in page
    assert "Ana" not in page


def test_forgetting_twice_is_no_error(teachers, klass, seat):
    for _ in range(2):
        assert teachers.post(f"/teach/{klass.pk}/results/forget/", {"title": "Networks"}).status_code == 302
