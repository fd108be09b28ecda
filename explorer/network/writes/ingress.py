"""The rules of swarm's routing mesh: chains DOCKER-INGRESS.

A daemon that is in a swarm makes them when the first service publishes a port through the mesh. Whether one does, and which
port, is not in what the daemon of a host says of its containers. So these rules may be there or not, and the rules for single
ports are not computed.
"""

from __future__ import annotations

from explorer.network.model import DockerState

INGRESS = "DOCKER-INGRESS"
LOOKED_UP = "Packets may be for a port that a swarm service publishes: that is looked up first."
MESH = {
    ("nat", f"-A PREROUTING -m addrtype --dst-type LOCAL -j {INGRESS}"): LOOKED_UP,
    ("nat", f"-A OUTPUT -m addrtype --dst-type LOCAL -j {INGRESS}"): LOOKED_UP,
    ("nat", "-A POSTROUTING -o docker_gwbridge -m addrtype --src-type LOCAL -j MASQUERADE"): (
        "What this host itself sends to a service's published port gets the address of docker_gwbridge."
    ),
    ("nat", f"-A {INGRESS} -j RETURN"): "Not for a service's published port: the chain that called this one goes on.",
    ("filter", f"-A FORWARD -j {INGRESS}"): LOOKED_UP,
    ("filter", f"-A DOCKER-FORWARD -j {INGRESS}"): LOOKED_UP,
    ("filter", f"-A {INGRESS} -j RETURN"): "Not for a service's published port: the chain that called this one goes on.",
}


def in_swarm(state: DockerState) -> bool:
    return any(network.scope == "swarm" for network in state.networks)


def chains(state: DockerState) -> set[tuple[str, str]]:
    return {("nat", INGRESS), ("filter", INGRESS)} if in_swarm(state) else set()
