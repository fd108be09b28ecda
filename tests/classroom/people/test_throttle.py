"""Throttles count in Redis, per person and per thing, and never lock anybody out by our fault."""

import pytest

from explorer.classroom.people.throttle import address, allow, count, first_time, locked_for
from tests.redis_fixture import *  # noqa: F403


def test_so_often_and_no_more(valkey):
    assert [allow("open", "me", 2, 60) for _ in range(3)] == [True, True, False]


def test_others_and_other_things_are_counted_apart(valkey):
    assert allow("open", "me", 1, 60)
    assert allow("open", "you", 1, 60)
    assert allow("reset", "me", 1, 60)


def test_the_window_ends(redis):
    allow("open", "me", 1, 60)
    assert 0 < redis.ttl("throttle:open:me") <= 60


def test_a_refused_try_does_not_prolong_the_window(redis):
    allow("open", "me", 1, 60)
    redis.expire("throttle:open:me", 5)
    assert not allow("open", "me", 1, 60)
    assert redis.ttl("throttle:open:me") <= 5


def test_without_redis_nobody_is_locked_out(settings, tmp_path):
    settings.REDIS_URL = f"unix://{tmp_path / 'none'}"
    assert allow("open", "me", 1, 60)


@pytest.mark.parametrize(("remote", "place"), [("192.0.2.7", "192.0.2.7"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2"), ("", "")])
def test_an_ipv6_network_is_one_place(rf, remote, place):
    assert address(rf.get("/", REMOTE_ADDR=remote)) == place


def test_the_last_one_allowed_is_not_the_first_one_refused(valkey):
    assert [count("open", "me", 60) for _ in range(3)] == [1, 2, 3]


def test_who_did_it_so_often_is_locked_out_until_the_window_ends(redis):
    assert locked_for("code", "me", 2) == 0
    count("code", "me", 60)
    assert locked_for("code", "me", 2) == 0
    count("code", "me", 60)
    assert 0 < locked_for("code", "me", 2) <= 60
    redis.expire("throttle:code:me", 5)
    assert 0 < locked_for("code", "me", 2) <= 5
    assert locked_for("code", "you", 2) == 0


def test_asking_who_is_locked_out_counts_nothing(redis):
    count("code", "me", 60)
    for _ in range(5):
        locked_for("code", "me", 2)
    assert count("code", "me", 60) == 2


def test_what_may_happen_once_happens_once(redis):
    assert [first_time("hand-over", "a", 60) for _ in range(2)] == [True, False]
    assert first_time("hand-over", "b", 60)
    assert first_time("other", "a", 60)
    assert 0 < redis.ttl("once:hand-over:a") <= 60


def test_without_redis_nothing_happens_that_may_happen_only_once(settings, tmp_path):
    settings.REDIS_URL = f"unix://{tmp_path / 'none'}"
    assert not first_time("hand-over", "a", 60)
    assert (count("open", "me", 60), locked_for("open", "me", 1)) == (0, 0)
