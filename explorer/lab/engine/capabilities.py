"""What this kernel can do, tested in a temporary network namespace, and which drivers it can run."""

from __future__ import annotations

import os
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

from explorer.environment import patient
from explorer.lab.errors import NodeError, NoDriver
from explorer.network.drivers import DRIVERS, Driver
from explorer.network.drivers.needs import VETH, Need

SECONDS = patient(30)
# Features that no driver needs but other parts of the product do. The needs of drivers are in the drivers' packages.
_PROBES = (
    Need("dummy", "ip link add d0 type dummy"),
    Need("netem", "tc qdisc replace dev p0 root netem delay 10ms"),
    Need("tbf", "tc qdisc replace dev p0 root tbf rate 1mbit burst 16000 latency 100ms"),
    Need("nftables", "nft add table ip probe"),
    Need(
        "nftrace",
        "nft add chain ip probe t { type filter hook output priority 0 \\; } && nft add rule ip probe t meta nftrace set 1",
    ),
    Need("conntrack", "conntrack -L"),
    Need("tun", "test -c /dev/net/tun"),
)


def probes() -> list[Need]:
    """Every feature that is tested, with its shell line. The veth pair comes first, because other lines use it."""
    named = {need.name: need for driver in DRIVERS.values() for need in all_needs(driver)}
    return sorted((*named.values(), *_PROBES), key=lambda need: need is not VETH)


def all_needs(driver: Driver) -> tuple[Need, ...]:
    return (*driver.needs, *driver.wants, *driver.options.values())


def features() -> dict[str, bool]:
    """Name of each kernel feature → whether it works here. Raises NodeError when the test cannot run."""
    tried = probes()
    script = "\n".join(f"if {{ {need.probe} ; }} >/dev/null 2>&1; then echo {need.name}; fi" for need in tried)
    try:
        done = subprocess.run(
            ["unshare", "--net", "sh", "-c", script], check=False, capture_output=True, text=True, timeout=SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NodeError("The kernel could not be asked what it can do.", str(error)) from error
    works = set(done.stdout.split())
    found = {need.name: need.name in works for need in tried}
    found["overlayfs"] = _overlayfs()
    found["user namespaces"] = _user_namespaces()
    return found


def _overlayfs() -> bool:
    """Whether overlayfs works. A kernel lists a file system once its module is loaded; Debian loads this module on demand."""
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
    """Driver → what it lacks here: "" for nothing; "the kernel has no …" when its lesson cannot be played; else, separated by
    commas, what its lesson has to do without."""
    told = {}
    for driver in _playable():
        lost = [need.without for need in driver.wants if not found.get(need.name)]
        if missing := missing_for(driver.name, found):
            told[driver.name] = f"the kernel has no {' and no '.join(missing)}"
        else:
            told[driver.name] = ", ".join(lost)
    return told


def usable(found: dict[str, bool]) -> set[str]:
    """The drivers whose lessons can be played here."""
    return {driver.name for driver in _playable() if not missing_for(driver.name, found)}


def missing_for(driver: str, found: dict[str, bool]) -> list[str]:
    """The features that this driver needs and this kernel lacks."""
    known = DRIVERS.get(driver)
    return [need.name for need in known.needs if not found.get(need.name)] if known else []


def require(driver: str) -> None:
    """Raises NoDriver when this kernel lacks a feature that a lesson about this driver needs. A name that is not a driver
    passes."""
    known = DRIVERS.get(driver)
    if missing := missing_for(driver, features() if known and known.needs else {}):
        kernel = f"this node's kernel, Linux {os.uname().release}"
        raise NoDriver(f"A lesson about {driver} cannot be played here: {kernel}, has no {' and no '.join(missing)}.")


def report() -> dict[str, Any]:
    """The kernel's release, for each driver whether it can be played here, and what weather of links can be made of. It is for
    processes that may not test the kernel."""
    found = features()
    can = usable(found)
    return {
        "kernel": os.uname().release,
        "drivers": {driver.name: driver.name in can for driver in _playable()},
        "weather": weather(found),
    }


def weather(found: dict[str, bool]) -> list[str]:
    """What the weather of a link can be made of here."""
    return [*(name for name in ("netem", "tbf") if found.get(name)), "mtu"]


def _playable() -> list[Driver]:
    """The drivers without the subject of the first lesson, which is not a driver and needs nothing."""
    return [driver for driver in DRIVERS.values() if driver.variants]
