"""Refused logins are counted for operators: a wrong password, and too many tries. A right one is not."""

from __future__ import annotations

import pytest
from django.urls import reverse

from explorer.sandboxes.figures import read_figures
from explorer.web.teach import classes

pytestmark = pytest.mark.django_db
PASSWORD = "a good long sentence"


def refusals(redis):
    return {one.labels: one.value for one in read_figures(redis) if one.name == "explorer_login_refusals_total"}


def log_in(client, password):
    return client.post(reverse("login"), {"username": "tina", "password": password}).status_code


def test_a_wrong_password_and_then_too_many(client, redis, monkeypatch):
    monkeypatch.setattr(classes, "STRANGE", (("login-here", 2, 600),))
    assert [log_in(client, "wrong") for _ in range(3)] == [200, 200, 429]
    assert refusals(redis) == {("wrong",): 2, ("too_many",): 1}


@pytest.mark.parametrize("name", ["ｔｉｎａ", "𝐭ina", " Tina ", "ti\0na"])
def test_a_name_written_otherwise_is_counted_as_the_same(rf, name):
    assert classes.what_counts(rf.post("/login/", {"username": name})) == classes.what_counts(
        rf.post("/login/", {"username": "tina"})
    )


def test_a_right_one_is_no_refusal(client, redis, teacher):
    teacher.set_password(PASSWORD)
    teacher.save()
    assert client.post(reverse("login"), {"username": teacher.username, "password": PASSWORD}).status_code == 302
    assert refusals(redis) == {}
