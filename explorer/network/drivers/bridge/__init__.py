"""Driver bridge: a switch inside the host, a veth pair for every container, and NAT on the host."""

from __future__ import annotations

from pathlib import Path

from explorer.network.drivers.bridge import reasons, summary, why
from explorer.network.drivers.compared import Variant
from explorer.network.drivers.driver import Driver
from explorer.network.drivers.needs import BRIDGE, NAT, VETH

DRIVER = Driver(
    name="bridge",
    docker="bridge",
    order=20,
    title="bridge",
    promise="The default: a virtual switch on one host, NAT to the outside.",
    folder=Path(__file__).parent,
    why=why.why,
    why_address=why.why_address,
    asked=2,  # last, because its sentences fit any bridge
    needs=(VETH, BRIDGE, NAT),
    variants={
        10: Variant(id="bridge", title="bridge", driver="bridge", summary="A switch inside the host, and NAT at its door."),
        110: Variant(
            id="bridge-internal",
            title="bridge (internal)",
            driver="bridge",
            options=("--internal",),
            summary="The switch without a way out.",
        ),
        120: Variant(
            id="bridge-no-icc",
            title="bridge (ICC off)",
            driver="bridge",
            options=("-o", "com.docker.network.bridge.enable_icc=false"),
            summary="Containers of one network may not talk to each other.",
        ),
        130: Variant(
            id="bridge-loopback",
            title="bridge (port at 127.0.0.1)",
            driver="bridge",
            publish="127.0.0.1",
            summary="The port is published at 127.0.0.1, the host's own loopback.",
        ),
        140: Variant(
            id="bridge-no-proxy",
            title="bridge (no userland-proxy)",
            driver="bridge",
            daemon={"userland-proxy": False},
            summary="Published ports by rules alone, without a process that listens on the host.",
        ),
    },
    reasons=reasons.REASONS,
    summary=summary.facts,
)
