"""A user's session ends on the server; a learner's lasts in its cookie."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends import signed_cookies
from django.test import Client
from django.utils import timezone

from explorer.classroom.models import Login
from explorer.classroom.panel import accounts
from explorer.classroom.people import sessions
from explorer.classroom.people.access import SESSION_KEY as LEARNER
from explorer.classroom.people.sessions import SessionStore
from explorer.classroom.people.who import make_person
from explorer.sandboxes.models import Learner
from tests.attacks import attack

pytestmark = pytest.mark.django_db
COOKIE = settings.SESSION_COOKIE_NAME


@pytest.fixture
def browser(teacher) -> Client:
    client = Client()
    client.force_login(teacher)
    return client


def copy_of(browser: Client) -> Client:
    """Another browser with the same cookie: somebody kept a copy."""
    other = Client()
    other.cookies[COOKIE] = browser.cookies[COOKIE].value
    return other


def is_in(browser: Client) -> bool:
    return browser.get("/teach/").status_code == 200


@attack("cookie kept and sent again after a logout", origin="page", expected="refused", held_by="sessions on the server")
def test_a_copy_of_the_cookie_ends_with_the_logout(browser):
    copy = copy_of(browser)
    assert is_in(copy)
    browser.post("/teach/logout/")
    assert not is_in(copy)
    assert not Login.objects.exists()


def test_the_panels_logout_ends_it_too(browser):
    copy = copy_of(browser)
    browser.post("/admin/logout/")
    assert not is_in(copy)


def test_one_logout_leaves_the_users_other_browsers(browser, teacher):
    other = Client()
    other.force_login(teacher)
    browser.post("/teach/logout/")
    assert is_in(other)


def test_a_closed_account_and_another_password_end_all(browser, teacher, operator):
    accounts.close(operator, teacher)
    accounts.reopen(operator, teacher)
    assert not is_in(browser), "also after it was opened again"
    browser.force_login(teacher)
    make_person(teacher.username, "a long walk to the harbour", "instructor", renew=True)
    assert not is_in(browser)
    assert not Login.objects.filter(user=teacher).exists()


def test_a_login_is_not_for_ever(browser):
    Login.objects.update(began_at=timezone.now() - sessions.LOGIN_LASTS - timedelta(minutes=1))
    assert not is_in(browser)
    sessions.drop_old()
    assert not Login.objects.exists()


def test_a_row_of_somebody_else_does_not_help(browser, other_teacher):
    Login.objects.update(user=other_teacher)
    assert not is_in(browser)


def test_a_cookie_of_an_earlier_version_keeps_its_learner_and_loses_its_user(teacher):
    learner = Learner.objects.create()
    old = signed_cookies.SessionStore()
    old[LEARNER] = str(learner.pk)
    known = {SESSION_KEY: str(teacher.pk), HASH_SESSION_KEY: teacher.get_session_auth_hash()}
    old.update(known | {BACKEND_SESSION_KEY: "django.contrib.auth.backends.ModelBackend"})
    old.save()
    browser = Client()
    browser.cookies[COOKIE] = old.session_key
    assert not is_in(browser)
    assert browser.session[LEARNER] == str(learner.pk)


def test_a_learner_stays_through_login_and_logout(teacher):
    learner = Learner.objects.create()
    browser = Client()
    session = SessionStore()
    session[LEARNER] = str(learner.pk)
    session.save()
    browser.cookies[COOKIE] = session.session_key
    browser.force_login(teacher)
    assert is_in(browser)
    browser.post("/teach/logout/")
    assert browser.session[LEARNER] == str(learner.pk)
    assert SESSION_KEY not in browser.session


def test_a_learners_session_costs_no_row_and_no_query(django_assert_num_queries):
    session = SessionStore()
    session[LEARNER] = "x"
    with django_assert_num_queries(0):
        session.save()
        assert SessionStore(session.session_key)[LEARNER] == "x"


@pytest.mark.parametrize("junk", [None, 7, "", "x" * 500, ["a"]])
def test_junk_in_the_place_of_the_key_is_nobodys(teacher, junk):
    assert not sessions.is_alive({SESSION_KEY: str(teacher.pk), sessions.LOGIN: junk})
    assert not sessions.is_alive({SESSION_KEY: "1 or 1", sessions.LOGIN: "x"})
