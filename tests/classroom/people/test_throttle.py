"""Throttles count in Redis, per person and per thing, and never lock anybody out by our fault."""

import pytest

from explorer.classroom.people.throttle import address, allow
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
