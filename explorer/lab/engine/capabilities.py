"""What this kernel can do, found out by doing it in a throw-away network namespace, and which drivers that allows."""

from __future__ import annotations

import os
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

from explorer.environment import patient
from explorer.lab.errors import NodeError, NoDriver

SECONDS = patient(30)
# Each line is tried by itself; the name before the colon is reported when it succeeds.
_PROBES = """
veth: ip link add p0 type veth peer name p1
bridge: ip link add br0 type bridge
dummy: ip link add d0 type dummy
macvlan: ip link add link p0 name mv0 type macvlan mode bridge
ipvlan: ip link add link p1 name iv0 type ipvlan mode l2
vlan: ip link add link p0 name p0.10 type vlan id 10
vxlan: ip link add vx0 type vxlan id 4097 dstport 4789 dev p0
netem: tc qdisc add dev p0 root netem delay 10ms
nat: iptables -w -t nat -A POSTROUTING -s 192.0.2.0/24 -j MASQUERADE
nftables: nft add table ip probe
nftrace: nft add chain ip probe t { type filter hook output priority 0 \\; } && nft add rule ip probe t meta nftrace set 1
conntrack: conntrack -L
ipvs: test -e /proc/net/ip_vs || { modprobe -q ip_vs && test -e /proc/net/ip_vs; }
tun: test -c /dev/net/tun
esp: ip xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi 1 aead 'rfc4106(gcm(aes))' 0x$(printf '01%.0s' $(seq 20)) 64
"""
_NEEDS = {
    "bridge": ("veth", "bridge", "nat"),
    "host": (),
    "none": (),
    "macvlan": ("macvlan",),
    "ipvlan": ("ipvlan",),
    "overlay": ("vxlan", "bridge", "veth"),
    "third-party": ("veth", "bridge"),
}
_EXTRAS = {"macvlan": "vlan", "ipvlan": "vlan", "overlay": "ipvs"}
_MISSING_EXTRA = {"vlan": "no 802.1Q trunks", "ipvs": "no service addresses and no routing mesh"}


def features() -> dict[str, bool]:
    """Name of each kernel feature and whether it works here."""
    lines = [line.split(": ", 1) for line in _PROBES.strip().splitlines()]
    script = "\n".join(f"if {{ {command} ; }} >/dev/null 2>&1; then echo {name}; fi" for name, command in lines)
    try:
        done = subprocess.run(
            ["unshare", "--net", "sh", "-c", script], check=False, capture_output=True, text=True, timeout=SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NodeError("The kernel could not be asked what it can do.", str(error)) from error
    works = set(done.stdout.split())
    found = {name: name in works for name, _ in lines}
    found["overlayfs"] = _overlayfs()
    found["user namespaces"] = _user_namespaces()
    return found


def _overlayfs() -> bool:
    """A kernel lists a file system once its module is there; Debian's comes when somebody asks for it."""
    for asked in ([], ["modprobe", "-q", "overlay"]):
        with suppress(OSError, subprocess.TimeoutExpired):
            if asked:
                subprocess.run(asked, check=False, capture_output=True, timeout=SECONDS)
        if "overlay" in Path("/proc/filesystems").read_text().split():
            return True
    return False


def _user_namespaces() -> bool:
    try:
        return int(Path("/proc/sys/user/max_user_namespaces").read_text()) > 0
    except (OSError, ValueError):
        return False


def drivers(found: dict[str, bool]) -> dict[str, str]:
    """Driver → "" when everything about it works, else what is missing. `no` at the beginning of a lack that is bearable."""
    told = {}
    for driver, needs in _NEEDS.items():
        missing = [need for need in needs if not found.get(need)]
        extra = _EXTRAS.get(driver)
        if missing:
            told[driver] = f"the kernel has no {' and no '.join(missing)}"
        elif extra and not found.get(extra):
            told[driver] = _MISSING_EXTRA[extra]
        else:
            told[driver] = ""
    return told


def usable(found: dict[str, bool]) -> set[str]:
    """Drivers whose lesson can be played here."""
    return {driver for driver, needs in _NEEDS.items() if all(found.get(need) for need in needs)}


def needs(driver: str) -> tuple[str, ...]:
    """The features a driver cannot do without."""
    return _NEEDS.get(driver, ())


def require(driver: str) -> None:
    """Raises NoDriver when this kernel lacks what a lesson about this driver plays on. Names that need nothing pass."""
    found = features() if _NEEDS.get(driver) else {}
    if missing := [need for need in _NEEDS.get(driver, ()) if not found.get(need)]:
        kernel = f"this node's kernel, Linux {os.uname().release}"
        raise NoDriver(f"A lesson about {driver} cannot be played here: {kernel}, has no {' and no '.join(missing)}.")


def report() -> dict[str, Any]:
    """For whoever has to know without asking a kernel: its release, and whether it can do each driver."""
    can = usable(features())
    return {"kernel": os.uname().release, "drivers": {driver: driver in can for driver in _NEEDS}}
