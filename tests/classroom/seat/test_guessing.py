"""Wrong codes are counted by browser and by address; right ones by nobody."""

import pytest

from explorer.classroom.seat.guessing import note_wrong, wait_for
from tests.attacks import attack


@pytest.fixture(autouse=True)
def _redis(redis):
    return redis


def guess(browser, times, address="192.0.2.1"):
    for _ in range(times):
        note_wrong(browser, address)


def test_a_few_wrong_codes_are_free():
    guess("me", 4)
    assert wait_for("me", "192.0.2.1") == 0


def test_then_a_browser_waits_a_minute_at_most():
    guess("me", 5)
    assert 0 < wait_for("me", "192.0.2.1") <= 60


def test_and_then_a_quarter_of_an_hour():
    guess("me", 12)
    assert 60 < wait_for("me", "192.0.2.1") <= 900


def test_neighbours_at_the_same_address_are_not_stopped_by_it():
    guess("me", 12)
    assert wait_for("you", "192.0.2.1") == 0
    assert wait_for("", "192.0.2.1") == 0


def test_forty_people_may_each_mistype_once():
    for number in range(40):
        guess(f"learner {number}", 1)
    assert wait_for("another", "192.0.2.1") == 0


@attack("brute force of join codes without cookies", origin="page", expected="contained", held_by="locks by address")
def test_who_throws_their_cookies_away_is_stopped_by_the_address():
    guess("", 60)
    assert wait_for("", "192.0.2.1") > 0
    assert wait_for("anybody", "192.0.2.1") > 0
    assert wait_for("anybody", "192.0.2.2") == 0


def test_without_redis_nobody_is_stopped(settings, tmp_path):
    settings.REDIS_URL = f"unix://{tmp_path / 'none'}"
    guess("me", 20)
    assert wait_for("me", "192.0.2.1") == 0
