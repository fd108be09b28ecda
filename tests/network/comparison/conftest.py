"""Comparisons that were really measured, as captures."""

import gzip
from functools import cache

import pytest

from explorer.network.comparison import Comparison
from tests.network.captured import CAPTURES


@cache
def read(name: str) -> Comparison:
    return Comparison.model_validate_json(gzip.decompress((CAPTURES / "comparison" / f"{name}.json.gz").read_bytes()))


@pytest.fixture
def five() -> Comparison:
    """bridge, host, none, macvlan, overlay."""
    return read("drivers")


@pytest.fixture
def engines() -> Comparison:
    """The driver bridge on Engine 26 and on 28."""
    return read("engines")
