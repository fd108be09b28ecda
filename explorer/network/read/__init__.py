"""From the text of the usual tools to typed observations. This package knows the tools' formats; it starts nothing.

Every reader takes hostile text: it never raises, it is bounded in the number and length of lines, and it keeps a line that it
does not know as a line without an item. `network/views.py` says which reader reads which view and which command prints the
text. `Observation.command` is what a learner would type to see the same. The typed items are read from the text that is
shown, so the text and the items cannot disagree.
"""

from __future__ import annotations

from explorer.network.read.addresses import read_addresses
from explorer.network.read.calls import read_calls
from explorer.network.read.connections import read_connections
from explorer.network.read.docker import read_docker
from explorer.network.read.fdb import read_fdb
from explorer.network.read.further import TOOLS, read_further
from explorer.network.read.neighbours import read_neighbours
from explorer.network.read.podman import read_podman
from explorer.network.read.qdiscs import read_qdiscs
from explorer.network.read.requests import read_requests
from explorer.network.read.routes import read_routes, read_routes6
from explorer.network.read.rules import read_rules

__all__ = [
    "TOOLS",
    "read_addresses",
    "read_calls",
    "read_connections",
    "read_docker",
    "read_fdb",
    "read_further",
    "read_neighbours",
    "read_podman",
    "read_qdiscs",
    "read_requests",
    "read_routes",
    "read_routes6",
    "read_rules",
]
