"""Driver ipvlan: the container's interface sits on the host's interface, shares its MAC address and has its own IP address."""

from __future__ import annotations

from pathlib import Path

from explorer.network.drivers.clauses import ON_LAN
from explorer.network.drivers.compared import LAN_OPTIONS, Variant
from explorer.network.drivers.driver import Driver
from explorer.network.drivers.ipvlan import summary, why
from explorer.network.drivers.needs import VLAN, Need

IPVLAN = Need("ipvlan", "ip link add link p1 name iv0 type ipvlan mode l2")

DRIVER = Driver(
    name="ipvlan",
    docker="ipvlan",
    on_lan=True,
    order=70,
    title="ipvlan",
    promise="Many addresses, one MAC, for switches that count.",
    folder=Path(__file__).parent,
    why=why.why,
    why_address=why.why_address,
    needs=(IPVLAN,),
    wants=(VLAN,),
    links={"ipvlan": "child"},
    variants={
        50: Variant(
            id="ipvlan",
            title="ipvlan",
            driver="ipvlan",
            options=LAN_OPTIONS,
            summary="An address of its own on the host's LAN, behind the host's MAC address.",
        )
    },
    reasons={
        **ON_LAN,
        "interfaces": "eth0 is a second card, made out of the host's and sharing its MAC address",
        "mac no": "all cards made this way share the one of the host's card",
        "by-address yes": "the kernel hands packets from one made card to the other",
    },
    unpublished="-p does nothing, since the host is not on the way",
    summary=summary.facts,
)
