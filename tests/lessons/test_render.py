"""Texts become buttons, notes and explained words, and nothing else gets through."""

from __future__ import annotations

import re

import pytest

from explorer.lessons.render import commands, faults, render, render_line
from tests.attacks import attack


def test_a_command_becomes_a_button():
    html = render('```run h1/web\ncurl -s "http://a?b&c"\n\nip addr\n```\n')
    assert '<figure class="run" data-place="h1/web"><figcaption>h1/web</figcaption>' in html
    assert 'data-command="curl -s &quot;http://a?b&amp;c&quot;"' in html
    assert html.count('<button type="button" class="run"') == 2


def test_other_fences_stay_text():
    assert render("```\ndocker ps\n```\n") == "<pre><code>docker ps\n</code></pre>\n"


def test_lines_of_commands():
    assert [(line, one.command) for line, one in commands("a\n\n```run h1\none\n\ntwo\n```\n")] == [(4, "one"), (6, "two")]


def test_note():
    html = render('!!! note "Remember"\n    This *one*.\n')
    assert '<div class="admonition note">' in html
    assert '<p class="admonition-title">Remember</p>' in html


def test_first_use_of_a_word_is_explained():
    html = render("A `veth` is no veth. The veths, [veth](/x).\n\nveth", {"veth": 'A "cable"'})
    assert html.count("<abbr") == 1
    assert re.search(r"""<abbr title=("A &quot;cable&quot;"|'A "cable"') tabindex="0">veth</abbr>""", html)


@attack(
    "markup and scripts in a lesson's text", origin="output", expected="harmless", held_by="a renderer that knows few marks"
)
@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[a](javascript:alert(1))",
        "![a](javascript:alert(1))",
        "[a](http://elsewhere/)",
        '```run h1\n"><script>alert(1)</script>\n```',
        '```run "><script>\nls\n```',
        '!!! note "<script>alert(1)</script>"\n    <b onclick=x>\n',
    ],
)
def test_nothing_gets_through(text):
    html = render(text) + render_line(text.replace("\n", " "))
    assert not any(bad in html for bad in ("<script", "<img", "<b ", "href"))


@pytest.mark.parametrize("text", ["*plain* `code`", "[here](/about/)", "[there](#checks)", "a < b & c > d", "```sh\n<b>\n```"])
def test_no_faults(text):
    assert faults(text) == []
