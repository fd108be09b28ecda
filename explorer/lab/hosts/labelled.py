"""The facts of a sandbox read from the labels of its objects alone, for a sandbox whose row was lost."""

from __future__ import annotations

from typing import Any

from explorer.lab.config import LabConfig
from explorer.lab.engine.client import session
from explorer.lab.errors import NodeError
from explorer.lab.hosts import ipv6, lans
from explorer.lab.hosts.lifecycle import wait_host
from explorer.network.scenario import LAN


def read_facts(config: LabConfig, sandbox: str, generation: int) -> dict[str, Any]:
    """The facts in the form of `lifecycle.open_sandbox`, of what runs of this generation. Raises NodeError when nothing
    runs."""
    with session(config) as client:
        filters = lans.filters(config, sandbox, generation)
        running = client.containers.list(filters=filters)
        networks = {str(one.name): one.attrs for one in client.networks.list(filters=filters)}
    named = {name: network["Labels"].get("explorer.lan", name) for name, network in networks.items()}
    subnets = {lan: str(networks[name]["IPAM"]["Config"][0]["Subnet"]) for name, lan in named.items()}
    if not running or not subnets:
        raise NodeError("Nothing of this sandbox runs here.", f"{sandbox}, generation {generation}")
    first = subnets.get(LAN) or next(iter(subnets.values()))
    subnet6 = ipv6.subnet_of(first) if ipv6.spoken() else ""
    facts: dict[str, Any] = {"subnet": first, "subnet6": subnet6, "lans": subnets, "hosts": {}, "machines": {}}
    for container in sorted(running, key=lambda one: str(one.labels.get("explorer.name"))):
        made = _made(container, named)
        is_host = container.labels.get("explorer.role") == "host"
        if is_host:
            made["engine"] = wait_host(config, str(container.id))
        facts["hosts" if is_host else "machines"][container.labels["explorer.name"]] = made
    return facts


def _made(container: Any, lan_of: dict[str, str]) -> dict[str, Any]:
    ends = container.attrs["NetworkSettings"]["Networks"]
    addresses = {lan_of[name]: str(end["IPAddress"]) for name, end in ends.items() if name in lan_of}
    first = addresses.get(LAN) or next(iter(addresses.values()), "")
    address6 = ipv6.address_of(first) if first and ipv6.spoken() else ""
    return {"container": str(container.id), "address": first, "address6": address6, "addresses": addresses}
