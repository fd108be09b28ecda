"""Inputs for a target without guidance: anything, real input with something changed, and one thing over and over."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.fuzz.targets import Target


def inputs(target: Target) -> st.SearchStrategy[bytes]:
    real = st.sampled_from(target.seeds())
    piece = st.binary(min_size=1, max_size=24)
    return st.one_of(
        st.binary(max_size=400),
        st.builds(_written_over, real, st.integers(0, 2_000), piece),
        st.builds(_put_in, real, st.integers(0, 2_000), piece),
        st.builds(lambda whole, at: whole[: at % (len(whole) + 1)], real, st.integers(0, 10_000)),
        st.builds(_swapped, real, real, st.integers(0, 10_000)),
        st.builds(lambda what: (what * (target.length // len(what)))[: target.length], piece),
        st.builds(_some_of_it_often, real, st.integers(0, 10_000), st.integers(1, 60), st.just(target.length)),
    )


def _written_over(whole: bytes, at: int, piece: bytes) -> bytes:
    at %= len(whole) + 1
    return whole[:at] + piece + whole[at + len(piece) :]


def _put_in(whole: bytes, at: int, piece: bytes) -> bytes:
    at %= len(whole) + 1
    return whole[:at] + piece + whole[at:]


def _swapped(one: bytes, other: bytes, at: int) -> bytes:
    return one[: at % (len(one) + 1)] + other[at % (len(other) + 1) :]


def _some_of_it_often(whole: bytes, at: int, length: int, most: int) -> bytes:
    """A loop that a parser should not take: quadratic work shows here."""
    at %= len(whole) + 1
    piece = whole[at : at + length] or b"\n"
    return whole[:at] + piece * ((most - at) // len(piece)) if most > at else whole[:most]
