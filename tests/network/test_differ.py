"""What counts as a change. `differ.json` holds the page's differ to the same answers (tests/web/js/stream/differ.test.js)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.network.differ import Change, Difference, diff, is_remark
from explorer.network.model import Line, Observation, Place
from explorer.network.views import observe
from tests.network.captured import ENGINES, STAGES, places

GOLDEN = json.loads(Path(__file__).with_name("differ.json").read_text())["cases"]


def seen(told):
    if told is None:
        return None
    lines = tuple(Line(key=key, text=text) for key, text in told["lines"])
    return Observation(command="x", lines=lines, error=told.get("error", ""))


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case["name"])
def test_golden(case):
    found = diff(seen(case["before"]), seen(case["after"]))
    removed = [line.text for line in found.removed]
    assert (list(found.added), list(found.changed), list(found.passing), removed) == (
        case["added"], case["changed"], case["passing"], case["removed"],
    )  # fmt: skip


@pytest.mark.parametrize("case", [case for case in GOLDEN if "view" in case], ids=lambda case: case["name"])
def test_the_keys_in_the_golden_file_are_those_that_readers_give(case):
    for told in (case["before"], case["after"]):
        text = "".join(f"{line}\n" for _, line in told["lines"])
        assert [[line.key, line.text] for line in observe(case["view"], text).lines] == told["lines"]


def test_names_of_cases_are_told_apart():
    names = [case["name"] for case in GOLDEN]
    assert len(names) == len(set(names)) >= 50


def test_every_kind_of_answer_is_in_the_golden_file():
    for answer in ("added", "changed", "passing", "removed"):
        assert sum(bool(case[answer]) for case in GOLDEN) >= 5
    assert sum(not any(case[answer] for answer in ("added", "changed", "removed")) for case in GOLDEN) >= 5


@pytest.mark.parametrize("engine", ENGINES)
def test_nothing_real_differs_from_itself(engine):
    for stage in STAGES:
        for place in places(stage, engine).values():
            assert not any(diff(one, one) for one in place.views.values())


def test_what_is_captured_minutes_apart_differs_only_in_what_was_done():
    """Between these stages somebody used the network and set nothing up: of rules only counters moved."""
    before, after = places("4-networks")["h1"], places("5-traffic")["h1"]
    for view in ("nat", "filter"):
        found = diff(before.views[view], after.views[view])
        assert found.changed
        assert (found.added, found.removed, found.lasting) == ((), (), ())


ONE_VIEW = st.lists(
    st.tuples(st.sampled_from(["a", "rule:x", "conn:y", "neigh:z", "", "comment:x"]), st.text(max_size=12)), max_size=6
)


@given(ONE_VIEW, ONE_VIEW)
def test_added_one_way_is_removed_the_other(left, right):
    one, other = (seen({"lines": lines}) for lines in (left, right))
    there, back = diff(one, other), diff(other, one)
    assert set(there.added) == {line.key or line.text for line in back.removed}
    assert set(there.changed) == set(back.changed)
    assert set(there.passing) == set(back.passing) <= set(there.changed)
    assert not any(is_remark(line) for line in there.removed)


@given(ONE_VIEW)
def test_no_view_differs_from_itself(lines):
    assert diff(seen({"lines": lines}), seen({"lines": lines})) == Difference()


# --- a change, handed on ---


def change(before, after, view="nat"):
    return Change(Place(id="h1", kind="host", name="h1", views={view: after}), view, before, after)


def lines(*keys):
    return Observation(command="x", lines=tuple(Line(key=key, text=key) for key in keys))


def test_two_changes_become_one_from_the_first_to_the_last():
    both = change(lines("a"), lines("a", "b")).then(change(lines("a", "b"), lines("b", "c")))
    assert (both.difference.added, [line.key for line in both.difference.removed]) == (("b", "c"), ["a"])


def test_there_and_back_is_no_change():
    assert change(lines("a"), lines("b")).then(change(lines("b"), lines("a"))) is None


def test_a_difference_that_was_found_is_not_looked_for_again():
    known = Difference(added=("known",))
    assert Change(Place(id="h1", kind="host", name="h1"), "nat", lines("a"), lines("b"), known).difference is known
