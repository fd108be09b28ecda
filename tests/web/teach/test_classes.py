"""An instructor's pages around a class: login, the form, the code, the seats."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from explorer.classroom.models import AuditEntry, Class, Seat
from explorer.classroom.seat.joining import sign_code
from tests.people import PASSWORD, make_class, make_seat

pytestmark = pytest.mark.django_db


def form(**others):
    ends = (timezone.now() + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M")
    known = {"title": "Networks", "lessons": ["bridge"], "engine": "26", "seats_expected": 30, "sandbox_minutes": 60}
    return {**known, "extensions": 3, "ends_at": ends, **others}


# --- login ---


def log_in(browser, name="teacher", password=PASSWORD, **more):
    return browser.post("/teach/login/", {"username": name, "password": password, **more})


def test_a_login_leads_to_where_one_wanted_to_go(strangers, klass):
    asked = strangers.get(f"/teach/{klass.pk}/setup/")
    assert asked.url == f"/teach/login/?next=/teach/{klass.pk}/setup/"
    assert log_in(strangers, next=f"/teach/{klass.pk}/setup/").url == f"/teach/{klass.pk}/setup/"


def test_and_to_no_other_site(strangers, teacher):
    assert log_in(strangers, next="https://evil.example/").url == "/teach/"


def test_a_wrong_password_is_said(strangers, teacher):
    page = log_in(strangers, password="wrong")
    assert "correct username and password" in page.content.decode()


def test_a_user_without_a_role_is_not_let_in(strangers, nobody):
    assert "no part in teaching" in log_in(strangers, "nobody").content.decode()
    assert "_auth_user_id" not in strangers.session


def test_too_many_tries_are_not_looked_at(strangers, teacher, valkey):
    for _ in range(8):
        log_in(strangers, password="wrong")
    page = log_in(strangers)
    assert page.status_code == 429
    assert "Nothing was checked" in page.content.decode()
    assert "_auth_user_id" not in strangers.session


def test_another_name_from_there_is_not_locked(strangers, teacher, other_teacher, valkey):
    for _ in range(9):
        log_in(strangers, password="wrong")
    assert log_in(strangers, "other_teacher").status_code == 302


def test_logging_out_keeps_the_learner_of_the_browser(adas, ada, teacher):
    adas.force_login(teacher)
    session = adas.session
    session["learner"] = str(ada.pk)
    session.save()
    adas.post("/teach/logout/")
    assert adas.session["learner"] == str(ada.pk)
    assert "_auth_user_id" not in adas.session


def test_a_fragment_has_its_page_log_in(strangers, klass, htmx):
    here = {"HX-Current-URL": f"http://testserver/teach/{klass.pk}/setup/"}
    answer = strangers.get(f"/teach/{klass.pk}/setup/", headers=htmx | here)
    assert (answer.status_code, answer["HX-Redirect"]) == (204, f"/teach/login/?next=/teach/{klass.pk}/setup/")


# --- the class ---


def test_a_class_is_made(teachers, teacher):
    made = teachers.post("/teach/new/", form(title="Monday", watchable="on"))
    klass = Class.objects.get()
    assert made.url == f"/teach/{klass.pk}/setup/"
    assert (klass.title, klass.instructor, klass.watchable, klass.open) == ("Monday", teacher, True, True)


def test_lessons_are_ordered_by_the_numbers_beside_them(teachers):
    chosen = {"lessons": ["bridge", "host", "none"], "place-bridge": "3", "place-host": "x", "place-none": "1"}
    teachers.post("/teach/new/", form(**chosen))
    assert Class.objects.get().lessons == ["none", "bridge", "host"]


def test_the_end_is_in_the_zone_of_the_browser(teachers):
    tomorrow = (timezone.now() + timedelta(days=1)).strftime("%Y-%m-%d")
    teachers.post("/teach/new/", form(ends_at=f"{tomorrow}T12:00", zone="Asia/Kolkata"))
    assert Class.objects.get().ends_at.strftime("%Y-%m-%d %H:%M") == f"{tomorrow} 06:30"


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"seats_expected": 0}, "0 cannot be. A class has 1 to 200 seats."),
        ({"seats_expected": 500}, "500 cannot be. A class has 1 to 200 seats."),
        ({"seats_expected": "many"}, "Enter a whole number."),
        ({"sandbox_minutes": 4}, "4 cannot be."),
        ({"extensions": 101}, "101 cannot be."),
        ({"title": " "}, "Give the class a title"),
        ({"title": "x" * 121}, "at most 120 characters"),
        ({"lessons": []}, "Choose one lesson at least"),
        ({"lessons": ["no-such-lesson"]}, "Choose one lesson at least"),
        ({"engine": "99"}, "not one of the available choices"),
        ({"ends_at": "2001-01-01T10:00"}, "That is over already"),
        ({"ends_at": "9999-01-01T10:00"}, "180 days at most"),
        ({"ends_at": "soon"}, "That is no date and time"),
        ({"zone": "../../etc/passwd"}, "That is no date and time"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_made(teachers, wrong, sentence):
    page = teachers.post("/teach/new/", form(**wrong))
    assert page.status_code == 400
    assert sentence in page.content.decode()
    assert Class.objects.count() == 0


def test_a_mistake_loses_no_other_field(teachers):
    page = teachers.post("/teach/new/", form(title="Kept", lessons=["none"], seats_expected=500)).content.decode()
    assert 'value="Kept"' in page
    assert re.search(r'value="none" checked', page)


def test_a_class_is_changed(teachers, klass):
    assert teachers.post(f"/teach/{klass.pk}/setup/", form(title="Later", seats_expected=200)).status_code == 302
    klass.refresh_from_db()
    assert (klass.title, klass.seats_expected) == ("Later", 200)


def test_the_code_the_link_and_the_square_are_shown(teachers, klass):
    for address in ("setup/", "setup/show/"):
        page = teachers.get(f"/teach/{klass.pk}/{address}").content.decode()
        assert klass.spoken_code in page
        assert 'class="qr"' in page
    assert f"/join/{klass.code}/{sign_code(klass.code)}/" in teachers.get(f"/teach/{klass.pk}/setup/").content.decode()


def test_over_there_is_no_code(teachers, klass):
    teachers.post(f"/teach/{klass.pk}/setup/end/")
    for address in ("setup/", "setup/show/"):
        assert klass.spoken_code not in teachers.get(f"/teach/{klass.pk}/{address}").content.decode()


def test_a_new_code(teachers, klass):
    teachers.post(f"/teach/{klass.pk}/setup/code/")
    assert Class.objects.get().code != klass.code


def test_the_list_has_ones_own_and_an_operators_all(teachers, client, klass, operator, other_teacher):
    make_class(other_teacher, title="Somebody else's")
    assert "Somebody else" not in teachers.get("/teach/").content.decode()
    client.force_login(operator)
    page = client.get("/teach/").content.decode()
    assert "Somebody else" in page
    assert "by other_teacher" in page


# --- seats ---


def act(browser, seat, what, **fields):
    return browser.post(f"/teach/{seat.klass_id}/seats/{seat.pk}/{what}/", fields, follow=True).content.decode()


def test_a_seat_is_renamed(teachers, seat):
    assert "Ana is Anna now." in act(teachers, seat, "rename", name="Anna")
    assert Seat.objects.get().name == "Anna"


def test_a_bad_name_changes_nothing(teachers, seat):
    assert "Ana keeps that name." in act(teachers, seat, "rename", name=" ")


def test_a_seat_is_removed(teachers, seat):
    assert "Ana is out of the class." in act(teachers, seat, "remove")
    assert Seat.objects.get().removed_at


def test_a_lost_way_back_is_made_anew_and_works(teachers, strangers, seat):
    page = act(teachers, seat, "link")
    way = re.search(r"/class/back/[^\"/]+/", page)[0]
    assert strangers.post(way).url == "/class/"
    assert AuditEntry.objects.get().action == "renew way back"


def test_not_for_a_removed_one(teachers, seat):
    act(teachers, seat, "remove")
    assert "nothing leads back" in act(teachers, seat, "link")


def test_a_seat_of_another_class_is_not_found_in_ones_own(teachers, klass, other_teacher):
    theirs = make_seat(make_class(other_teacher), "Eve")
    for class_id in (klass.pk, theirs.klass_id):
        for what in ("rename", "remove", "link"):
            address = f"/teach/{class_id}/seats/{theirs.pk}/{what}/"
            assert teachers.post(address, {"name": "x"}).status_code == 404
    theirs.refresh_from_db()
    assert (theirs.name, theirs.removed_at) == ("Eve", None)
