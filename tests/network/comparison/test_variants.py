"""What can be compared has names; what cannot gets a sentence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.lab.images.recipes import ENGINES
from explorer.network.comparison import NoVariant, all_variants, find_variant, find_variants, ready_sets
from explorer.network.comparison.variants import ready_set
from explorer.network.engines import is_engine
from explorer.network.scenario import SCENARIOS


def test_every_variant_is_found_by_its_id_and_begins_with_a_scenario_there_is():
    for word, variant in all_variants().items():
        assert find_variant(word) == variant
        assert variant.scenario in SCENARIOS


SETS = ready_sets(("26", "28"))


@pytest.mark.parametrize("ready", SETS.values(), ids=SETS)
def test_a_ready_made_set_can_be_compared(ready):
    assert [variant.id for variant in find_variants(ready.variants)] == list(ready.variants)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_version_of_the_engine_makes_another_variant(engine):
    variant = find_variant(f"bridge@{engine}")
    assert (variant.engine, variant.driver, variant.id) == (engine, "bridge", f"bridge@{engine}")
    assert engine in variant.title


@pytest.mark.parametrize(
    "word",
    ["", "bridge@", "bridge@0", "bridge@028", "bridge@2800", "BRIDGE", "../bridge", "bridge;ls", "bridge\n", "x" * 500, "\0"],
)
def test_what_is_no_variant_is_refused_in_a_short_sentence(word):
    with pytest.raises(NoVariant) as refused:
        find_variant(word)
    assert str(refused.value).endswith(".")
    assert len(str(refused.value)) < 400


@given(st.text(max_size=60))
def test_any_word_is_a_variant_or_is_refused_in_one_printable_line(word):
    name, _, engine = word.partition("@")
    if name in all_variants() and (word == name or is_engine(engine)):
        assert find_variant(word).id == word
        return
    with pytest.raises(NoVariant) as refused:
        find_variant(word)
    assert str(refused.value).isprintable()


@pytest.mark.parametrize("words", [[], ["bridge"], ["bridge"] * 2, ["bridge", "bridge@26"], list(all_variants())[:6]])
def test_too_few_too_many_or_the_same_twice_is_no_comparison(words):
    with pytest.raises(NoVariant):
        find_variants(words)


def test_the_order_is_the_one_asked_for():
    assert [one.id for one in find_variants(["overlay", "none", "bridge@28", "bridge"])] == [
        "overlay",
        "none",
        "bridge@28",
        "bridge",
    ]


@pytest.mark.parametrize(
    ("engines", "columns"),
    [
        (("26", "28"), ("bridge@26", "bridge@28")),
        (("28", "29", "30"), ("bridge@28", "bridge@29", "bridge@30")),
        (tuple(map(str, range(20, 30))), tuple(f"bridge@{one}" for one in range(25, 30))),
    ],
)
def test_the_set_of_versions_has_a_column_for_each_that_is_offered(engines, columns):
    ready = ready_sets(engines)["engines"]
    assert ready.variants == columns
    assert [variant.engine for variant in find_variants(ready.variants)] == list(engines[-5:])
    assert all(engine in ready.title for engine in engines[-5:])


@pytest.mark.parametrize("engines", [(), ("29",)])
def test_where_one_version_is_offered_there_is_no_set_of_versions(engines):
    assert "engines" not in ready_sets(engines)
    with pytest.raises(NoVariant, match="compares versions"):
        ready_set("engines", engines)
