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
    podman=True,
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
        150: Variant(
            id="bridge-ipv6",
            title="bridge (IPv4 and IPv6)",
            driver="bridge",
            options=("--ipv6", "--subnet", "fd00:8080::/64"),
            summary="A network with a subnet of each kind.",
        ),
        160: Variant(
            id="bridge-ipv6-only",
            title="bridge (IPv6 only, Engine 28)",
            driver="bridge",
            engine="28",
            since=28,
            options=("--ipv6", "--ipv4=false"),
            summary="A network without IPv4: Docker takes its prefix from a pool of its own.",
        ),
        170: Variant(
            id="bridge-proxied",
            title="bridge (port at [::])",
            driver="bridge",
            publish="[::]",
            summary="Published for IPv6 alone, while the container has only IPv4: docker-proxy stands between.",
        ),
    },
    reasons=reasons.REASONS,
    summary=summary.facts,
)
