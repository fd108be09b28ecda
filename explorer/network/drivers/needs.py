"""What a driver needs of a kernel, and the shell line that tests whether the kernel can do it.

The lines run in a temporary network namespace in which `p0` and `p1` are the ends of a veth pair. This module holds the needs
that several drivers share; a need of one driver stands in the driver's package.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Need:
    """One feature of a kernel. `use` says what it is for, with `{}` for the drivers that need it. `without` says what is
    missing when a driver runs without it. `refusal` is the sentence for a network whose option needs it, with `{}` for the
    name of this node's kernel."""

    name: str
    probe: str
    use: str = "{} lessons"
    without: str = ""
    refusal: str = ""


VETH = Need("veth", "ip link add p0 type veth peer name p1")
BRIDGE = Need("bridge", "ip link add br0 type bridge")
NAT = Need("nat", "iptables -w -t nat -A POSTROUTING -s 192.0.2.0/24 -j MASQUERADE")
VLAN = Need(
    "vlan",
    "ip link add link p0 name p0.10 type vlan id 10",
    use="802.1Q trunks in the {} lessons",
    without="no 802.1Q trunks",
)
