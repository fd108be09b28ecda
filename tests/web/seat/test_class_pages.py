"""A learner's pages in a class: home, bar, help, the way back, removed, over."""

import pytest
from django.urls import reverse
from django.utils import timezone

from explorer.celery import app
from explorer.classroom.models import Class, Seat
from explorer.classroom.seat.joining import give_way_back
from explorer.classroom.wall.watching import watched_key
from explorer.sandboxes.models import Progress, Sandbox
from tests.people import make_seat
from tests.web.conftest import browser_of

pytestmark = pytest.mark.django_db


def text(browser, address):
    return browser.get(address).content.decode()


def back(seat):
    return reverse("class-back", args=[give_way_back(seat)])


def test_lessons_in_the_order_of_the_class_with_progress(seats, seat):
    Class.objects.update(lessons=["none", "bridge", "not-any-more"])
    Progress.objects.create(learner=seat.learner, lesson="bridge", finished_at=timezone.now())
    page = text(seats, "/class/")
    assert 0 < page.index("/learn/none/") < page.index("/learn/bridge/")
    assert page.count("</svg> Done") == 1


def test_who_sits_nowhere_is_asked_to_join(strangers, adas):
    for browser in (strangers, adas):
        assert browser.get("/class/").url == "/join/"
        assert "in no class" in text(browser, "/class/bar/")


def test_the_way_back_is_shown_once(strangers, klass):
    strangers.post("/join/", {"code": klass.code, "name": "Ana"})
    first = text(strangers, "/class/")
    assert "/class/back/" in first
    assert 'class="qr"' in first
    assert "/class/back/" not in text(strangers, "/class/")


def test_who_sits_there_may_have_a_new_one(seats, seat):
    old = back(seat)
    assert "/class/back/" in seats.post("/class/link/", follow=True).content.decode()
    assert seats.get(old).status_code == 404


def test_every_page_of_theirs_has_the_bar(seats):
    for address in ("/class/", "/learn/bridge/", "/playground/?hosts=1"):
        if "class-bar" not in text(seats, address):
            assert address.startswith("/playground/")  # the choice has none; the sandbox has
    assert "Class" in text(seats, "/")


def test_alone_there_is_none(adas):
    assert "class-seat" not in text(adas, "/learn/bridge/")


def test_help_is_asked_for_and_taken_back(seats, htmx):
    page = seats.post("/class/help/", {"on": "1"}, headers=htmx).content.decode()
    assert "Help is asked for" in page
    assert Seat.objects.get().help_at
    assert "I need help" in seats.post("/class/help/", {"on": "0"}, headers=htmx).content.decode()
    assert Seat.objects.get().help_at is None


def test_without_javascript_a_click_leads_back_to_the_class(seats):
    assert seats.post("/class/invite/", {"on": "1"}).url == "/class/"
    assert Seat.objects.get().invited_at


def test_paused_and_open_as_far_as_a_step(seats):
    Class.objects.update(paused_at=timezone.now(), open_until={"lesson": "bridge", "step": "switch"})
    page = text(seats, "/class/bar/")
    assert "Paused" in page
    assert "Open as far as" in page


def test_the_learner_sees_that_somebody_watches(seats, seat, redis):
    assert "sees your terminals" not in text(seats, "/class/bar/")
    redis.zadd(watched_key(seat.pk), {"socket": timezone.now().timestamp() + 20})
    assert "sees your terminals" in text(seats, "/class/bar/")


def test_the_lesson_they_look_at_is_known(seats):
    seats.get("/learn/none/")
    assert Seat.objects.get().lesson == "none"


def test_their_sandbox_has_the_engine_of_the_class(seats, seat, node, monkeypatch):
    monkeypatch.setattr(app, "send_task", lambda *_, **__: None)
    node.health = {"engines": ["26", "28"]}
    node.save()
    Class.objects.update(engine="28")
    assert "<select" not in text(seats, "/learn/bridge/")
    seats.post("/sandboxes/open/", {"lesson": "bridge", "engine": "26"})
    assert Sandbox.objects.get().engine == "28"


# --- the way back ---


def test_looking_at_the_link_changes_nothing(strangers, seat):
    assert "Are you Ana?" in text(strangers, back(seat))
    assert "learner" not in strangers.session


def test_its_button_takes_the_seat(strangers, seat):
    page = strangers.post(back(seat), follow=True)
    assert page.redirect_chain == [("/class/", 302)]
    assert strangers.session["learner"] == str(seat.learner_id)


def test_a_learner_who_came_by_it_gets_themselves_back_on_leaving(adas, ada, seat):
    adas.post(back(seat))
    adas.post("/class/leave/")
    assert adas.session["learner"] == str(ada.pk)


def test_a_link_that_leads_nowhere(strangers, db):
    page = strangers.get("/class/back/nothing/")
    assert page.status_code == 404
    assert "leads nowhere" in page.content.decode()


def test_a_removed_seat_has_no_way_back(strangers, seat):
    way = back(seat)
    Seat.objects.update(removed_at=timezone.now())
    for page in (strangers.get(way), strangers.post(way)):
        assert page.status_code == 410
        assert "This seat was removed" in page.content.decode()
    assert "learner" not in strangers.session


def test_after_the_class_what_was_done_can_be_read(strangers, seat):
    Class.objects.update(state=Class.State.ENDED)
    way = back(seat)
    assert "The class is over" in text(strangers, way)
    page = strangers.post(way, follow=True).content.decode()
    assert "is over" in page
    assert "I need help" not in page


# --- removed ---


def test_who_was_removed_is_told_on_every_page(seats, seat, klass):
    Seat.objects.update(removed_at=timezone.now())
    for address in ("/class/", "/class/bar/", "/learn/bridge/"):
        assert "took you out" in text(seats, address)
    assert seats.post("/join/", {"code": klass.code, "name": "Ana"}).status_code == 403


def test_who_was_removed_asks_nothing_of_the_class(seats):
    Seat.objects.update(removed_at=timezone.now())
    seats.post("/class/help/", {"on": "1"})
    seats.post("/class/link/")
    assert Seat.objects.get().help_at is None
    assert "way_back" not in seats.session


def test_a_classmate_is_somebody_else(seat, klass):
    other = browser_of(make_seat(klass, "Ben").learner)
    other.post("/class/help/", {"on": "1"})
    assert Seat.objects.get(name="Ana").help_at is None
    assert "Ana" not in text(other, "/class/")
