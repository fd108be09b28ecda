"""Driver macvlan: the container's interface sits on the host's interface, has its own MAC address and is a neighbour on the
LAN."""

from __future__ import annotations

from pathlib import Path

from explorer.network.drivers.clauses import ON_LAN
from explorer.network.drivers.compared import LAN_OPTIONS, Variant
from explorer.network.drivers.driver import Driver
from explorer.network.drivers.macvlan import summary, why
from explorer.network.drivers.needs import VLAN, Need

MACVLAN = Need("macvlan", "ip link add link p0 name mv0 type macvlan mode bridge")

DRIVER = Driver(
    name="macvlan",
    docker="macvlan",
    podman=True,
    on_lan=True,
    order=60,
    title="macvlan",
    promise="A MAC of its own: the container becomes a neighbour on your LAN.",
    folder=Path(__file__).parent,
    why=why.why,
    why_address=why.why_address,
    needs=(MACVLAN,),
    wants=(VLAN,),
    links={"macvlan": "child"},
    variants={
        40: Variant(
            id="macvlan",
            title="macvlan",
            driver="macvlan",
            options=LAN_OPTIONS,
            summary="A card of its own on the host's LAN, with a MAC address of its own.",
        )
    },
    reasons={
        **ON_LAN,
        "interfaces": "eth0 is a second card, made out of the host's",
        "mac yes": "the card made for it has one of its own, and the LAN sees it",
        "by-address yes": "the kernel hands frames from one made card to the other",
    },
    unpublished="-p does nothing, since the host is not on the way",
    summary=summary.facts,
)
