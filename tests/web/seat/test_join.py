"""Joining a class in a browser: by code, by link, twice, too late, too often."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from explorer.classroom.models import Class, Seat
from explorer.classroom.seat.joining import sign_code
from explorer.sandboxes.models import Learner
from tests.attacks import attack
from tests.people import make_class
from tests.web.conftest import browser_of

pytestmark = pytest.mark.django_db


def by_link(klass):
    return reverse("join-link", args=[klass.code, sign_code(klass.code)])


def join(browser, klass, name="Ana"):
    return browser.post("/join/", {"code": klass.code, "name": name}, follow=True)


def learner_in(browser):
    return browser.session.get("learner")


def test_the_code_as_it_is_read_aloud_leads_into_the_class(strangers, klass):
    page = strangers.post("/join/", {"code": f" {klass.spoken_code} ", "name": "Ana"}, follow=True)
    assert page.redirect_chain == [("/class/", 302)]
    assert "Networks" in page.content.decode()
    assert Seat.objects.get().name == "Ana"


def test_the_link_needs_a_name_only(strangers, klass):
    assert "Networks" in strangers.get(by_link(klass)).content.decode()
    assert strangers.post(by_link(klass), {"name": "Ana"}, follow=True).redirect_chain == [("/class/", 302)]


def test_the_address_with_the_code_alone_works_too(strangers, klass):
    assert strangers.post(f"/join/{klass.spoken_code}/", {"name": "Ana"}).status_code == 302


def test_looking_makes_nobody_a_learner(strangers, klass):
    strangers.get("/join/")
    strangers.get(by_link(klass))
    assert Learner.objects.count() == 0


def test_a_wrong_code_is_said_and_stays_in_the_field(strangers, klass):
    page = strangers.post("/join/", {"code": "abcd-efgh", "name": "Ana"})
    assert page.status_code == 404
    assert "There is no class with that code" in page.content.decode()
    assert 'value="abcd-efgh"' in page.content.decode()


def test_what_cannot_be_a_code_is_told_apart(strangers, db):
    assert "cannot be a code" in strangers.post("/join/", {"code": "0000-0000", "name": "Ana"}).content.decode()
    assert "Type the code" in strangers.post("/join/", {"name": "Ana"}).content.decode()


@pytest.mark.parametrize("change", [{"state": Class.State.ENDED}, {"ends_at": timezone.now() - timedelta(minutes=1)}])
def test_a_class_that_is_over_cannot_be_joined(strangers, klass, change):
    Class.objects.update(**change)
    for page in (strangers.post("/join/", {"code": klass.code, "name": "Ana"}), strangers.get(by_link(klass))):
        assert page.status_code == 410
        assert "is over" in page.content.decode()
    assert Seat.objects.count() == 0


def test_a_full_class_says_so(strangers, klass, seat):
    Class.objects.update(seats_expected=1)
    page = strangers.post(by_link(klass), {"name": "Ben"})
    assert page.status_code == 409
    assert "All 1 seats" in page.content.decode()


def test_a_name_that_cannot_be_keeps_the_code(strangers, klass):
    page = strangers.post("/join/", {"code": klass.code, "name": "\u200b"})
    assert page.status_code == 400
    assert f'value="{klass.code}"' in page.content.decode()


def test_the_second_ana_is_told_who_she_is(strangers, klass, seat):
    assert "so you are Ana 2" in join(strangers, klass).content.decode()


@attack("markup in a learner's name", origin="output", expected="harmless", held_by="templates escape")
def test_markup_in_a_name_is_text(strangers, teachers, klass):
    page = join(strangers, klass, "<img src=x onerror=alert(1)>")
    assert "<img" not in page.content.decode()
    for address in ("/class/bar/", "/learn/bridge/", "/"):
        assert "<img src=x" not in strangers.get(address).content.decode()
    setup = teachers.get(f"/teach/{klass.pk}/setup/").content.decode()
    assert "&lt;img src=x onerror=alert(1)&gt;" in setup
    assert "<img src=x" not in setup


def test_joining_again_in_the_same_browser_is_the_same_seat(strangers, klass):
    join(strangers, klass)
    join(strangers, klass, "Another name")
    assert Seat.objects.get().name == "Ana"


def test_a_second_class_leaves_the_first_and_says_so(strangers, klass, teacher):
    other = make_class(teacher, title="Routing")
    join(strangers, klass)
    assert "You sit in “Networks”" in strangers.get(by_link(other)).content.decode()
    page = join(strangers, other)
    assert "You left “Networks”" in page.content.decode()
    assert Seat.objects.count() == 2


def test_the_learner_from_before_comes_back_on_leaving(klass, ada):
    browser = browser_of(ada)
    join(browser, klass)
    assert learner_in(browser) == str(Seat.objects.get().learner_id)
    assert browser.post("/class/leave/").status_code == 302
    assert learner_in(browser) == str(ada.pk)


def test_through_two_classes_too(klass, teacher, ada):
    browser = browser_of(ada)
    join(browser, klass)
    join(browser, make_class(teacher))
    browser.post("/class/leave/")
    assert learner_in(browser) == str(ada.pk)


def test_a_stranger_who_leaves_is_a_stranger_again(strangers, klass):
    join(strangers, klass)
    strangers.post("/class/leave/")
    assert learner_in(strangers) is None


def test_who_is_in_no_class_cannot_leave_themselves(adas, ada):
    adas.post("/class/leave/")
    assert learner_in(adas) == str(ada.pk)


# --- guessing ---


@pytest.fixture
def guessing(strangers, valkey):
    """A stranger who has typed five wrong codes."""
    for number in range(5):
        strangers.post("/join/", {"code": f"abcdefg{number + 2}", "name": "Eve"})
    return strangers


@attack("brute force of join codes", origin="page", expected="contained", held_by="locks by browser, then by address")
def test_who_guesses_is_told_until_when_and_how_else(guessing, klass):
    page = guessing.post("/join/", {"code": klass.code, "name": "Eve"})
    assert page.status_code == 429
    text = page.content.decode()
    assert "Codes can be typed again in" in text
    assert "link and its QR code work all the time" in text
    assert Seat.objects.count() == 0


def test_guessing_in_the_address_is_the_same(guessing, klass):
    assert guessing.get(f"/join/{klass.code}/").status_code == 429


def test_the_link_is_never_locked(guessing, klass):
    assert guessing.post(by_link(klass), {"name": "Eve"}).status_code == 302


@attack("a forged link into a class", origin="page", expected="refused", held_by="signed links")
def test_a_forged_link_is_a_guess(guessing, klass):
    assert guessing.get(reverse("join-link", args=[klass.code, "A" * 16])).status_code == 429


def test_forty_at_one_address_are_not_locked_by_their_neighbour(guessing, klass):
    Class.objects.update(seats_expected=40)
    for number in range(40):
        assert join(browser_of(None), klass, f"Learner {number}").redirect_chain == [("/class/", 302)]


def test_slips_are_no_guesses(strangers, klass, valkey):
    for _ in range(30):
        strangers.post("/join/", {"code": "abc", "name": "Ana"})
    assert join(strangers, klass).redirect_chain
