"""Two empty network namespaces of this machine with one cable between them: as much of a sandbox as packets need."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from explorer.lab.inside.netns import Namespace
from explorer.network.model import Address, Interface, Observation, Place

H1, OUTSIDE = "10.99.0.1", "10.99.0.2"


@contextmanager
def two_namespaces() -> Iterator[dict[str, Namespace]]:
    """`h1` and `outside`, each with an `eth0`. No IPv6, so nothing talks by itself."""
    held = [
        subprocess.Popen(["unshare", "--net", "sh", "-c", "echo; exec sleep 300"], stdout=subprocess.PIPE) for _ in range(2)
    ]
    made: dict[str, Namespace] = {}
    try:
        for name, process in zip(("h1", "outside"), held, strict=True):
            assert process.stdout is not None
            process.stdout.readline()
            fd = os.open(f"/proc/{process.pid}/ns/net", os.O_RDONLY)
            made[name] = Namespace(process.pid, os.pidfd_open(process.pid), fd)
            run(made[name], "sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1")
        run(made["h1"], f"ip link add eth0 type veth peer name eth0 netns {made['outside'].pid}")
        for name, address in (("h1", H1), ("outside", OUTSIDE)):
            run(made[name], f"ip addr add {address}/24 dev eth0")
            run(made[name], "ip link set eth0 up")
            run(made[name], "ip link set lo up")
        yield made
    finally:
        for namespace in made.values():
            namespace.close()
        for process in held:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()


def run(namespace: Namespace, command: str) -> str:
    argv = ["nsenter", f"--net=/proc/{namespace.pid}/ns/net", *command.split()]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


def places() -> dict[str, Place]:
    return {"h1": place("h1", "host", H1), "outside": place("outside", "machine", OUTSIDE)}


def place(name, kind, address) -> Place:
    card = Interface(
        key="eth0", index=2, name="eth0", kind="veth", mtu=1500, state="UP",
        addresses=(Address(cidr=f"{address}/24", family="inet"),),
    )  # fmt: skip
    return Place(id=name, kind=kind, name=name, views={"interfaces": Observation(command="", items=(card,))})
