"""The sentence under a row is right for every choice of columns, whatever came out."""

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.network.comparison import ROWS, Cell, Column, Transcript, all_variants
from explorer.network.comparison.reasons import UNEXPLAINED, reason
from explorer.network.comparison.why import NO_DIFFERENCE, NOTHING, why
from tests.network.comparison import kept
from tests.network.comparison.test_standing import figures

COLUMNS = {name: kept.column(name) for name in kept.VARIANTS}
STEADY = [row.key for row in ROWS if not row.varies]


@pytest.mark.parametrize("name", COLUMNS)
def test_every_true_answer_has_its_reason(name):
    column = COLUMNS[name]
    unexplained = [
        cell.row for cell in column.cells if cell.row in STEADY and reason(column.variant, cell) in ("", UNEXPLAINED)
    ]
    assert unexplained == []


@pytest.mark.parametrize("row", STEADY)
def test_a_reason_is_never_given_to_an_answer_it_does_not_fit(row):
    """Opposite answers of one variant may share no reason."""
    for column in COLUMNS.values():
        cell = column.cell(row)
        if cell is None or cell.mark not in ("yes", "no"):
            continue
        other = cell.model_copy(update={"mark": "no" if cell.mark == "yes" else "yes", "word": "odd", "number": None})
        assert reason(column.variant, other) != reason(column.variant, cell), column.variant.id


@settings(max_examples=80, deadline=None)
@given(names=st.lists(st.sampled_from(sorted(COLUMNS)), min_size=1, max_size=5, unique=True), row=st.sampled_from(STEADY))
def test_every_column_is_named_once_or_all_are_the_same(names, row):
    columns = [COLUMNS[name] for name in names]
    told = why(row, columns)
    columns = [column for column in columns if column.cell(row)]
    if not columns:
        assert told == NOTHING
        return
    assert told.endswith(".")
    assert UNEXPLAINED not in told
    if not told.startswith(("The same in all: ", "Roughly the same: ")) and len(columns) > 1:
        assert all(column.variant.title in told for column in columns)


def test_the_same_answer_for_the_same_reason_is_said_to_be_the_same():
    assert why("netns", [COLUMNS["bridge"], COLUMNS["none"]]) == "The same in all: Docker made a network namespace for it."


def test_different_answers_are_never_called_the_same():
    for row in STEADY:
        for one, other in combinations((column for column in COLUMNS.values() if column.cell(row)), 2):
            if (one.cell(row).mark, one.cell(row).word) != (other.cell(row).mark, other.cell(row).word):
                assert not why(row, [one, other]).startswith("The same in all"), (row, one.variant.id, other.variant.id)


def test_columns_without_an_answer_are_left_out():
    lacking = Column(variant=all_variants()["ipvlan"], state="lacks")
    assert why("netns", [lacking]) == NOTHING
    assert "ipvlan" not in why("netns", [lacking, COLUMNS["host"], COLUMNS["bridge"]])


def test_what_could_not_be_told_says_so():
    column = Column(variant=all_variants()["bridge"], cells=(Cell(row="netns", mark="unknown", word="could not be read"),))
    assert UNEXPLAINED in why("netns", [column, COLUMNS["none"]])


def test_a_warning_is_told_only_where_there_was_one():
    told = why("published", [COLUMNS["host"], COLUMNS["macvlan"], COLUMNS["none"]])
    assert "host: -p was discarded, since there is no second namespace to lead to; Docker warned of it" in told
    assert told.count("Docker did not say so") == 2


def test_who_keeps_a_port_without_a_proxy_is_told_when_it_was_seen():
    column = COLUMNS["bridge-no-proxy"]
    assert "daemon listens" in why("proxies", [column])
    nobody = Transcript(where="h1", command="ss", output="")
    cell = column.cell("proxies").model_copy(update={"evidence": (nobody,)})
    assert "daemon listens" not in why("proxies", [column.model_copy(update={"cells": (cell,)})])


def test_a_swarm_is_spoken_of_only_where_there_is_one():
    assert "swarm" in why("up", [COLUMNS["overlay"], COLUMNS["bridge"]])
    assert "swarm" not in why("up", [COLUMNS["none"], COLUMNS["bridge"]])


def with_trips(name, loop=20.0, trip=None):
    if trip is None:
        cell = Cell(row="trip", mark="no", word="no way")
    else:
        cell = Cell(row="trip", mark="value", word="x", figures=figures(trip, loop))
    return Column(variant=all_variants()[name], cells=(cell,))


def test_an_order_that_can_be_seen_is_told_with_what_lies_on_the_way():
    told = why("trip", [with_trips("bridge", trip=26.0), with_trips("host", trip=20.0), with_trips("none")])
    assert told.startswith("First host, then bridge.")
    assert "loopback" in told
    assert told.endswith("none: no way to measure.")


def test_what_noise_hides_is_no_difference():
    assert why("trip", [with_trips("bridge", trip=26.0), with_trips("macvlan", trip=26.1)]) == NO_DIFFERENCE


def test_one_figure_has_nothing_to_be_compared_with():
    assert why("trip", [with_trips("bridge", trip=26.0), with_trips("none")]).startswith("Only bridge was measured")


@pytest.mark.parametrize("row", ["trip", "lan-trip", "rate", "lan-rate"])
def test_no_way_anywhere(row):
    none = Column(variant=all_variants()["none"], cells=(Cell(row=row, mark="no", word="no way"),))
    assert why(row, [none]) == "There is no way to measure in any of them."
