"""The rules that lead 127.0.0.11 to Docker's embedded DNS server. They are in the namespace of every container on a
user-defined network.

A host of a sandbox is such a container itself, so a host has these rules too.
"""

from __future__ import annotations

from explorer.network.cause import LAN, UNKNOWN, Why, container, network
from explorer.network.drivers.known import Known
from explorer.network.model import Chain, Item, Rule

SERVER = "127.0.0.11"
CHAINS = {
    "DOCKER_OUTPUT": "Docker's own chain: where queries to the embedded DNS server at 127.0.0.11 are really sent.",
    "DOCKER_POSTROUTING": "Docker's own chain: makes the embedded DNS server's packets look as if from port 53.",
}


def why(known: Known, item: Item) -> Why:
    if isinstance(item, Chain):
        told = CHAINS.get(item.name, "") if item.table == "nat" else ""
        return Why(told, _about(known)) if told else UNKNOWN
    if not isinstance(item, Rule) or item.table != "nat" or item.spec.find(SERVER) < 0:
        return UNKNOWN
    told = _rule(item, _whose(known))
    return Why(told, _about(known)) if told else UNKNOWN


def _rule(item: Rule, whose: str) -> str:
    if item.target in CHAINS and item.destination == f"{SERVER}/32":
        return f"{whose}: packets for Docker's embedded DNS server, {SERVER}, go to chain {item.target}."
    if item.chain == "DOCKER_OUTPUT" and item.target == "DNAT":
        return f"{whose}: {item.protocol} queries to {SERVER}:53 are sent to the port the embedded DNS server listens on."
    if item.chain == "DOCKER_POSTROUTING" and item.target == "SNAT":
        return f"{whose}: the embedded DNS server's {item.protocol} answers come from port 53, where the query went."
    return ""


def _whose(known: Known) -> str:
    if known.place.kind in ("host", "machine"):
        return f"Because {known.place.name} is itself a container, on the sandbox's LAN"
    if known.container is None:
        return "Because of a user-defined network"
    on = [endpoint.network for endpoint in known.container.endpoints if endpoint.network != "bridge"]
    return f"Because {known.container.name} is on user-defined network {on[0]}" if on else "Because of a user-defined network"


def _about(known: Known) -> tuple[str, ...]:
    if known.container is None:
        return (LAN,) if known.place.kind in ("host", "machine") else ()
    on = [endpoint.network for endpoint in known.container.endpoints if endpoint.network != "bridge"]
    return (container(known.container.name), *(network(name) for name in on[:1]))
