"""A link to a comparison: read, written, and refused in a sentence when it is not one of ours."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.network.comparison import all_variants, ready_sets
from explorer.network.comparison.spec import QUERY_BYTES, BadSpec, Spec, from_query, to_query


def test_columns_keep_their_order():
    assert from_query("columns=none,bridge").columns == ("none", "bridge")
    assert from_query("columns=none&columns=bridge").columns == ("none", "bridge"), "as a form sends them"


def test_a_ready_made_set_is_its_columns():
    assert from_query("set=published").columns == ready_sets(())["published"].variants


def test_an_engine_is_for_those_that_name_none():
    assert from_query("columns=bridge@26,host&engine=28").columns == ("bridge@26", "host@28")


def test_the_usual_engine_needs_no_name():
    assert to_query(from_query("columns=bridge,host&engine=26")) == "columns=bridge,host"


def test_throughput_is_measured_unless_not():
    assert from_query("columns=bridge,host").throughput
    assert not from_query("columns=bridge,host&throughput=0").throughput


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("", "2 to 5"),
        ("columns=bridge", "2 to 5"),
        ("columns=bridge,host,none,macvlan,overlay,ipvlan", "2 to 5"),
        ("columns=bridge,bridge", "twice"),
        ("columns=bridge,bridge@26", "twice"),
        ("columns=bridge,../../etc", "no '../../etc'"),
        ("columns=bridge@0,host", "0 is no version"),
        ("columns=bridge,host&engine=2x", "'2x' is no version"),
        ("set=engines", "here is none"),
        ("set=everything", "no set 'everything'"),
        ("set=published&columns=bridge,host", "not both"),
        ("columns=bridge,host&throughput=maybe", "measured (1) or not (0)"),
        ("columns=bridge,host&x=1", "'x'"),
        ("&".join(f"columns={n}" for n in range(30)), "too much"),
        ("columns=" + "a" * QUERY_BYTES, "too long"),
    ],
)
def test_what_is_not_ours_is_refused_in_a_sentence(query, said):
    with pytest.raises(BadSpec) as refused:
        from_query(query)
    assert said in str(refused.value)
    assert len(str(refused.value)) < 400


@given(st.lists(st.sampled_from(sorted(all_variants())), min_size=2, max_size=5, unique=True), st.booleans())
def test_the_link_reopens_the_same_comparison(columns, throughput):
    spec = Spec(columns=tuple(columns), throughput=throughput)
    assert from_query(to_query(spec)) == spec


@given(st.text(max_size=200))
def test_no_words_break_it(query):
    with suppress(BadSpec):
        from_query(query)
