"""Text of the usual tools → typed observations. Knows formats, not Docker; runs nothing.

Every reader takes hostile text: it never raises, is bounded in lines and length, and keeps what it does not know as a
line of its own. Which reader reads which view, and the command for it, stands in `network/views.py`;
`Observation.command` is what a learner would type to see the same.
"""

from __future__ import annotations

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

__all__ = [
    "TOOLS",
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
