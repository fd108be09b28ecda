"""Whose processes make memory grow is found by stopping them; who is innocent goes on."""

from __future__ import annotations

from random import Random

import pytest

from explorer.lab.memory.growth import FAST, growers


class World:
    """`makers` make memory grow while they run, each at its own rate; `besides` grows whatever is stopped."""

    def __init__(self, besides=0.0, **makers):
        self.makers, self.besides = makers, besides
        self.stopped = set()
        self.ever_stopped = set()

    def stop(self, one):
        self.stopped.add(one)
        self.ever_stopped.add(one)

    def go_on(self, one):
        self.stopped.discard(one)

    def rate(self):
        return self.besides + sum(rate for one, rate in self.makers.items() if one not in self.stopped)

    def find(self, *suspects):
        return growers(suspects, self.stop, self.go_on, self.rate)


class Bursts(World):
    """Grows now and then, whoever is stopped: somebody outside of the sandboxes."""

    def __init__(self, *rates):
        super().__init__()
        self.rates = list(rates)

    def rate(self):
        return self.rates.pop(0) if self.rates else 0.0


def test_who_makes_it_grow_is_found_and_stays_stopped():
    world = World(c=10 * FAST)
    assert world.find("a", "b", "c", "d") == ["c"]
    assert world.stopped == {"c"}
    assert "d" not in world.ever_stopped


def test_two_are_found():
    world = World(a=4 * FAST, c=3 * FAST)
    assert world.find("a", "b", "c") == ["a", "c"]
    assert world.stopped == {"a", "c"}


def test_growth_of_something_else_ends_nobody():
    world = World(besides=10 * FAST)
    assert world.find("a", "b") == []
    assert world.stopped == set()


def test_slow_growth_stops_nobody():
    world = World(a=FAST / 2)
    assert world.find("a", "b") == []
    assert world.ever_stopped == set()


def test_growth_that_stops_by_itself_is_nobodys():
    world = Bursts(10 * FAST)
    assert world.find("a", "b") == []
    assert world.stopped == set()


def test_growth_that_comes_and_goes_is_nobodys():
    world = Bursts(10 * FAST, 0.0, 10 * FAST, 0.0, 10 * FAST, 10 * FAST)
    assert world.find("a", "b") == []
    assert world.stopped == set()


def test_noise_of_others_is_hardly_ever_taken_for_somebody():
    random, blamed = Random(7), 0  # noqa: S311 (the same noise every time)
    for _ in range(2000):
        blamed += len(Bursts(*(random.choice((0, 0.1, 1, 10)) * FAST for _ in range(60))).find("a", "b", "c"))
    assert blamed <= 10, "so much noise is seldom itself"


def test_when_growth_cannot_be_read_nobody_stays_stopped():
    class Unreadable(World):
        reads = 15  # the first of the two is found to be guilty by then

        def rate(self):
            self.reads -= 1
            if not self.reads:
                raise OSError("the kernel says nothing")
            return super().rate()

    world = Unreadable(a=4 * FAST, c=3 * FAST)
    with pytest.raises(OSError, match="says nothing"):
        world.find("a", "b", "c")
    assert world.ever_stopped == {"a", "b", "c"}
    assert world.stopped == set()
