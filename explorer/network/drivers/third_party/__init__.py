"""Third-party drivers: programs beside Docker that Docker asks over a socket. The lesson's own driver is `lab-driver`
(lab/images)."""

from __future__ import annotations

from pathlib import Path

from explorer.network.drivers.clauses import ON_SWITCH, plain_mtu
from explorer.network.drivers.compared import Variant
from explorer.network.drivers.driver import Driver
from explorer.network.drivers.needs import BRIDGE, VETH
from explorer.network.drivers.third_party import summary, why

DRIVER = Driver(
    name="third-party",
    plugin="lab",
    order=80,
    title="third-party",
    promise="A driver is a program. Meet its API, then write one.",
    folder=Path(__file__).parent,
    why=why.why,
    why_address=why.why_address,
    asked=1,  # after the drivers of Docker Engine: its sentences fit the networks of every other driver
    needs=(VETH, BRIDGE),
    links={"geneve": "tunnel"},  # tunnels that other drivers use instead of VXLAN
    variants={
        80: Variant(
            id="third-party",
            title="third-party",
            driver="third-party",
            prepare=("lab-driver start",),
            summary="A driver that is a small program beside Docker: it makes the cables and nothing more.",
        )
    },
    reasons={
        **ON_SWITCH,
        "interfaces": "eth0 is one end of a cable (veth) that the driver made and plugged into a bridge of its own",
        "mtu value": plain_mtu("the kernel made its veth pair with"),
        "outward no": (
            "this driver does nothing for the way out: it writes no rule that lets the host forward these packets, "
            "and none that replaces a sender whom outside cannot answer"
        ),
        "host-interfaces some": "a bridge of the driver's, and the host's end of a cable for each container",
        "host-rules some": "the driver lets its containers talk, and does nothing else",
    },
    unpublished="ports are the driver's work, and this one does none of it",
    summary=summary.facts,
)
