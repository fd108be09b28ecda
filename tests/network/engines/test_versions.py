"""What a version of Docker Engine is called, and what is no such name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.network.engines import DEFAULT_ENGINE, engine_of, in_order, in_words, is_engine, usual


@pytest.mark.parametrize("word", ["1", "26", "28", "29", "999"])
def test_a_short_number_is_a_name(word):
    assert is_engine(word)


@pytest.mark.parametrize(
    "word", ["", "0", "029", "1000", "2.9", "-1", "29\n", " 29", "٢٩", "x", "29;ls", "../29", 29, None, ["29"]]
)
def test_anything_else_is_none(word):
    assert not is_engine(word)


@given(st.lists(st.one_of(st.text(max_size=4), st.integers(), st.none(), st.sampled_from(["26", "28", "9", "100"]))))
def test_an_order_has_names_only_each_once_the_oldest_first(words):
    found = in_order(words)
    assert set(found) == {word for word in words if is_engine(word)}
    assert [int(word) for word in found] == sorted({int(word) for word in found})


@pytest.mark.parametrize(
    ("version", "engine"),
    [("28.5.2+dfsg4", "28"), ("29.0.0-rc.1", "29"), ("29", "29"), ("", ""), ("dev", ""), ("v29.1", ""), ("0.0.0-dev", "")],
)
def test_a_full_version_has_the_name_of_its_first_number(version, engine):
    assert engine_of(version) == engine


@pytest.mark.parametrize(
    ("engines", "words"), [((), "none"), (("29",), "29"), (("26", "28"), "26 and 28"), (("26", "28", "29"), "26, 28 and 29")]
)
def test_versions_in_words(engines, words):
    assert in_words(engines) == words


def test_the_usual_version_is_one_that_is_there():
    assert usual(()) == DEFAULT_ENGINE
    assert usual(("29", DEFAULT_ENGINE)) == DEFAULT_ENGINE
    assert usual(("30", "29")) == "30"
