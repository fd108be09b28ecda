"""Display names: whatever a person may be called, and no tricks."""

import unicodedata

import pytest

from explorer.classroom.seat.names import LONGEST, BadName, clean_name, free_name


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("  Ana \t María\n", "Ana María"),
        ("Ａｎａ", "Ana"),
        ("\u202eanA", "anA"),
        ("A\u200bn\u2060a\ufeff", "Ana"),
        ("A\x00n\x1b[31ma", "An[31ma"),
        ("\u3164Ana\u115f", "Ana"),
        ("<b>Ana</b>", "<b>Ana</b>"),
        ("Nguyễn Thị", "Nguyễn Thị"),
        ("नमस्ते", "नमस्ते"),
        ("李雷", "李雷"),
        ("🦊", "🦊"),
        ("=1+1", "=1+1"),
    ],
)
def test_what_is_kept_of_a_name(typed, name):
    assert clean_name(typed) == name


@pytest.mark.parametrize(
    "typed", ["", "   ", "\u200b\u202e", "\u3164", "...", "\u0301\u0301", "x" * (LONGEST + 1), "x" * 10**6]
)
def test_what_cannot_be_a_name(typed):
    with pytest.raises(BadName):
        clean_name(typed)


def test_marks_do_not_climb_over_the_line_above():
    name = clean_name("Q" + "\u0337\u0338" * 20)
    assert sum(unicodedata.category(letter) == "Mn" for letter in name) == 3


def test_the_longest_is_allowed():
    assert clean_name("x" * LONGEST) == "x" * LONGEST


def test_the_second_of_a_name_is_numbered_whatever_the_capitals():
    assert free_name("Ana", []) == "Ana"
    assert free_name("ana", ["Ana", "Ben"]) == "ana 2"
    assert free_name("Ana", ["Ana", "Ana 2"]) == "Ana 3"


def test_a_numbered_name_is_no_longer_than_a_name_may_be():
    long = "x" * LONGEST
    assert free_name(long, [long]) == "x" * (LONGEST - 2) + " 2"
