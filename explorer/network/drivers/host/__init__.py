"""Driver host: it makes nothing. The container's programs use the host's own network namespace."""

from __future__ import annotations

from pathlib import Path

from explorer.network.drivers.clauses import ENOUGH_ROUTES
from explorer.network.drivers.compared import Variant
from explorer.network.drivers.driver import Driver
from explorer.network.drivers.host import summary, why

_ASKS = "it is the host that asks, as far as anybody can tell"
_PORT = "a port it listens at is a port of the host"

DRIVER = Driver(
    name="host",
    docker="host",
    podman=True,
    predefined=True,
    in_host=True,
    order=30,
    title="host",
    promise="No network of its own: the container lives in the host's.",
    folder=Path(__file__).parent,
    why=why.why,
    why_address=why.why_address,
    variants={20: Variant(id="host", title="host", driver="host", summary="No network of its own: the host's.")},
    reasons={
        "netns no": "it runs in the host's own, with everything in it",
        "interfaces": "it sees the interfaces of the host",
        "address no": "it answers at the host's addresses",
        "mac no": "it uses the host's card",
        "mtu value": "it is the MTU of the host's own interface",
        "by-address yes": "both are in the host's namespace, so the server is at the host's own address",
        "by-name no": "Docker's name server serves user-defined networks, and the host's is none of them",
        "outward yes": _ASKS,
        "seen-as the host's": _ASKS,
        "inward yes": _PORT,
        "across yes": _PORT,
        "from-host yes": "it is a port of the host itself",
        "host-interfaces none": "there is nothing to connect",
        "host-routes none": ENOUGH_ROUTES,
        "host-rules none": "it lives under the rules the host has",
        "same-host": "both ends are in one namespace, over its loopback",
        "from-lan": "it ends at the host's own card",
    },
    unpublished="-p was discarded, since there is no second namespace to lead to",
    summary=summary.facts,
)
