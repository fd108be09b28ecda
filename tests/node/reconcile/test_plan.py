"""What a sweep would do, for every mixture of rows and objects that hypothesis thinks of. No engine and no database."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from explorer.node.reconcile import plan as planning
from explorer.node.reconcile.plan import BRAKE_ABOVE, BUDGET, MISSING_SECONDS, SURE, Seen, mark, plan
from explorer.sandboxes.models import Sandbox

State = Sandbox.State
HERE, THERE = "node1", "node2"
NOW = 1_000_000.0
NAMES = [f"s{number}" for number in range(12)]


@dataclass(frozen=True)
class Thing:
    sandbox: str
    generation: int
    expires_at: float = NOW + 999
    running: int = 2
    objects: int = 3


rows = st.dictionaries(
    st.sampled_from(NAMES),
    st.builds(
        lambda state, generation, node: (state, generation, node),
        st.sampled_from(State.values),
        st.integers(1, 3),
        st.sampled_from([HERE, THERE, None]),
    ),
)
things = st.lists(
    st.builds(
        Thing,
        st.sampled_from(NAMES),
        st.integers(1, 3),
        st.sampled_from([NOW - 1, NOW + 999]),
        st.sampled_from([0, 2]),
    ),
    unique_by=lambda one: (one.sandbox, one.generation),
)
ages = st.dictionaries(st.sampled_from(NAMES), st.sampled_from([NOW - 700, NOW - 5, NOW + 50]))


@st.composite
def seen(draw, restored=None):
    made = {
        name: Sandbox(pk=name, state=state, generation=generation, node_id=node)
        for name, (state, generation, node) in draw(rows).items()
    }
    marks = {mark(row): draw(st.sampled_from([NOW - 60, NOW - 1, NOW + 50])) for row in made.values()}
    return Seen(HERE, NOW, made, draw(things), draw(ages), marks, draw(st.booleans()) if restored is None else restored)


@given(seen())
def test_what_a_live_row_of_this_node_names_is_never_removed(seen):
    planned = plan(seen)
    for one in (*planned.remove, *planned.later):
        row = seen.rows.get(one.sandbox)
        live = row is not None and row.state not in Sandbox.OVER and row.node_id in (HERE, None)
        assert not (live and one.generation >= row.generation)


@given(seen())
def test_a_sweep_keeps_to_its_budget_and_names_a_reason_for_each(seen):
    planned = plan(seen)
    assert len(planned.remove) <= BUDGET
    assert all(one.why for one in (*planned.remove, *planned.later, *planned.braked, *planned.kept))


ELSEWHERE_NEWER = {"s1": Sandbox(pk="s1", state=State.QUEUED, generation=2, node_id=THERE)}


@given(seen())
@example(Seen(HERE, NOW, ELSEWHERE_NEWER, [Thing("s1", 1)], restored=True))
def test_nothing_is_both_removed_and_kept(seen):
    planned = plan(seen)
    groups = [{(one.sandbox, one.generation) for one in some} for some in (planned.remove, planned.later, planned.braked)]
    kept = {(one.sandbox, one.generation) for one in planned.kept}
    assert sum(map(len, (*groups, kept))) == len(set().union(*groups, kept))


@given(seen())
def test_what_the_database_doubts_is_removed_for_a_minority_only(seen):
    doubtful = {one.sandbox for one in (*plan(seen).remove, *plan(seen).later) if one.why not in SURE}
    assert len(doubtful) <= BRAKE_ABOVE or len(doubtful) * 2 <= len({one.sandbox for one in seen.found})


@given(seen(restored=True))
def test_an_older_database_decides_only_about_what_it_knows_to_be_over(seen):
    planned = plan(seen)
    for one in (*planned.remove, *planned.later, *planned.braked):
        row = seen.rows.get(one.sandbox)
        if row is None:
            assert one.why == planning.TIME_OVER
        else:
            assert one.why in SURE
            assert one.generation <= row.generation


@given(seen(restored=True))
def test_everything_it_does_not_know_is_reported(seen):
    kept = {(one.sandbox, one.generation) for one in plan(seen).kept}
    for one in seen.found:
        if one.sandbox not in seen.rows and one.expires_at > NOW:
            assert (one.sandbox, one.generation) in kept


@given(seen())
def test_a_row_is_lost_only_after_two_listings_without_it(seen):
    planned = plan(seen)
    for name in planned.lost:
        row = seen.rows[name]
        assert row.node_id == HERE
        assert row.state in (State.READY, State.WARM)
        assert seen.missing[mark(row)] <= NOW - MISSING_SECONDS
        assert not [one for one in seen.found if one.sandbox == name and one.generation >= row.generation and one.running]


@given(seen())
def test_the_first_listing_without_it_is_only_remembered(seen):
    first = plan(Seen(seen.node, seen.now, seen.rows, seen.found, seen.strays, {}, seen.restored))
    assert not first.lost
    again = plan(Seen(seen.node, NOW + MISSING_SECONDS, seen.rows, seen.found, seen.strays, first.missing, seen.restored))
    assert {mark(seen.rows[name]) for name in again.lost} == set(first.missing)


@given(seen(restored=False))
def test_in_the_end_the_engine_has_nothing_that_the_rows_do_not_want(seen):
    """Sweeps with the same rows come to an end, and only the brake and an operator hold anything back."""
    found, strays = list(seen.found), dict(seen.strays)
    now = seen.now
    for _ in range(8):
        planned = plan(Seen(HERE, now, seen.rows, found, strays, {}))
        gone = {(one.sandbox, one.generation) for one in planned.remove}
        found = [one for one in found if (one.sandbox, one.generation) not in gone]
        strays, now = dict(planned.strays), now + 700
    held = {(one.sandbox, one.generation) for one in planned.braked}
    for one in found:
        row = seen.rows.get(one.sandbox)
        wanted = row and row.state not in Sandbox.OVER and row.node_id in (HERE, None) and one.generation >= row.generation
        assert wanted or (one.sandbox, one.generation) in held


@pytest.mark.parametrize(("generation", "lost"), [(1, True), (2, False), (3, False)])
def test_hosts_of_a_newer_generation_than_the_row_do_not_count_as_gone(generation, lost):
    row = Sandbox(pk="s0", state=State.READY, generation=2, node_id=HERE)
    planned = plan(Seen(HERE, NOW, {"s0": row}, [Thing("s0", generation)], {}, {mark(row): NOW - 60}))
    assert bool(planned.lost) is lost
