"""The table of views: each row can be read, is stale after the right notices, and reaches the page; no name is missing."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from explorer.network.views import VIEWS, Notice, commands, counting, for_page, kept, lasting, observe, owned, rank, stale_after

EXPLORER = Path(__file__).parents[2] / "explorer"
NOTICES: set[Notice] = {"link", "address", "route", "neighbour", "fdb", "queue", "rules", "connection"}


@pytest.mark.parametrize("view", commands())
def test_a_view_with_a_command_has_a_reader_that_takes_every_output(view):
    seen = observe(view, *("" for _ in commands()[view]))
    assert (seen.lines, seen.items, seen.error) == ((), (), "")


@pytest.mark.parametrize("view", commands())
def test_a_view_with_a_command_goes_stale_after_some_notice(view):
    assert view in stale_after(NOTICES)


def test_a_view_without_a_command_is_none_of_the_kernels():
    assert not stale_after(NOTICES) - commands().keys()
    assert VIEWS.keys() - commands().keys() == {"frames", "requests", "calls"}


def test_a_view_that_no_text_shows_is_not_read():
    with pytest.raises(ValueError, match="frames"):
        observe("frames", "1.2.3.4")


def test_no_notice_makes_nothing_stale():
    assert stale_after(()) == set()


def test_a_lost_notice_of_a_kind_makes_all_of_its_views_stale():
    of_links = {"interfaces", "qdiscs", "routes", "routes6", "neighbours", "fdb"}
    assert stale_after(("link", "address", "route", "neighbour", "fdb", "queue")) == of_links
    assert stale_after(("rules", "connection")) == {"nat", "filter", "raw", "connections"}


def test_passing_packets_move_the_counters_of_rules_and_a_connection_those_of_most():
    assert counting("packets") == ("nat", "filter", "raw")
    assert counting("connections") == ("nat", "filter")


def test_what_lasts_is_owned_and_kept():
    assert lasting() == owned() == ("interfaces", "qdiscs", "routes", "routes6", "nat", "filter", "raw", "fdb")
    assert set(kept()) - set(lasting()) == {"neighbours", "calls"}


def test_a_view_that_is_in_no_table_comes_last():
    assert [rank("interfaces"), rank("calls"), rank("unheard-of")] == [0, len(VIEWS) - 1, len(VIEWS)]


def test_the_page_gets_every_row_in_order_with_a_heading():
    rows = for_page()
    assert [row["view"] for row in rows] == list(VIEWS)
    assert all(row["heading"] and row["name"] and row["tab"] for row in rows)


def test_views_of_one_tab_stand_together():
    tabs = [row.tab for row in VIEWS.values()]
    first_seen = list(dict.fromkeys(tabs))
    assert tabs == sorted(tabs, key=first_seen.index)


def named_views(path: Path):
    """Each word used as the name of a view: `views["nat"]`, `views.get("nat")`, `world.seen(place, "nat", Rule)`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Attribute) and node.value.attr == "views":
            yield node.slice
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            whose = node.func.value
            if node.func.attr == "get" and isinstance(whose, ast.Attribute) and whose.attr == "views":
                yield node.args[0]
            elif node.func.attr in ("seen", "everywhere", "_items") and len(node.args) > 1:
                yield node.args[1]


def test_every_view_that_is_named_anywhere_is_in_the_table():
    named = {
        (str(path.relative_to(EXPLORER)), node.value)
        for path in EXPLORER.rglob("*.py")
        for node in named_views(path)
        if isinstance(node, ast.Constant)
    }
    assert len(named) > 30  # the search finds something
    assert {one for one in named if one[1] not in VIEWS} == set()
