"""A column goes over the wire whole, and bounds are bounds."""

import pytest
from pydantic import ValidationError

from explorer.network.comparison import ROWS, ROWS_BY_KEY, Cell, Column, Comparison, Figures, Transcript, all_variants
from explorer.network.comparison.model import CELLS
from explorer.network.comparison.rows import GROUPS
from explorer.network.drivers.compared import OUTPUT


def column():
    evidence = Transcript(where="outside", command="curl -m 2 10.77.0.11:8080", status=0, output="you are …")
    figures = Figures(unit="µs", median=31.0, low=28, high=90, p95=60, samples=500, rounds=(30, 31), loopback=(12, 12))
    cells = (
        Cell(row="published", mark="yes", word="yes", evidence=(evidence,)),
        Cell(row="trip", mark="value", word="31 µs", number=31, unit="µs", figures=figures),
    )
    return Column(variant=all_variants()["bridge"], state="done", cells=cells)


def test_a_comparison_survives_json():
    one = Comparison(id="c1", columns=(column(), Column(variant=all_variants()["none"])))
    assert Comparison.model_validate_json(one.model_dump_json()) == one


def test_a_cell_is_found_by_its_row_and_a_missing_one_is_none():
    assert column().cell("trip").number == 31
    assert column().cell("netns") is None


@pytest.mark.parametrize(
    ("state", "over"), [("waiting", False), ("running", False), ("done", True), ("failed", True), ("lacks", True)]
)
def test_a_column_knows_whether_it_is_over(state, over):
    assert Column(variant=all_variants()["host"], state=state).over is over


def test_what_is_too_long_is_refused():
    with pytest.raises(ValidationError):
        Transcript(where="h1", command="x", output="y" * (OUTPUT + 1))
    with pytest.raises(ValidationError):
        Column(
            variant=all_variants()["host"], cells=tuple(Cell(row="mtu", mark="value", word="1500") for _ in range(CELLS + 1))
        )


def test_rows_have_keys_of_their_own_and_every_group_has_rows():
    assert len(ROWS_BY_KEY) == len(ROWS) <= CELLS
    assert {row.group for row in ROWS} == set(GROUPS)
    assert all(ROWS_BY_KEY[key].varies for key in ("trip", "lan-trip", "rate", "lan-rate"))
