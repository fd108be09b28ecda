"""Buckets and counted sockets."""

from uuid import uuid4

from explorer.live import limits
from explorer.live.limits import Bucket, Sockets


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_a_burst_is_free_and_then_the_rate_holds():
    clock = Clock()
    bucket = Bucket(10, 20, clock)
    assert bucket.take(20) == 0
    assert bucket.take(10) == 1.0
    clock.now += 1.0
    assert bucket.take(1) == 0.1


def test_a_bucket_never_holds_more_than_its_burst():
    clock = Clock()
    bucket = Bucket(10, 20, clock)
    clock.now += 1000
    assert bucket.take(21) == 0.1


def test_spare_takes_nothing_when_there_is_not_enough():
    clock = Clock()
    bucket = Bucket(1, 1, clock)
    assert bucket.spare()
    assert not bucket.spare()
    clock.now += 1
    assert bucket.spare()


def test_seats_are_per_learner_sandbox_and_kind():
    sockets, me = Sockets(), uuid4()
    assert sockets.enter((me, "a", "terminal"), 1)
    assert not sockets.enter((me, "a", "terminal"), 1)
    assert sockets.enter((me, "b", "terminal"), 1)
    sockets.leave((me, "a", "terminal"))
    assert sockets.enter((me, "a", "terminal"), 1)


def test_a_process_holds_so_many_sockets_and_no_more(monkeypatch):
    monkeypatch.setattr(limits, "SOCKETS", 2)
    sockets = Sockets()
    assert [sockets.enter((uuid4(), "a", "sandbox"), 9) for _ in range(3)] == [True, True, False]
