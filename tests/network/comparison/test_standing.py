"""Who was ahead: seen where it is there, and not seen where only the machine moved."""

import random

import pytest

from explorer.network.comparison import Figures
from explorer.network.comparison.standing import is_ahead, stand


def figures(trip, loop=20.0, rounds=12, noise=0.01, seed=1, unit="µs"):
    """Rounds around `trip`; `noise` is that of every round, here and on the loopback."""
    chance = random.Random(f"{trip} {loop} {seed}")  # noqa: S311 - noise, not a secret
    mine = tuple(round(trip * chance.gauss(1, noise), 2) for _ in range(rounds))
    loops = tuple(round(loop * chance.gauss(1, noise), 2) for _ in range(rounds))
    return Figures(unit=unit, median=trip, low=min(mine), high=max(mine), samples=rounds, rounds=mine, loopback=loops)


def test_an_order_is_seen():
    place = stand({"overlay": figures(34.4), "host": figures(22.0), "bridge": figures(28.5)})
    assert place.groups == (("host",), ("bridge",), ("overlay",))
    assert place.seen


def test_for_throughput_more_is_better():
    many, few = figures(9000, 12000, unit="Mbit/s"), figures(5000, 12000, unit="Mbit/s")
    assert stand({"few": few, "many": many}).groups == (("many",), ("few",))


def test_a_machine_that_became_slower_is_not_taken_for_a_slower_driver():
    """Twice as long for all, loopback too."""
    assert not stand({"one": figures(26.0, 20.0), "other": figures(52.0, 40.0)}).seen


def test_a_loopback_that_moved_alone_makes_no_order():
    assert not stand({"one": figures(26.0, 20.0), "other": figures(26.0, 30.0)}).seen


def test_a_difference_too_small_to_matter_is_none():
    assert not is_ahead(figures(26.0, noise=0.0), figures(26.2, noise=0.0))


@pytest.mark.parametrize("short", [0, 1, 5])
def test_few_rounds_tell_nothing(short):
    assert not is_ahead(figures(20.0, rounds=max(short, 1)), figures(40.0))
    empty = figures(20.0).model_copy(update={"rounds": (), "loopback": ()})
    assert not is_ahead(empty, figures(40.0))


def test_without_a_loopback_to_hold_against_nobody_is_ahead():
    bare = figures(20.0).model_copy(update={"loopback": ()})
    assert not is_ahead(bare, figures(40.0))


def test_two_alike_are_seldom_called_different():
    """The same thing measured twice, with the noise of a busy machine."""
    wrong = sum(
        stand({"one": figures(26.0, noise=0.15, seed=n), "other": figures(26.0, noise=0.15, seed=-n - 1)}).seen
        for n in range(500)
    )
    assert wrong <= 5


def test_two_alike_are_seldom_called_different_on_a_machine_that_drifts():
    """Between two columns everything became faster or slower, loopback as well."""
    chance = random.Random(7)  # noqa: S311 - noise, not a secret
    wrong = 0
    for n in range(500):
        drift = chance.uniform(0.6, 1.6)
        one, other = figures(26.0, 20.0, noise=0.05, seed=n), figures(26.0 * drift, 20.0 * drift, noise=0.05, seed=-n - 1)
        wrong += stand({"one": one, "other": other}).seen
    assert wrong <= 10


def test_neighbours_that_cannot_be_told_apart_do_not_hide_who_can():
    """a ~ b ~ c, and a before c."""
    place = stand({"a": figures(20.0, noise=0.05), "b": figures(21.0, noise=0.05), "c": figures(23.0, noise=0.05)})
    assert place.groups == (("a", "b", "c"),)
    assert ("a", "c") in place.pairs
    assert place.seen


def test_all_are_in_it_once():
    place = stand({name: figures(20.0 + at) for at, name in enumerate("abcde")})
    assert sorted(name for group in place.groups for name in group) == list("abcde")
    assert stand({}).groups == ()
