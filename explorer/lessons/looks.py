"""Links in a lesson's text that open a tool of the page, with its question filled in.

`[Follow it](#journey?source=h1/web&target=outside&kind=http)` sends a packet in the tab Journey, `[The rules](#rules?place=h1)`
opens a tab of a place, and `[Who reaches whom?](#reach)` the grid. The page reads the link
(`static/js/workbench/lesson-step.js`).
"""

from __future__ import annotations

from urllib.parse import parse_qsl

from explorer.network.views import VIEWS

TOOLS = ("journey", "capture", "reach", "added", "timeline")
TABS = (*dict.fromkeys(row.tab.lower() for row in VIEWS.values()), *TOOLS)
FIELDS = {"journey": ("source", "target", "kind", "port"), "reach": (), "timeline": ()}  # of the other tabs: place
KINDS = ("ping", "tcp", "http", "dns")


def read_look(href: str) -> tuple[str, dict[str, str]] | None:
    """(tab, what is filled in) of a link that opens a tool; None for every other link."""
    tab, _, query = href.removeprefix("#").partition("?")
    return (tab, dict(parse_qsl(query))) if href.startswith("#") and (query or tab in TABS) else None


def wrong_look(href: str) -> str:
    """What is wrong with a link that opens a tool; "" when nothing is, and for every other link."""
    look = read_look(href)
    if look is None:
        return ""
    tab, given = look
    if tab not in TABS:
        return f"a link to the tab {tab!r}, which does not exist; there are {', '.join(TABS)}"
    fields = FIELDS.get(tab, ("place",))
    if unknown := [name for name in given if name not in fields]:
        return f"a link to {tab} with {unknown[0]!r}; it takes {', '.join(fields) or 'nothing'}"
    if tab == "journey" and given and not (given.get("source") and given.get("target")):
        return "a link to a journey without `source` or `target`"
    if given.get("kind", KINDS[0]) not in KINDS:
        return f"a journey of the kind {given['kind']!r}; it is {', '.join(KINDS)}"
    if "port" in given and not (given["port"].isascii() and given["port"].isdecimal() and 0 < int(given["port"]) < 65_536):
        return f"a journey to the port {given['port']!r}; a port is a number from 1 to 65535"
    return ""


def places_in(href: str) -> list[str]:
    """The places that a link to a tool names: where it looks, or where its packet starts."""
    _, given = read_look(href) or ("", {})
    return [given[name] for name in ("place", "source") if name in given]
