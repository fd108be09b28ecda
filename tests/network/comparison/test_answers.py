"""What was measured, as an answer to the question that was asked beforehand."""

import pytest

from explorer.network.comparison import ROWS, Cell
from explorer.network.comparison.answers import agrees, answer_of


@pytest.mark.parametrize(
    ("mark", "word", "answer"),
    [
        ("yes", "yes", "yes"),
        ("no", "the host's", "no"),
        ("partly", "the name, no answer", "no"),
        ("unknown", "could not be read", ""),
        ("failed", "not measured", ""),
        ("lacks", "", ""),
    ],
)
def test_a_yes_or_no_question(mark, word, answer):
    assert answer_of(Cell(row="by-name", mark=mark, word=word)) == answer


@pytest.mark.parametrize(
    ("mark", "word", "answer"), [("value", "its own", "its own"), ("no", "none", "none"), ("value", "another", "")]
)
def test_a_question_with_other_answers(mark, word, answer):
    assert answer_of(Cell(row="seen-as", mark=mark, word=word)) == answer


def test_a_row_nobody_is_asked_about_answers_nothing():
    assert answer_of(Cell(row="mtu", mark="value", word="1500")) == ""


def test_every_measured_cell_of_a_question_has_one_of_its_answers(five):
    for column in five.columns:
        for row in ROWS:
            if row.answers and row.asked_of(column.variant):
                assert answer_of(column.cell(row.key)) in row.answers, (column.variant.id, row.key)


def test_what_somebody_said_is_held_against_the_cell():
    cell = Cell(row="mac", mark="no", word="the host's")
    assert agrees(cell, "no") is True
    assert agrees(cell, "the host's") is True
    assert agrees(cell, "yes") is False
    assert agrees(None, "yes") is None
    assert agrees(Cell(row="mac", mark="unknown", word="?"), "yes") is None
