"""From the Markdown of a lesson to HTML: clickable commands, notes, explained words, no raw HTML; the result is sanitised.

A fenced block whose info string is `run PLACE` becomes one button per line. `!!! note` begins a note. The first use of a
glossary word in a text carries the word's meaning. `!!! after WORD` begins a part of the text that is sent later.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import NamedTuple

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.admon import admon_plugin

from explorer.lessons.looks import places_in, wrong_look
from explorer.lessons.model import Command, Part

PLACE = re.compile(r"^[a-z0-9][a-z0-9-]{0,30}(/[A-Za-z0-9][A-Za-z0-9_.-]{0,60})?$")
TAGS = {
    "p", "em", "strong", "code", "pre", "ul", "ol", "li", "h2", "h3", "h4", "blockquote", "hr", "br", "a",
    "table", "thead", "tbody", "tr", "th", "td", "abbr", "figure", "figcaption", "button", "div", "span", "kbd",
}  # fmt: skip
ATTRIBUTES = {
    "a": {"href"},
    "abbr": {"title", "tabindex"},
    "button": {"type", "class", "data-place", "data-command"},
    "figure": {"class", "data-place"},
    "div": {"class"},
    "p": {"class"},
    "code": {"class"},
    "span": {"class"},
}


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a text, and its line (from 1)."""

    line: int
    what: str


def reader(*, html: bool = False) -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": html}).enable("table")
    return parser.use(admon_plugin)


def run_place(token: Token) -> str | None:
    """The place of a `run` block; None for every other token."""
    words = token.info.split() if token.type == "fence" else []
    return " ".join(words[1:]) if words[:1] == ["run"] else None


def comes_after(token: Token) -> str | None:
    """The word of a block `!!! after WORD`; None for every other token."""
    words = token.info.split() if token.type == "admonition_open" else []
    return " ".join(words[1:]) if words[:1] == ["after"] else None


def lines_of(token: Token) -> list[str]:
    return [line.strip() for line in token.content.splitlines() if line.strip()]


def commands(text: str) -> list[tuple[int, Command]]:
    """Every clickable command with its line, in order."""
    found = []
    for token in reader().parse(text):
        place = run_place(token)
        if place is not None and token.map:
            for number, line in enumerate(token.content.splitlines(), start=token.map[0] + 2):
                if line.strip():
                    found.append((number, Command(place=place, command=line.strip())))
    return found


def looked_at(text: str) -> list[tuple[int, str]]:
    """(line, place) of every link that opens a tool at a place."""
    found = []
    for token in reader().parse(text):
        for child in token.children or []:
            if child.type == "link_open" and token.map:
                found += [(token.map[0] + 1, place) for place in places_in(str(child.attrGet("href") or ""))]
    return found


class Block(NamedTuple):
    """A piece of a text: what stands before, between and behind the blocks `!!! after WORD` (with an empty word), or such a
    block. `line` is that of its first line, from 1."""

    line: int
    after: str
    tokens: list[Token]

    @property
    def commands(self) -> tuple[Command, ...]:
        return tuple(
            Command(place=place, command=line)
            for token in self.tokens
            if (place := run_place(token)) is not None
            for line in lines_of(token)
        )


def blocks(text: str) -> list[Block]:
    """The pieces of a text in order; those without an `after` have content."""
    found = [Block(1, "", [])]
    inside = title = False
    for token in reader().parse(text):
        word = comes_after(token)
        if word is not None and token.level == 0:
            found.append(Block(token.map[0] + 1 if token.map else 1, word, []))
            inside = title = True
        elif inside and title:
            title = token.type != "admonition_title_close"
        elif inside and token.level == 0 and token.type == "admonition_close":
            found.append(Block(1, "", []))
            inside = False
        else:
            found[-1].tokens.append(token)
    return [block for block in found if block.after or block.tokens]


def faults(text: str) -> list[Fault]:
    """What a lesson's text may not hold: raw HTML, pictures, links to other sites, run blocks without a place."""
    found: list[Fault] = []
    for token in reader(html=True).parse(text):
        line = token.map[0] + 1 if token.map else 1
        place = run_place(token)
        if token.type == "html_block":
            found.append(Fault(line, "raw HTML; write Markdown instead"))
        elif place is not None and not PLACE.match(place):
            found.append(Fault(line, f"run block with the place {place!r}; write ```run h1, ```run h1/NAME or ```run outside"))
        elif comes_after(token) is not None and token.level:
            found.append(Fault(line, "`!!! after` inside a list, a quotation or another block; begin it at the left edge"))
        elif place is not None and not lines_of(token):
            found.append(Fault(line, "empty run block; write one command per line"))
        found.extend(inline_faults(token.children or [], line))
    return found


def inline_faults(tokens: Sequence[Token], line: int) -> list[Fault]:
    found: list[Fault] = []
    for token in tokens:
        if token.type in {"softbreak", "hardbreak"}:
            line += 1
        elif token.type == "html_inline":
            found.append(Fault(line, f"raw HTML {token.content[:40]!r}; write Markdown instead"))
        elif token.type == "image":
            found.append(Fault(line, "a picture; lessons show the sandbox, not pictures: remove it"))
        elif token.type == "link_open" and (problem := wrong_look(str(token.attrGet("href") or ""))):
            found.append(Fault(line, problem))
        elif token.type == "link_open" and not local(str(token.attrGet("href") or "")):
            found.append(Fault(line, f"a link to {token.attrGet('href')!r}; only links within this site (/… or #…)"))
    return found


def local(href: str) -> bool:
    return href.startswith("#") or (href.startswith("/") and not href.startswith("//"))


def explained(tokens: Sequence[Token], glossary: dict[str, str]) -> None:
    """Marks the first use of each glossary word."""
    left = dict(glossary)
    for token in tokens:
        if token.type != "inline" or not token.children or not left:
            continue
        depth = 0
        children: list[Token] = []
        for child in token.children:
            depth += child.type == "link_open"
            depth -= child.type == "link_close"
            children.extend(marked(child, left) if child.type == "text" and not depth else [child])
        token.children = children


def marked(token: Token, left: dict[str, str]) -> list[Token]:
    """A text token, split around its glossary words. Each word that is found is removed from `left`."""
    if not left:
        return [token]
    words = "|".join(re.escape(word) for word in sorted(left, key=len, reverse=True))
    match = re.search(rf"\b({words})s?\b", token.content)
    if match is None:
        return [token]
    meaning = left.pop(match[1])
    before, after = (
        Token("text", "", 0, content=part) for part in (token.content[: match.start()], token.content[match.end() :])
    )
    opened = Token("abbr_open", "abbr", 1, attrs={"title": meaning, "tabindex": "0"})
    return [before, opened, Token("text", "", 0, content=match[0]), Token("abbr_close", "abbr", -1), *marked(after, left)]


def run_block(token: Token, place: str) -> str:
    buttons = "".join(
        f'<button type="button" class="run" data-place="{escape(place)}" data-command="{escape(line)}">'
        f"<code>{escape(line)}</code></button>"
        for line in lines_of(token)
    )
    return f'<figure class="run" data-place="{escape(place)}"><figcaption>{escape(place)}</figcaption>{buttons}</figure>\n'


def render(text: str, glossary: dict[str, str] | None = None) -> str:
    return "".join(part.html for part in render_parts(text, glossary))


def render_parts(text: str, glossary: dict[str, str] | None = None) -> tuple[Part, ...]:
    """The parts of a text in order: what is sent at once, and each block `!!! after WORD`."""
    found = blocks(text)
    explained([token for block in found for token in block.tokens], glossary or {})
    return tuple(Part(html=_html(block.tokens), after=block.after, commands=block.commands) for block in found)


def _html(tokens: list[Token]) -> str:
    parser = reader()
    made = [
        token if (place := run_place(token)) is None else Token("html_block", "", 0, content=run_block(token, place))
        for token in tokens
    ]
    return sanitised(parser.renderer.render(made, parser.options, {}))


def render_line(text: str) -> str:
    """One line of Markdown as HTML without a paragraph around it."""
    return sanitised(reader().renderInline(text))


def sanitised(html: str) -> str:
    return nh3.clean(html, tags=TAGS, attributes=ATTRIBUTES, url_schemes=set(), link_rel=None)
