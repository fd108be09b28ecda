"""From Engine API JSON to the names that a host's own daemon gives. The daemon is under the learner's control: values that
make no sense are left out.

The input is `GET /version`, `GET /networks` and either `GET /containers/json?all=1` or a list of `GET /containers/ID/json`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice
from typing import TypeVar

from explorer.network.model import DockerContainer, DockerNetwork, DockerState, Endpoint, PublishedPort
from explorer.network.read.compose import network_of, service_of
from explorer.network.read.text import visible

NETWORKS = 200
CONTAINERS = 500
MEMBERS = 64  # endpoints, ports, subnets or options of one network or container
LENGTH = 256
ENTRIES, TEXT = 4_000, 512 * 1024  # of all networks and containers of one daemon: members, and characters as JSON
LAST = 4e9  # a later time is not accepted
BYTES = 8 * 1024 * 1024  # characters of JSON text; a longer text is not read

Told = str | bytes | Sequence[object] | dict[str, object] | None


def read_docker(host: str, version: Told, networks: Told, containers: Told) -> DockerState:
    """The state of a daemon. Each argument is JSON text or the decoded value. What is beyond the bounds is left out, and
    `cut` says so."""
    room = _Room()
    known = room.fill((_network(told) for told in dicts(decoded(networks))), NETWORKS)
    names = {network.id: network.name for network in known}
    found = room.fill((_container(told, names) for told in dicts(decoded(containers))), CONTAINERS)
    return DockerState(
        host=host, version=as_text(as_dict(decoded(version)), "Version"), cut=room.cut, networks=known, containers=found
    )


Thing = TypeVar("Thing", DockerNetwork, DockerContainer)


@dataclass
class _Room:
    """How much more of what a daemon names is kept: caps on the sum, because many things within their own caps are too much
    together."""

    entries: int = ENTRIES
    text: int = TEXT
    cut: bool = False

    def fill(self, things: Iterable[Thing], most: int) -> tuple[Thing, ...]:
        kept: list[Thing] = []
        for thing in things:
            self.entries -= _members_of(thing)
            self.text -= len(thing.model_dump_json())
            if len(kept) == most or self.entries < 0 or self.text < 0:
                self.cut = True
                break
            kept.append(thing)
        return tuple(kept)


def _members_of(thing: DockerNetwork | DockerContainer) -> int:
    if isinstance(thing, DockerNetwork):
        return 1 + len(thing.subnets) + len(thing.gateways) + len(thing.ranges) + len(thing.options)
    aliases = chain.from_iterable(endpoint.aliases for endpoint in thing.endpoints)
    return 1 + len(thing.endpoints) + len(tuple(aliases)) + len(thing.ports) + len(thing.exposed)


def decoded(told: Told) -> object:
    if not isinstance(told, str | bytes):
        return told
    try:
        return json.loads(told) if len(told) <= BYTES else None
    except (ValueError, RecursionError):
        return None


def _network(told: dict[str, object]) -> DockerNetwork:
    ranges = list(islice(dicts(as_dict(told.get("IPAM")).get("Config")), MEMBERS))
    options = dict(_strings(told.get("Options")))
    driver, identity, name = as_text(told, "Driver"), as_text(told, "Id"), as_text(told, "Name")
    project, in_project = network_of(told.get("Labels"))
    bridge = options.get("com.docker.network.bridge.name", "")
    if driver == "bridge" and not bridge:
        bridge = "docker0" if name == "bridge" else f"br-{identity[:12]}"
    return DockerNetwork(
        id=identity,
        name=name,
        driver=driver,
        scope=as_text(told, "Scope") or "local",
        internal=told.get("Internal") is True,
        attachable=told.get("Attachable") is True,
        subnets=tuple(subnet for found in ranges if (subnet := as_text(found, "Subnet"))),
        gateways=tuple(gateway for found in ranges if (gateway := as_text(found, "Gateway"))),
        ranges=tuple(part for found in ranges if (part := as_text(found, "IPRange"))),
        ipv4=told.get("EnableIPv4") is not False,
        ipv6=told.get("EnableIPv6") is True,
        bridge=bridge,
        options=options,
        created=as_moment(told.get("Created")),
        project=project,
        in_project=in_project,
    )


def _container(told: dict[str, object], names: dict[str, str]) -> DockerContainer:
    settings = as_dict(told.get("NetworkSettings"))
    state, mode = told.get("State"), as_text(as_dict(told.get("HostConfig")), "NetworkMode")
    aliases = told.get("Names")
    name = as_text(told, "Name") or (_clean(aliases[0]) if isinstance(aliases, list) and aliases else "")
    ports, exposed = _ports(told.get("Ports")) if "Ports" in told else _inspected_ports(settings.get("Ports"))
    published = tuple(port for port in ports if port.host_port)
    project, service = service_of(told["Labels"] if "Labels" in told else as_dict(told.get("Config")).get("Labels"))
    return DockerContainer(
        id=as_text(told, "Id"),
        name=name.removeprefix("/"),
        image=as_text(as_dict(told.get("Config")), "Image") or as_text(told, "Image"),
        state=as_text(as_dict(state), "Status") if isinstance(state, dict) else _clean(state),
        network_mode=names.get(mode, mode),
        endpoints=tuple(_endpoint(name, as_dict(found)) for name, found in _members(settings.get("Networks"))),
        ports=published,
        opened=tuple(port for port in ports if not port.host_port),
        exposed=exposed,
        command=as_text(told, "Command"),
        created=as_moment(told.get("Created")),
        project=project,
        service=service,
    )


def _endpoint(network: str, told: dict[str, object]) -> Endpoint:
    aliases = told.get("Aliases")
    return Endpoint(
        network=network,
        address=as_text(told, "IPAddress"),
        prefix=_length(told.get("IPPrefixLen"), 32),
        gateway=as_text(told, "Gateway"),
        address6=as_text(told, "GlobalIPv6Address"),
        prefix6=_length(told.get("GlobalIPv6PrefixLen"), 128),
        gateway6=as_text(told, "IPv6Gateway"),
        priority=_priority(told.get("GwPriority")),
        mac=as_text(told, "MacAddress"),
        aliases=tuple(_clean(alias) for alias in aliases[:MEMBERS]) if isinstance(aliases, list) else (),
    )


def _ports(told: object) -> tuple[tuple[PublishedPort, ...], tuple[str, ...]]:
    """Ports in the form of a container list: one entry per address. `PublicPort` is there only where the port is published on
    the host; an entry with an address and without it is published on a network in gateway mode routed."""
    published, exposed = [], []
    for found in islice(dicts(told), MEMBERS):
        inside, outside, protocol = as_port(found.get("PrivatePort")), as_port(found.get("PublicPort")), as_text(found, "Type")
        if inside:
            exposed.append(f"{inside}/{protocol or 'tcp'}")
        if inside and (outside or as_text(found, "IP")):
            published.append(_published(as_text(found, "IP"), outside, inside, protocol))
    return ordered(published), tuple(dict.fromkeys(exposed))


def _inspected_ports(told: object) -> tuple[tuple[PublishedPort, ...], tuple[str, ...]]:
    """Ports in the form of an inspection: `{"80/tcp": [{"HostIp": …, "HostPort": …}] or null}`."""
    published, exposed = [], []
    for word, bindings in _members(told):
        inside, _, protocol = word.partition("/")
        exposed.append(word)
        for binding in islice(dicts(bindings), MEMBERS):
            container_port, host_port = as_port(inside), as_port(binding.get("HostPort"))
            if container_port and (host_port or as_text(binding, "HostIp")):
                published.append(_published(as_text(binding, "HostIp"), host_port, container_port, protocol))
    return ordered(published), tuple(exposed)


def _published(address: str, outside: int, inside: int, protocol: str) -> PublishedPort:
    address = address or "0.0.0.0"  # noqa: S104 - what the daemon means by no address
    return PublishedPort(host_address=address, host_port=outside, container_port=inside, protocol=protocol or "tcp")


def ordered(ports: list[PublishedPort]) -> tuple[PublishedPort, ...]:
    """The ports in a fixed order, because the order of the daemon's list has no meaning and equal ports must give an equal
    state."""
    return tuple(sorted(ports, key=lambda port: (port.host_port, port.protocol, port.host_address)))


def as_port(told: object) -> int:
    if isinstance(told, str) and told.isascii() and told.isdigit() and len(told) <= 5:
        told = int(told)
    return told if type(told) is int and 0 < told <= 65535 else 0


def _length(told: object, most: int) -> int:
    return told if type(told) is int and 0 < told <= most else 0


def _priority(told: object) -> int:
    return told if type(told) is int and abs(told) < 2**31 else 0


def as_moment(told: object) -> float:
    """Unix time. A container list has whole seconds; an inspection and a network have a date."""
    try:
        found = datetime.fromisoformat(told[:40]).timestamp() if isinstance(told, str) else told
    except (ValueError, OverflowError, OSError):
        return 0.0
    return float(found) if isinstance(found, int | float) and 0 < found < LAST else 0.0


def as_dict(told: object) -> dict[str, object]:
    return told if isinstance(told, dict) else {}


def dicts(told: object) -> Iterator[dict[str, object]]:
    return (found for found in told if isinstance(found, dict)) if isinstance(told, list) else iter(())


def _members(told: object) -> list[tuple[str, object]]:
    found = [(_clean(key), value) for key, value in islice(as_dict(told).items(), MEMBERS)]
    return sorted(found, key=lambda member: member[0])


def _strings(told: object) -> list[tuple[str, str]]:
    return [(_clean(key), _clean(value)) for key, value in islice(as_dict(told).items(), MEMBERS) if isinstance(value, str)]


def as_text(told: dict[str, object], name: str) -> str:
    return _clean(told.get(name))


def _clean(told: object) -> str:
    return visible(told, LENGTH) if isinstance(told, str) else ""
