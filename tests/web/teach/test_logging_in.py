"""Too many wrong passwords: who has to wait, and who has not."""

from __future__ import annotations

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.test import Client

from explorer.classroom.people import known_device
from tests.attacks import attack

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("valkey")]
PASSWORD = "a long walk to the harbour"


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """Hundreds of passwords are tried."""
    monkeypatch.setattr(PBKDF2PasswordHasher, "iterations", 1)


@pytest.fixture
def ada(teacher):
    teacher.set_password(PASSWORD)
    teacher.save()
    return teacher


def try_to(client: Client, user, typed: str = "wrong", address: str = "10.0.0.1") -> int:
    fields = {"username": user.username, "password": typed}
    return client.post("/teach/login/", fields, REMOTE_ADDR=address).status_code


@pytest.fixture
def known(ada) -> Client:
    """A browser in which Ada has logged in and out."""
    client = Client()
    assert try_to(client, ada, PASSWORD) == 302
    client.post("/teach/logout/")
    return client


@attack("a named instructor is locked out by wrong tries", origin="page", expected="contained", held_by="known devices")
def test_nobody_locks_an_instructor_out_of_their_own_browser(known, ada):
    stranger = Client()
    for number in range(100):
        try_to(stranger, ada, address=f"10.9.{number // 8}.1")
    assert try_to(Client(), ada, PASSWORD, address="10.8.0.1") == 429, "by strangers, the name is locked"
    assert try_to(known, ada, PASSWORD, address="10.9.0.1") == 302


def test_a_known_browser_does_not_guess_for_ever(known, ada):
    for _ in range(10):
        assert try_to(known, ada) == 200
    assert try_to(known, ada, PASSWORD) == 429
    assert try_to(Client(), ada, PASSWORD) == 302, "its tries are its own"


def test_the_cookie_of_one_user_is_no_help_with_another(known, other_teacher):
    for _ in range(8):
        assert try_to(known, other_teacher) == 200
    assert try_to(known, other_teacher) == 429


@pytest.mark.parametrize("forged", ["", "1-abc", "1-abc:1:x", "x" * 5000])
def test_a_made_up_cookie_is_no_device(ada, rf, forged):
    request = rf.get("/")
    request.COOKIES[known_device.COOKIE] = forged
    assert known_device.device_of(request, ada.pk) == ""


def test_right_passwords_are_not_counted(ada):
    for _ in range(20):
        client = Client()
        assert try_to(client, ada, PASSWORD) == 302


def test_a_class_behind_one_address_is_not_locked_by_one_who_guesses(ada, other_teacher):
    for _ in range(30):
        try_to(Client(), other_teacher)
    assert try_to(Client(), ada, PASSWORD) == 302


def test_the_sentence_is_kind_and_says_what_to_do(ada):
    client = Client()
    for _ in range(8):
        try_to(client, ada)
    page = client.post("/teach/login/", {"username": ada.username, "password": "x"}, REMOTE_ADDR="10.0.0.1")
    assert page.status_code == 429
    assert "A browser in which you have logged in before" in page.content.decode()


def test_the_panel_has_the_same_login(client):
    assert client.get("/admin/").url.startswith("/teach/login/") or "/admin/login/" in client.get("/admin/").url
