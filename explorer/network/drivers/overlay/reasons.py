"""Why an overlay network answers a comparison as it does."""

from __future__ import annotations

from explorer.network.drivers.clauses import DNAT, NOT_TRANSLATED, listens, masqueraded, usual_rules
from explorer.network.drivers.compared import Cell, Clause, Variant


def _mtu(variant: Variant, cell: Cell) -> str:
    wrapped = 1500 - int(cell.number or 0)
    return f"{wrapped} bytes are left free for what the tunnel puts around each packet" if wrapped > 0 else ""


REASONS: dict[str, Clause] = {
    "interfaces": "eth0 leads to the overlay, eth1 to docker_gwbridge, its way out",
    "address yes": "Docker took it from the overlay's subnet, which is the same on every host of the swarm",
    "mtu value": _mtu,
    "by-address yes": "both are ports of the overlay's switch on this host",
    "outward yes": masqueraded("docker_gwbridge"),
    "seen-as the host's": NOT_TRANSLATED,
    "inward no": "its address means something on the overlay only, and outside is not on it",
    "published yes": DNAT,
    "from-host no": "the host is not on the overlay: its switch is in a namespace of its own",
    "host-published yes": listens,
    "across yes": "the hosts carry its frames to each other inside UDP (VXLAN)",
    "host-interfaces some": (
        "docker_gwbridge with its cables, and out of sight the overlay's bridges, cables and tunnels (vxlan)"
    ),
    "host-routes some": "one to the subnet of docker_gwbridge, and out of sight those of the overlay's namespaces",
    "host-rules some": usual_rules,
    "host-fdb": ("docker_gwbridge has its ports, and out of sight the overlay which host each container of the others is on"),
    "same-host": "two cables and a switch out of sight, past no rule of the host; on one host nothing is wrapped",
    "from-lan": "one host wraps each frame, the other unwraps it (VXLAN)",
}
