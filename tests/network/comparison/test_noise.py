"""One figure for what the machine was doing, over all columns."""

from explorer.network.comparison import Column, Figures
from explorer.network.comparison.noise import overall_noise
from explorer.network.comparison.spec import Spec

ONE, OTHER = Spec(columns=("bridge", "host")).variants


def heard(variant, *figures):
    low, median, high = figures
    noise = Figures(unit="µs", median=median, low=low, high=high, p95=high, samples=10)
    return Column(variant=variant, noise=noise)


def test_nothing_heard_is_nothing():
    assert overall_noise([Column(variant=ONE)]) is None


def test_the_lowest_the_highest_and_the_middle():
    noise = overall_noise([heard(ONE, 10, 20, 50), heard(OTHER, 12, 30, 40), Column(variant=OTHER)])
    assert (noise.low, noise.median, noise.high, noise.samples, noise.rounds) == (10, 25, 50, 20, (20, 30))
