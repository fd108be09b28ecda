"""Links in a lesson's text that open a tool of the page: what they name exists, and what they fill in can be filled in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.lessons.looks import TABS, places_in, read_look, wrong_look
from explorer.lessons.render import faults, looked_at, render


@pytest.mark.parametrize(
    "href",
    [
        *("#reach", "#timeline", "#rules?place=h1", "#added?place=h1/web", "#journey", "/about/", "#step-title", "#"),
        *("#journey?source=h1/web&target=outside&kind=http&port=80", "#journey?source=h1&target=%5Bfd00::1%5D"),
    ],
)
def test_these_are_right(href):
    assert wrong_look(href) == ""


@pytest.mark.parametrize(
    ("href", "what"),
    [
        ("#rule?place=h1", "tab 'rule', which does not exist; there are interfaces, "),
        ("#rules?source=h1", "link to rules with 'source'; it takes place"),
        ("#reach?place=h1", "link to reach with 'place'; it takes nothing"),
        ("#journey?source=h1", "without `source` or `target`"),
        ("#journey?source=h1&target=outside&kind=smtp", "kind 'smtp'; it is ping, tcp, http, dns"),
        ("#journey?source=h1&target=outside&port=0", "port '0'"),
        ("#journey?source=h1&target=outside&port=８０", "port '８０'"),
    ],
)
def test_a_link_that_would_open_nothing_is_a_fault(href, what):
    assert what in wrong_look(href)
    (fault,) = faults(f"one\n\n[here]({href})\n")
    assert (fault.line, what in fault.what) == (3, True)


def test_a_place_that_the_lesson_does_not_have_is_a_fault(lessons):
    lessons.change("Then look:", "[Look](#rules?place=h1/webb):", "1.md")
    assert "1.md:7: no command of this lesson starts a container 'webb'" in lessons.error()


def test_the_link_is_kept_as_it_is():
    text = "[Follow it](#journey?source=h1/web&target=outside)"
    assert 'href="#journey?source=h1/web&amp;target=outside"' in render(text)
    assert looked_at(f"a\n\n{text}") == [(3, "h1/web")]


@given(st.text(max_size=60))
def test_no_link_is_too_strange_to_be_read(text):
    for href in (text, f"#{text}", f"#journey?{text}", f"#rules?place={text}"):
        wrong_look(href)
        places_in(href)
        assert read_look(href) is None or read_look(href)[0] == href[1:].partition("?")[0]


def test_the_tabs_are_those_of_the_page():
    assert {"interfaces", "rules", "neighbours", "journey", "timeline"} <= set(TABS)
