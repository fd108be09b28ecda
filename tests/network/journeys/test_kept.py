"""The endings of journeys that were made on real hosts, with Docker Engine 26 and 28, told again from what was gathered."""

from __future__ import annotations

import functools
import re
from dataclasses import replace

import pytest

from tests.network.journeys.kept import DIRECTORY
from tests.network.journeys.kept import read as kept_of

read = functools.cache(kept_of)
FILES = sorted(DIRECTORY.glob("*.json.gz"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name.partition(".")[0])
def test_it_ends_as_it_ended(file):
    kept = read(file)
    told = kept.told()
    assert (told.ending, bool(re.search(kept.said, told.end))) == (kept.ending, True), told.end
    assert told.evidence


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name.partition(".")[0])
def test_without_the_kernels_word_nothing_false_is_said(file):
    """A node without BPF, whose kernels could not be asked either: the end may be unknown, and it is never another one. A
    packet that arrived in the right place is only not said to have been delivered."""
    kept = read(file)
    told = replace(kept, gathered=replace(kept.gathered, drops=(), deaf="no BPF"), answers={}).told()
    assert told.ending in (kept.ending, "unknown", "lost", *WEAKER.get(kept.ending, ())), told.end
    assert told.evidence


WEAKER = {  # an ICMP error alone says less than the route, the socket or the reason
    "unreachable": ("rejected",),
    "dropped": ("rejected",),
    "refused": ("rejected", "unreachable"),
    "unanswered": ("unreachable",),
}


def test_there_are_some_of_both_engines():
    assert {file.name[:2] for file in FILES} == {"26", "28"}
