"""Driver overlay: one network over the hosts of a swarm. Frames between the hosts travel inside UDP (VXLAN)."""

from __future__ import annotations

from pathlib import Path

from explorer.network.drivers.compared import Variant
from explorer.network.drivers.driver import Driver
from explorer.network.drivers.needs import BRIDGE, VETH, Need
from explorer.network.drivers.overlay import reasons, summary, why

VXLAN = Need("vxlan", "ip link add vx0 type vxlan id 4097 dstport 4789 dev p0")
IPVS = Need(
    "ipvs",
    "test -e /proc/net/ip_vs || { modprobe -q ip_vs && test -e /proc/net/ip_vs; }",
    use="service addresses and the routing mesh in the overlay lesson",
    without="no service addresses and no routing mesh",
)
ESP = Need(
    "esp",
    "ip xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi 1 aead 'rfc4106(gcm(aes))' 0x$(printf '01%.0s' $(seq 20)) 64",
    use="encrypted overlay networks in comparisons",
    refusal="An encrypted overlay cannot be made here: {}, cannot encrypt packets (no ESP with AES-GCM).",
)

DRIVER = Driver(
    name="overlay",
    docker="overlay",
    spans_hosts=True,
    order=50,
    title="overlay",
    promise="One network across several hosts, frames inside frames.",
    folder=Path(__file__).parent,
    why=why.why,
    why_address=why.why_address,
    needs=(VXLAN, BRIDGE, VETH),
    wants=(IPVS,),
    options={"encrypted": ESP},
    links={"vxlan": "tunnel"},
    variants={
        60: Variant(
            id="overlay",
            title="overlay",
            driver="overlay",
            options=("--attachable",),
            summary="One network over two hosts of a swarm: frames travel inside UDP (VXLAN).",
        ),
        70: Variant(
            id="overlay-encrypted",
            title="overlay (encrypted)",
            driver="overlay",
            options=("--attachable", "--opt", "encrypted"),
            summary="The same, and the hosts encrypt what they send each other (IPsec).",
        ),
    },
    reasons=reasons.REASONS,
    slow="An overlay has to form a swarm first.",
    summary=summary.facts,
)
