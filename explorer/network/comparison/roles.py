"""Replaces names that differ by chance with what they are for: `br-7dc94ee2a3e0` is ⟨bridge of town⟩ in every column.

Names of veth ends, ids of bridges, MAC addresses, interface numbers and the sandbox's own addresses say nothing about a
driver. Lines of two columns can be compared once these names are replaced.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from ipaddress import ip_interface

from explorer.network.comparison.model import Column
from explorer.network.drivers import on_lan
from explorer.network.model import DockerState, Interface, Observation, Place

NAMES = 2000  # of one column; further names are not replaced
_CHANCE = (  # one word becomes one word, so a line keeps its number of words
    (re.compile(r"^\d+:(?= \S+: <)"), "⟨number⟩"),  # the number of an interface
    (re.compile(r"@if\d+"), "@⟨other end⟩"),
    (re.compile(r"(?<=link-netnsid )\d+"), "⟨number⟩"),
    (re.compile(r"\b33:33:ff(?::[0-9a-f]{2}){3}\b"), "⟨group of an address⟩"),
    (re.compile(r"(?<=_lft )\d+sec"), "⟨a time⟩"),
    (re.compile(r"\[\d+:\d+\]"), "⟨counters⟩"),
    (re.compile(r"(?<=\bpackets )\d+(?= bytes)|(?<=\bbytes )\d+"), "⟨counted⟩"),
)
_LEFT_OVER = (  # names whose owner is not known
    (re.compile(r"\bveth[0-9a-f]{6,12}\b"), "⟨a veth⟩"),
    (re.compile(r"(?:\b|(?<=__))br-[0-9a-f]{12}\b"), "⟨a bridge⟩"),
    (re.compile(r"\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b"), "⟨a MAC address⟩"),
    (re.compile(r"\bfe80::[0-9a-f:]+"), "⟨a link-local address⟩"),
)
_FIXED_MACS = re.compile(
    r"(?:00:){5}00|(?:ff:){5}ff|33:33:(?:[0-9a-f]{2}:){3}[0-9a-f]{2}|01:00:5e:(?:[0-9a-f]{2}:){2}[0-9a-f]{2}"
)


class Roles:
    """The names of one column and what each name is for."""

    def __init__(self, names: dict[str, str]) -> None:
        self.names = names
        longest_first = sorted(names, key=len, reverse=True)
        known = "|".join(re.escape(name) for name in longest_first)
        self._known = re.compile(rf"(?:(?<![\w.-])|(?<=__))(?:{known})(?![\w-]|\.\d)") if known else None

    def of(self, name: str) -> str:
        return self.names.get(name, name)

    def steady(self, text: str) -> str:
        """The line with its names replaced: the same work gives the same words. The number of words stays the same; a role is
        one word."""
        text = " ".join(text.split())
        for pattern, role in _CHANCE:
            text = pattern.sub(_one_word(role), text)
        if self._known:
            text = self._known.sub(lambda found: _one_word(self.names[found[0]]), text)
        for pattern, role in _LEFT_OVER:
            text = pattern.sub(_unless_fixed(role), text)
        return text


def _one_word(role: str) -> str:
    return role.replace(" ", "\N{NO-BREAK SPACE}")


def _unless_fixed(role: str) -> Callable[[re.Match[str]], str]:
    """The role, unless the MAC address is the same everywhere: loopback, broadcast or multicast."""
    return lambda found: found[0] if _FIXED_MACS.fullmatch(found[0]) else _one_word(role)


def roles_of(column: Column) -> Roles:
    names: dict[str, str] = {}
    snapshot = column.snapshot
    for told in (_docker(snapshot.docker if snapshot else {}), _kernel(_places(column), names)):
        for name, role in told:
            if name and len(names) < NAMES:
                names.setdefault(name, role)
    return Roles(names)


def _places(column: Column) -> list[Place]:
    """The places at the end; if there is no snapshot, the host with its own interfaces."""
    if column.snapshot:
        return sorted(column.snapshot.places.values(), key=lambda place: (place.id.count("/"), place.id))
    seen = column.after.get("interfaces")
    return [Place(id="h1", kind="host", name="h1", views={"interfaces": seen})] if seen else []


def _docker(docker: dict[str, DockerState]) -> Iterator[tuple[str, str]]:
    for host, state in sorted(docker.items()):
        for container in state.containers:
            for endpoint in container.endpoints:
                yield endpoint.address.partition("/")[0], f"⟨{container.name}⟩"
                yield endpoint.mac, f"⟨MAC of {container.name}⟩"
        for network in state.networks:
            name = network.name if network.scope != "local" or host == "h1" else f"{network.name} on {host}"
            if re.fullmatch(r"br-[0-9a-f]{12}", network.bridge):
                yield network.bridge, f"⟨bridge of {name}⟩"
            if on_lan(network.driver):  # its subnet is the LAN's
                continue
            for gateway in network.gateways:
                yield gateway, f"⟨gateway of {name}⟩"
            for subnet in network.subnets:
                yield from _subnet(subnet, name)


def _kernel(places: list[Place], names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Names that the kernel shows. The caller adds each yielded name to `names` before the next one is asked for."""
    called = {place.id: _called(place) for place in places}
    for place in places:
        if place.shares:
            continue
        seen = place.views.get("interfaces")
        for item in _interfaces(seen):
            yield from _interface(place, item, called, names)


def _called(place: Place) -> str:
    if place.kind == "namespace":
        return "a hidden namespace" if not place.name or place.name.startswith("ns-") else place.name
    return place.id.rpartition("/")[2]


def _interfaces(seen: Observation | None) -> list[Interface]:
    return [item for item in seen.items if isinstance(item, Interface) and item.kind != "loopback"] if seen else []


def _interface(place: Place, item: Interface, called: Mapping[str, str], names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    name, whose = names.get(item.name, item.name), called[place.id]
    if item.kind == "veth" and item.peer_place and place.kind in ("host", "namespace") and item.name != "eth0":
        name = f"⟨veth of {called.get(item.peer_place, item.peer_place)}⟩"
        yield item.name, name
    where = whose if item.name == "eth0" else f"{whose} {name.strip('⟨⟩')}"
    yield item.mac, f"⟨MAC of {where}⟩"
    for address in item.addresses:
        bare = address.cidr.partition("/")[0]
        if address.family == "inet6" and bare.startswith("fe80:"):
            yield bare, "⟨a link-local address⟩"
        elif item.name == "eth0" and place.kind in ("host", "machine"):
            yield bare, f"⟨{place.id}⟩"
            yield from _subnet(address.cidr, "LAN")
        elif place.kind == "container":
            yield bare, f"⟨{whose}⟩"


def _subnet(cidr: str, name: str) -> Iterator[tuple[str, str]]:
    try:
        network = ip_interface(cidr).network
    except ValueError:
        return
    if network.version == 4 and network.num_addresses >= 4:
        yield str(network), f"⟨{name}⟩"
        yield str(network.broadcast_address), f"⟨all of {name}⟩"
        yield str(network[1]), f"⟨gateway of {name}⟩"
