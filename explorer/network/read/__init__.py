"""Text of the usual tools → typed observations. Knows formats, not Docker; runs nothing.

Every reader takes hostile text: it never raises, is bounded in lines and length, and keeps what it does not know as a
line of its own. `COMMANDS` is what the node runs; `Observation.command` is what a learner would type to see the same.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from explorer.network.model import Observation, View
from explorer.network.read.addresses import read_addresses
from explorer.network.read.calls import read_calls
from explorer.network.read.connections import read_connections
from explorer.network.read.docker import read_docker
from explorer.network.read.fdb import read_fdb
from explorer.network.read.further import TOOLS, read_further
from explorer.network.read.neighbours import read_neighbours
from explorer.network.read.requests import read_requests
from explorer.network.read.routes import read_routes
from explorer.network.read.rules import read_rules

COMMANDS: dict[View, tuple[str, ...]] = {
    "interfaces": ("ip", "-d", "addr"),
    "routes": ("ip", "route", "show", "table", "all"),
    "neighbours": ("ip", "neigh"),
    "fdb": ("bridge", "fdb"),
    "nat": ("iptables-save", "-c"),
    "filter": ("iptables-save", "-c"),
    "raw": ("iptables-save", "-c"),
    "connections": ("conntrack", "-L", "-o", "extended"),
}

FURTHER: dict[View, tuple[tuple[str, ...], ...]] = {"raw": TOOLS}  # what else has to be run for a view

READERS: dict[View, Callable[..., Observation]] = {
    "interfaces": read_addresses,
    "routes": read_routes,
    "neighbours": read_neighbours,
    "fdb": read_fdb,
    "nat": partial(read_rules, table="nat"),
    "filter": partial(read_rules, table="filter"),
    "raw": read_further,
    "connections": read_connections,
    "requests": read_requests,
    "calls": read_calls,
}


def observe(view: View, text: str, *further: str) -> Observation:
    """What `view` shows, from the text that `COMMANDS[view]` (or, for requests, the machine's log) printed, and `FURTHER`."""
    return READERS[view](text, *further)


__all__ = [
    "COMMANDS",
    "FURTHER",
    "READERS",
    "observe",
    "read_addresses",
    "read_calls",
    "read_connections",
    "read_docker",
    "read_fdb",
    "read_further",
    "read_neighbours",
    "read_requests",
    "read_routes",
    "read_rules",
]
