"""Folding the differences gives the picture they were made from, whatever happened between."""

from dataclasses import fields

from hypothesis import given
from hypothesis import strategies as st

from explorer.classroom.wall.tiles import KEYS, Tile, differences, fold, to_wire

tiles = st.builds(
    Tile,
    name=st.sampled_from(["Ana", "Ben", "<b>"]),
    number=st.integers(0, 3),
    help_at=st.sampled_from([0, 7]),
    stuck=st.sampled_from(["", "why"]),
    event=st.text(max_size=5),
)
pictures = st.dictionaries(st.sampled_from("abcde"), tiles.map(to_wire), max_size=5)


@given(st.lists(pictures, max_size=8))
def test_folded_differences_are_the_whole_picture(course):
    told, seen = {}, {}
    for picture in course:
        told = fold(told, differences(seen, picture))
        seen = picture
        assert told == picture


@given(pictures)
def test_nothing_new_is_nothing_to_send(picture):
    assert differences(picture, {seat: dict(tile) for seat, tile in picture.items()}) == {}


def test_only_what_changed_is_in_it():
    old = to_wire(Tile(name="Ana", number=1))
    assert differences({"a": old}, {"a": {**old, "i": 2}}) == {"a": {"i": 2}}


def test_a_seat_that_went_is_said():
    assert differences({"a": to_wire(Tile(name="Ana"))}, {}) == {"a": None}


def test_every_part_of_a_tile_has_a_letter_of_its_own():
    assert set(KEYS) == {field.name for field in fields(Tile)}
    assert len(set(KEYS.values())) == len(KEYS)
