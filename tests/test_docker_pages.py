"""The rows of Docker's pages, without a host: each can be held, and the kept table has all of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.engine.docker_pages import table
from tests.engine.docker_pages.pages import ENGINES, ROWS, SOURCES
from tests.engine.docker_pages.row import Differs, Row, where

KEPT = Path(__file__).resolve().parents[1] / "docs" / "docker-pages.md"
ROW = Row(
    "Use IPv6 networking", "A section", "it answers", ("outside: curl h1 | cat",), "yes", {"26": Differs("no", "26 is old")}
)


def test_each_row_is_one_of_its_own_on_a_page_there_is():
    keys = [table.key_of(row) for row in ROWS]
    assert len(keys) == len(set(keys))
    assert {row.page for row in ROWS} == set(SOURCES)


def test_each_row_can_be_held_and_each_difference_has_a_reason():
    for row in ROWS:
        assert set(row.differs) <= set(ENGINES), row.says
        for engine in ENGINES:
            expected, why = row.expected(engine)
            re.compile(expected)
            assert expected != row.seen or not why, f"{row.says}: this differs by a reason only"
        assert not re.search(row.seen, "what nobody prints"), f"{row.says}: this holds whatever is seen"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("outside: curl h1", ("outside", "curl h1")),
        ("docker run box", ("h1", "docker run box")),
        ("echo services: {web: x}", ("h1", "echo services: {web: x}")),
    ],
)
def test_the_place_of_a_line(line, told):
    assert where(line) == told


def test_versions_that_show_the_same_share_a_line_and_others_say_why(monkeypatch):
    monkeypatch.setattr(table, "ROWS", (ROW,))
    one = {"key": table.key_of(ROW), "version": "28.5.2", "seen": "yes", "why": ""}
    same = table.as_markdown({(one["key"], "26"): {**one, "version": "26.1.5"}, (one["key"], "28"): one})
    assert "| A section | it answers | `outside: curl h1 \\| cat` | 26, 28 | `yes` | yes |" in same
    assert "1 are as the page says on every version; 0 differ" in same
    other = table.as_markdown({(one["key"], "26"): {**one, "seen": "no", "why": "26 is old"}, (one["key"], "28"): one})
    assert "| 26 | `no` | no: 26 is old |" in other
    assert "| 28 | `yes` | yes |" in other


def test_the_kept_table_has_rows_of_today_only():
    """A row that was changed since has to be typed again before it is kept."""
    today = {row.says.replace("|", "\\|") for row in ROWS}
    heads = ("| section", "| ---", "|  |")
    told = [line.split(" | ") for line in KEPT.read_text().splitlines() if line[:1] == "|" and not line.startswith(heads)]
    assert len(told) > 30
    for cells in told:
        assert any(cells[1].startswith(says) for says in today), cells[1]
