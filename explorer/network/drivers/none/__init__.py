"""Driver null, network none: the container has its own network namespace with only a loopback interface."""

from __future__ import annotations

from pathlib import Path

from explorer.network.drivers.clauses import ENOUGH_ROUTES, NO_ADDRESS, NO_RULES
from explorer.network.drivers.compared import Variant
from explorer.network.drivers.driver import Driver
from explorer.network.drivers.none import summary, why

DRIVER = Driver(
    name="none",
    docker="null",
    podman=True,
    predefined=True,
    order=40,
    title="none",
    promise="Only loopback. Isolation, or a blank slate to build on.",
    folder=Path(__file__).parent,
    why=why.why,
    why_address=why.why_address,
    variants={
        30: Variant(id="none", title="none", driver="none", summary="A network namespace with nothing in it but loopback.")
    },
    reasons={
        "interfaces": "nobody put anything into its namespace but the loopback that every namespace has",
        "address no": "nobody gave it one",
        "mac no": "a loopback has none",
        "mtu no": "there is no card",
        "mtu value": "",
        "by-address no": "there is neither an address to ask nor a cable",
        "by-name no": "on no network there is no name server to ask",
        "outward no": "without an interface there is no route",
        "inward no": NO_ADDRESS,
        "across no": NO_ADDRESS,
        "from-host no": NO_ADDRESS,
        "host-interfaces none": "nothing is connected",
        "host-routes none": ENOUGH_ROUTES,
        "host-rules none": NO_RULES,
    },
    unpublished="-p leads nowhere",
    summary=summary.facts,
)
