"""Whatever a host prints: nothing is raised, nothing is lost, nothing grows without bound."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.network.compare import Difference, compare, describe
from explorer.network.explain import explain
from explorer.network.model import Observation, Place
from explorer.network.read import READERS, observe
from explorer.network.read.text import LINE_LENGTH, LINES
from tests.network.captured import CAPTURES, FILES, docker, items, text

H1 = CAPTURES / "bridge" / "5-traffic" / "h1"
WORDS = [
    "[",
    "]",
    ":",
    "<",
    "@",
    "-A",
    "!",
    "dev",
    "lladdr",
    "src=",
    "master",
    "*nat",
    "*filter",
    "COMMIT",
    "# Completed",
    '"',
    "\\",
]
ANY = st.text() | st.binary().map(lambda raw: raw.decode("utf-8", "surrogateescape"))
NEARLY = st.lists(st.lists(st.sampled_from(WORDS) | st.text(max_size=6), max_size=8).map(" ".join), max_size=12).map("\n".join)
VIEW = st.sampled_from(list(READERS))


@st.composite
def mutated(draw, view):
    """A capture with lines dropped, doubled, cut or written over."""
    lines = text(H1, FILES[view][0]).splitlines()
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(lines) - 1))
        how = draw(st.sampled_from(["drop", "double", "cut", "write"]))
        if how == "cut":
            lines[at] = lines[at][: draw(st.integers(0, 60))]
        elif how == "write":
            lines[at] = draw(st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), max_size=40))
        else:
            lines[at : at + 1] = [lines[at]] * (0 if how == "drop" else 2)
        lines = lines or [""]
    return lines


@given(VIEW, ANY | NEARLY)
def test_any_text_is_read(view, told):
    seen = observe(view, told)
    assert Observation.model_validate_json(seen.model_dump_json()) == seen
    keys = [item.key for item in seen.items]
    assert len(keys) == len(set(keys))


@given(st.sampled_from(["neighbours", "fdb", "connections"]), ANY | NEARLY)
def test_these_views_keep_every_line(view, told):
    lines = told.split("\n")[: None if not told.endswith("\n") else -1] if told else []
    assert len(observe(view, told).lines) == len(lines)


@pytest.mark.parametrize("view", ["neighbours", "fdb", "connections"])
@given(data=st.data())
def test_a_mutated_capture_keeps_its_lines(view, data):
    lines = data.draw(mutated(view))
    assert [line.text for line in observe(view, "\n".join(lines) + "\n").lines] == lines


@given(data=st.data())
def test_a_mutated_plain_ip_addr_keeps_its_lines(data):
    plain = [line for line in data.draw(mutated("interfaces")) if " promiscuity " not in line]
    assert [line.text for line in observe("interfaces", "\n".join(plain) + "\n").lines] == plain


@given(data=st.data())
def test_a_mutated_rule_set_keeps_its_rules(data):
    """Lines of the table, whatever they have become, are shown once each and in order."""
    body = [line for line in data.draw(mutated("nat")) if not line.startswith(("*", "#", "COMMIT"))]
    seen = observe("nat", "\n".join(["*nat", *body, "COMMIT", "# Completed"]))
    assert [line.text for line in seen.lines] == ["*nat", *body, "COMMIT", "# Completed"]


@given(VIEW, ANY | NEARLY)
def test_nothing_differs_from_itself(view, told):
    assert compare(observe(view, told), observe(view, told)) == Difference()


@given(VIEW, ANY | NEARLY, ANY | NEARLY)
def test_what_is_added_one_way_is_removed_the_other(view, one, other):
    before, after = observe(view, one), observe(view, other)
    there, back = compare(before, after), compare(after, before)
    assert set(there.added) == {line.key for line in back.removed}
    assert set(back.added) == {line.key for line in there.removed}
    assert set(there.changed) == set(back.changed)


@given(VIEW, ANY | NEARLY, ANY | NEARLY)
def test_anything_can_be_told_and_explained(view, one, other):
    place = Place(id="h1", kind="host", host="h1", name="h1", views={"interfaces": observe("interfaces", one)})
    before, after = observe(view, one), observe(view, other)
    told = describe(place, view, compare(before, after), before, after, docker("5-traffic"))
    assert all("\n" not in sentence for sentence in told)
    explained = explain(place, view, after, docker("5-traffic"))
    assert [(line.text, line.key) for line in explained.lines] == [(line.text, line.key) for line in after.lines]
    assert explained.items == after.items


@settings(max_examples=20)
@given(VIEW, st.sampled_from([*WORDS, "a", "1: ", "\x1b"]))
def test_size_is_bounded(view, word):
    seen = observe(view, "\n".join([word * 5_000] * 2_100))
    assert seen.truncated
    assert len(seen.lines) <= LINES
    assert all(len(line.text) <= LINE_LENGTH and len(line.key) < 300 for line in seen.lines)


def test_escape_sequences_are_made_visible():
    seen = observe("neighbours", "10.0.0.1 dev e\x1b[2Jx lladdr 02:00:00:00:00:01 STALE\n")
    assert seen.lines[0].text == "10.0.0.1 dev e␛[2Jx lladdr 02:00:00:00:00:01 STALE"
    assert items(seen)[0].dev == "e␛[2Jx"
