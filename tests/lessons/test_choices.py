"""Cases: every reason is true of what was measured, and a bad file is refused in a sentence."""

import gzip

import pytest

from explorer.lessons.choices import BadCases, load_cases, read_cases, weigh
from explorer.network.comparison import Comparison
from tests.network.captured import CAPTURES

GOOD = """
[[cases]]
id = "one"
title = "One"
story = "A story."
choices = [
  { variant = "bridge", verdict = "best", reasons = [{ row = "mtu", expect = "1500", text = "So it is." }] },
  { variant = "none", verdict = "no", reasons = [{ row = "mtu", expect = "none", text = "So it is." }] },
]
"""


@pytest.fixture
def measured():
    return Comparison.model_validate_json(gzip.decompress((CAPTURES / "comparison" / "drivers.json.gz").read_bytes()))


def written(path, text):
    file = path / "choices.toml"
    file.write_text(text)
    return file


def test_there_are_enough_cases_and_no_driver_always_wins():
    cases = load_cases().values()
    assert 8 <= len(cases) <= 12
    assert len({case.best.variant for case in cases}) >= 7


@pytest.mark.parametrize("case", load_cases().values(), ids=load_cases())
def test_no_reason_is_contradicted_by_what_was_really_measured(case, measured):
    for weighed in weigh(case, measured.columns):
        for held in weighed.held:
            assert held.agrees is not False, (weighed.choice.variant, held.reason)
            assert (held.agrees is None) == (weighed.column is None)


def test_another_version_of_the_engine_is_the_same_choice(measured):
    bridge = measured.columns[0]
    newer = bridge.model_copy(update={"variant": bridge.variant.model_copy(update={"id": "bridge@28"})})
    [first, *_] = weigh(load_cases()["shop"], [newer])
    assert first.column == newer


def test_a_measurement_that_says_otherwise_is_told(measured):
    bridge = measured.columns[0]
    cells = tuple(
        cell.model_copy(update={"mark": "no", "word": "no"}) if cell.row == "by-name" else cell for cell in bridge.cells
    )
    [first, *_] = weigh(load_cases()["shop"], [bridge.model_copy(update={"cells": cells})])
    assert [held.agrees for held in first.held] == [False, True, True]


def test_a_good_file_is_read(tmp_path):
    assert list(read_cases(written(tmp_path, GOOD))) == ["one"]


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        ('row = "mtu"', 'row = "nonsense"', "no row 'nonsense'"),
        ('variant = "none"', 'variant = "carrier-pigeon"', "no variant 'carrier-pigeon'"),
        ('verdict = "best"', 'verdict = "works"', "one choice fits best"),
        ('variant = "none", verdict = "no"', 'variant = "bridge", verdict = "no"', "stands twice"),
        ('id = "one"', 'id = "Not A Slug"', "id"),
        ("[[cases]]", "[[cases", "choices.toml"),
    ],
)
def test_a_bad_file_is_refused_with_what_is_wrong(tmp_path, was, now, said):
    with pytest.raises(BadCases, match=r"^choices\.toml: ") as refused:
        read_cases(written(tmp_path, GOOD.replace(was, now)))
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_two_cases_of_one_name_are_refused(tmp_path):
    with pytest.raises(BadCases, match="same id"):
        read_cases(written(tmp_path, GOOD + GOOD))
