"""Which road was ahead, and when noise hides it."""

import pytest

from explorer.network.ahead import ahead, wins
from explorer.network.model import Measured, Road, RoadMeasured

BETTER, WORSE = (20.0, 5000.0), (27.0, 4000.0)


def road(name, *by_round):
    return RoadMeasured(
        road=Road(id=name, title=name, source="a", target="b", at="b", port=1, listen=1), by_round=tuple(by_round)
    )


def race(won, lost=0):
    """One road wins so many rounds and loses so many."""
    return Measured(roads=(road("one", *[BETTER] * won, *[WORSE] * lost), road("two", *[WORSE] * won, *[BETTER] * lost)))


@pytest.mark.parametrize("what", ["trips", "rates"])
@pytest.mark.parametrize(("won", "lost", "first"), [(10, 0, "one"), (9, 1, "one"), (8, 2, ""), (5, 5, ""), (1, 9, "two")])
def test_nine_of_ten_rounds_count(what, won, lost, first):
    assert ahead(race(won, lost), what) == first


def test_a_draw_is_nobodys():
    assert ahead(Measured(roads=(road("one", BETTER), road("two", BETTER))), "trips") == ""


def test_without_figures_nobody_is_ahead():
    assert ahead(Measured(error="nothing"), "trips") == ""
    assert ahead(Measured(roads=(road("one"), road("two"))), "rates") == ""
    assert ahead(Measured(roads=(road("alone", BETTER),)), "rates") == ""


def test_of_three_it_has_to_beat_both():
    middle = (23.0, 4500.0)
    three = Measured(roads=(road("one", *[BETTER] * 10), road("two", *[middle] * 10), road("three", *[WORSE] * 10)))
    assert ahead(three, "trips") == "one"
    assert wins(three.roads[1], three.roads[2], "rates") == 10
