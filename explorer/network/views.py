"""The views of a place, one row each: how a view is read, which notifications make it out of date, and how the page shows it.

A view is one kind of thing that a network namespace shows: its interfaces, its routes, the rules of one table. To add a view,
add a row to `VIEWS` and a reader to `network/read`, and capture the output of its command. No other file has a list of all
views: the observer runs the commands of this table, a comparison keeps the views that are marked here, and the page gets the
table as data (`for_page`).

Three views have no command, because no tool prints them: `requests` (a machine's own log), `frames` (the newest VXLAN frames)
and `calls` (what Docker asked of a third-party driver). `lab/watch` fills these; their rows say how they are shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from explorer.network.model import Observation, View
from explorer.network.read import (
    TOOLS,
    read_addresses,
    read_calls,
    read_connections,
    read_fdb,
    read_further,
    read_neighbours,
    read_qdiscs,
    read_requests,
    read_routes,
    read_routes6,
    read_rules,
)

Command = tuple[str, ...]
Notice = Literal[
    "link", "address", "route", "neighbour", "fdb", "queue", "rules", "connection"
]  # what a notification of the kernel is about
Where = Literal["always", "machine", "seen", "filled"]


@dataclass(frozen=True)
class ViewRow:
    """Reading: `command` is the command that the node runs in the place, `further` are commands that it runs as well. The
    reader gets each output as one argument. `stale_after` are the kernel's notifications after which the view has to be read
    again. `counts` says what moves the counters in its lines; a counter has no notification.

    Showing: `name` is the view's name in a sentence, `heading` its heading in a tab with several views. Views with the same
    `tab` are in one tab, in the order of the table. `shown` says where the page offers the view: everywhere, on a machine
    only, on places that have the view, or on places where it has lines. `drawn` says how its lines are drawn.

    Keeping: a view that `lasts` is compared between two moments; the lines of other views come and go by themselves. The
    lines of an `owned` view belong to a network, a container or another owner, so they count as added by that owner. A `kept`
    view is kept with a column of a comparison; a view that lasts is always kept.
    """

    reader: Callable[..., Observation] | None
    name: str
    tab: str
    command: Command = ()
    further: tuple[Command, ...] = ()
    stale_after: tuple[Notice, ...] = ()
    counts: tuple[Literal["packets", "connections"], ...] = ()
    heading: str = ""
    shown: Where = "always"
    drawn: Literal["table", "folded", "calls"] = "table"
    lasts: bool = False
    owned: bool = False
    kept: bool = False


_RULES = ("iptables-save", "-c")

# When a link goes down, its routes, neighbours and forwarding entries go too, but the kernel notifies only of the link.
VIEWS: dict[View, ViewRow] = {
    "interfaces": ViewRow(
        reader=read_addresses,
        command=("ip", "-d", "addr"),
        stale_after=("link", "address", "queue"),
        name="interfaces",
        tab="Interfaces",
        lasts=True,
        owned=True,
    ),
    "qdiscs": ViewRow(
        reader=read_qdiscs,
        command=("tc", "qdisc", "show"),
        stale_after=("link", "queue"),
        name="queueing disciplines",
        tab="Interfaces",
        shown="filled",
        lasts=True,
        owned=True,
    ),
    "routes": ViewRow(
        reader=read_routes,
        command=("ip", "route", "show", "table", "all"),
        stale_after=("link", "address", "route"),
        name="routes",
        tab="Routes",
        lasts=True,
        owned=True,
    ),
    "routes6": ViewRow(
        reader=read_routes6,
        command=("ip", "route", "show", "table", "all"),
        stale_after=("link", "address", "route"),
        name="IPv6 routes",
        heading="IPv6 routes",
        tab="Routes",
        shown="filled",
        lasts=True,
        owned=True,
    ),
    "nat": ViewRow(
        reader=partial(read_rules, table="nat"),
        command=_RULES,
        stale_after=("rules",),
        counts=("packets", "connections"),
        name="NAT",
        heading="nat table",
        tab="Rules",
        lasts=True,
        owned=True,
    ),
    "filter": ViewRow(
        reader=partial(read_rules, table="filter"),
        command=_RULES,
        stale_after=("rules",),
        counts=("packets", "connections"),
        name="filter",
        heading="filter table",
        tab="Rules",
        lasts=True,
        owned=True,
    ),
    "connections": ViewRow(
        reader=read_connections,
        command=("conntrack", "-L", "-o", "extended"),
        stale_after=("connection",),
        name="connections",
        heading="tracked connections",
        tab="Rules",
    ),
    "raw": ViewRow(
        reader=read_further,
        command=_RULES,
        further=TOOLS,
        stale_after=("rules",),
        counts=("packets",),
        name="what else netfilter holds",
        tab="Rules",
        shown="filled",
        lasts=True,
        owned=True,
    ),
    "neighbours": ViewRow(
        reader=read_neighbours,
        command=("ip", "neigh"),
        stale_after=("link", "neighbour"),
        name="neighbours",
        tab="Neighbours",
        kept=True,
    ),
    "fdb": ViewRow(
        reader=read_fdb,
        command=("bridge", "fdb"),
        stale_after=("link", "fdb"),
        name="bridge FDB",
        tab="Neighbours",
        lasts=True,
        owned=True,
    ),
    "frames": ViewRow(reader=None, name="frames", tab="Packets", shown="seen", drawn="folded"),
    "requests": ViewRow(reader=read_requests, name="requests", tab="Requests", shown="machine"),
    "calls": ViewRow(reader=read_calls, name="calls", tab="Driver", shown="filled", drawn="calls", kept=True),
}


def observe(view: View, text: str, *further: str) -> Observation:
    """The observation of `view`, read from the output of its command (for requests: from the machine's log) and of its
    further commands."""
    reader = VIEWS[view].reader
    if reader is None:
        raise ValueError(f"no text is read for the view {view}")
    return reader(text, *further)


def commands() -> dict[View, tuple[Command, ...]]:
    """Every view that has a command, with all commands that are needed to read it."""
    return {view: (row.command, *row.further) for view, row in VIEWS.items() if row.command}


def stale_after(notices: Iterable[Notice]) -> set[View]:
    """The views that may be out of date after these notifications."""
    told = set(notices)
    return {view for view, row in VIEWS.items() if told & set(row.stale_after)}


def counting(what: Literal["packets", "connections"]) -> tuple[View, ...]:
    """The views with counters that packets or new connections move."""
    return tuple(view for view, row in VIEWS.items() if what in row.counts)


def lasting() -> tuple[View, ...]:
    """The views that are compared between two moments (`lasts`)."""
    return tuple(view for view, row in VIEWS.items() if row.lasts)


def owned() -> tuple[View, ...]:
    """The views whose lines belong to an owner."""
    return tuple(view for view, row in VIEWS.items() if row.owned)


def kept() -> tuple[View, ...]:
    """The views that a comparison keeps with a column."""
    return tuple(view for view, row in VIEWS.items() if row.kept or row.lasts)


def rank(view: View) -> int:
    """The position of the view in the table; an unknown view comes last."""
    return next((place for place, known in enumerate(VIEWS) if known == view), len(VIEWS))


def for_page() -> list[dict[str, Any]]:
    """The rows as the page needs them, in order; `static/js/page/tables.js` reads them."""
    return [
        {
            "view": view,
            "name": row.name,
            "heading": row.heading or row.name,
            "tab": row.tab,
            "shown": row.shown,
            "drawn": row.drawn,
            "lasts": row.lasts,
            "owned": row.owned,
        }
        for view, row in VIEWS.items()
    ]
