"""What all predicates share: the type of an argument that names a place, and small comparisons."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Annotated

from explorer.network.model import DockerContainer, Flow, Probe
from explorer.network.world import World, like

Who = Annotated[str, "a place, an address, or either with *"]  # checked against the lesson's scenario when it is loaded
# the networks that Docker itself makes
BUILT_IN = ("bridge", "host", "none")


def asked(source: str, target: str, kind: str = "ping", port: int = 80) -> Probe:
    return Probe.model_validate({"source": source, "target": target, "kind": kind, "port": port})


def on_network(container: DockerContainer, network: str) -> bool:
    if not network:
        return True
    return like(container.network_mode, network) or any(like(one.network, network) for one in container.endpoints)


def flows(world: World, flow: Flow, source: str, destination: str, port: int) -> bool:
    return (
        world.belongs(flow.source, source)
        and world.belongs(flow.destination, destination)
        and (not port or flow.destination_port == port)
    )


def is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
