"""From the JSON of Podman's API to the names that a host's own Podman gives, in the same types as Docker's. Podman is under the
learner's control: values that make no sense are left out, within the bounds of `read.docker`.

The input is `GET /version`, `GET /libpod/networks/json` and two lists of containers. `GET /containers/json?all=1`, in the form
of Docker's API, has each container's addresses. `GET /libpod/containers/json?all=true` says which networks are its own: a
container that uses the namespace of another one has the other's networks and ports in the first list, and none in the second.

Docker's form of the networks is not read. It says that no network has IPv4, and it leaves out the name of the bridge and every
option; it calls the network `podman` by the name `bridge`, and its containers do not.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from itertools import islice

from explorer.network.model import DockerContainer, DockerNetwork, DockerState, PublishedPort
from explorer.network.read.docker import (
    CONTAINERS,
    MEMBERS,
    NETWORKS,
    Told,
    as_dict,
    as_port,
    as_text,
    decoded,
    dicts,
    ordered,
    read_docker,
)

DEFAULT = "podman"  # the name of the network that Podman itself has
DNS = "dns_enabled"  # kept with a network's options: whether Podman starts its name server for the network
ANY, ANY6 = ("0.0.0.0",), ("::",)  # noqa: S104 - what Podman means by no address
_OF_HOST = ("host", "none")


def read_podman(host: str, version: Told, networks: Told, containers: Told, own: Told) -> DockerState:
    """The state of a Podman. Each argument is JSON text or the decoded value; `own` is Podman's own list of containers. What is
    beyond the bounds is left out, and `cut` says so."""
    listed = list(islice(dicts(decoded(networks)), NETWORKS + 1))
    state = read_docker(host, version, [_as_docker(one) for one in listed], containers)
    told = {as_text(one, "Id"): one for one in islice(dicts(decoded(own)), CONTAINERS + 1)}
    bridges = {as_text(one, "id"): as_text(one, "network_interface") for one in listed}
    owners = {_place_of(one): one.id for one in state.containers if _networks(told.get(one.id, {})) and _place_of(one)}
    return state.model_copy(
        update={
            "engine": "podman",
            "networks": tuple(_with_bridge(one, bridges.get(one.id, "")) for one in state.networks),
            "containers": tuple(_own(one, told.get(one.id), owners) for one in state.containers),
        }
    )


def _as_docker(told: dict[str, object]) -> dict[str, object]:
    """A network of Podman's in the form of Docker's API."""
    subnets = list(islice(dicts(told.get("subnets")), MEMBERS))
    options = {str(name): value for name, value in islice(as_dict(told.get("options")).items(), MEMBERS - 2)}
    if as_text(told, "driver") != "bridge":
        options["parent"] = as_text(told, "network_interface")
    options[DNS] = "true" if told.get(DNS) is True else "false"
    versions = {_version(as_text(one, "subnet")) for one in subnets}
    return {
        "Name": told.get("name"),
        "Id": told.get("id"),
        "Driver": told.get("driver"),
        "Created": told.get("created"),
        "Internal": told.get("internal"),
        "EnableIPv4": 4 in versions or not subnets,
        "EnableIPv6": 6 in versions,
        "IPAM": {"Config": [{"Subnet": one.get("subnet"), "Gateway": one.get("gateway")} for one in subnets]},
        "Options": options,
        "Labels": told.get("labels"),
    }


def _version(subnet: str) -> int:
    try:
        return ipaddress.ip_network(subnet, strict=False).version
    except ValueError:
        return 0


def _with_bridge(network: DockerNetwork, bridge: str) -> DockerNetwork:
    return network.model_copy(update={"bridge": bridge if network.driver == "bridge" else ""})


def _own(container: DockerContainer, told: dict[str, object] | None, owners: dict[str, str]) -> DockerContainer:
    """The container with the endpoints and ports that are its own."""
    if told is None:
        return container  # it is younger than the other list
    names = _networks(told)
    if names:
        ends = tuple(end for end in container.endpoints if end.network in names)
        ports = ordered(list(islice(_ports(told.get("Ports"), any(end.address6 for end in ends)), MEMBERS)))
        return container.model_copy(update={"endpoints": ends, "ports": ports, "network_mode": names[0]})
    shown = next((end.network for end in container.endpoints if end.network in _OF_HOST), "")
    owner = owners.get(_place_of(container), "")
    mode = shown or (f"container:{owner}" if owner else "")
    return container.model_copy(update={"endpoints": (), "ports": (), "network_mode": mode})


def _ports(told: object, ipv6: bool) -> Iterator[PublishedPort]:
    """The published ports, one by one: Podman tells of several in a row at once. A port at no address in particular is open at
    every IPv4 address of the host, and at every IPv6 address where the container has one."""
    for found in islice(dicts(told), MEMBERS):
        outside, inside, many = (as_port(found.get(name)) for name in ("host_port", "container_port", "range"))
        address = as_text(found, "host_ip")
        for step in range(min(many or 1, MEMBERS) if outside and inside else 0):
            for at in [address] if address else [*ANY, *ANY6] if ipv6 else [*ANY]:
                yield PublishedPort(
                    host_address=at,
                    host_port=min(outside + step, 65535),
                    container_port=min(inside + step, 65535),
                    protocol=as_text(found, "protocol") or "tcp",
                )


def _networks(told: dict[str, object]) -> list[str]:
    names = told.get("Networks")
    return [name for name in names[:MEMBERS] if isinstance(name, str)] if isinstance(names, list) else []


def _place_of(container: DockerContainer) -> str:
    """What the containers of one namespace have in common: the MAC addresses of its interfaces. "" when none is told."""
    return " ".join(sorted(end.mac for end in container.endpoints if end.mac))


def as_dockers(event: object) -> object:
    """An event of Podman's with the words of Docker's: an event of a network names the network in another place there."""
    if not isinstance(event, dict):
        return event
    actor, did = as_dict(event.get("Actor")), event.get("Action")
    told = event | {"Action": "destroy" if did == "remove" else "die" if did == "died" else did}
    if event.get("Type") != "network":
        return told
    facts = as_dict(actor.get("Attributes"))
    words = {"name": facts.get("network"), "type": facts.get("driver"), "container": actor.get("ID")}
    return told | {"Actor": {"ID": actor.get("ID"), "Attributes": {name: word for name, word in words.items() if word}}}
