"""Look-ups in a snapshot: places by pattern, the items of a view, and who has an address.

A place is named as the learner knows it, and `*` stands for any text: `h1`, `h1/web`, `h1/*`, `outside`. No function here
raises because of what a host said; a thing that is not there is not found.
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import TypeVar

from explorer.network.model import DockerContainer, DockerNetwork, Interface, Item, Place, Snapshot, View

ItemKind = TypeVar("ItemKind", bound=Item)


def like(value: str, pattern: str) -> bool:
    """Whether `value` fits `pattern`; every value fits an empty pattern."""
    return not pattern or fnmatchcase(value, pattern)


def bare(address: str) -> str:
    """An address without its prefix length."""
    return address.partition("/")[0]


def is_address(who: str) -> bool:
    return ":" in who or who[:1].isdigit()


class World:
    """One snapshot with look-ups by name. A new one is made for each evaluation, so a remembered look-up is never out of
    date."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._addresses: dict[str, frozenset[str]] = {}

    def places(self, pattern: str) -> list[Place]:
        # a host is not one of its own containers: "*" alone matches both, "h1/*" only containers
        return [place for name, place in self.snapshot.places.items() if like(name, pattern)]

    def seen(self, place: Place, view: View, kind: type[ItemKind]) -> Iterator[ItemKind]:
        """The items of one view. For a place that shares another's namespace: the items of the other place."""
        observation = place.views.get(view)
        if observation is None and place.shares and place.shares != place.id:
            shared = self.snapshot.places.get(place.shares)
            observation = shared.views.get(view) if shared else None
        if observation is not None:
            yield from (item for item in observation.items if isinstance(item, kind))

    def everywhere(self, pattern: str, view: View, kind: type[ItemKind]) -> Iterator[ItemKind]:
        for place in self.places(pattern):
            yield from self.seen(place, view, kind)

    def addresses(self, pattern: str) -> frozenset[str]:
        """Every address of the places that fit, without loopback and without link-local addresses."""
        if pattern not in self._addresses:
            self._addresses[pattern] = frozenset(
                bare(address.cidr)
                for interface in self.everywhere(pattern, "interfaces", Interface)
                for address in interface.addresses
                if interface.kind != "loopback" and not (address.family == "inet6" and address.scope == "link")
            )
        return self._addresses[pattern]

    def belongs(self, address: str, who: str) -> bool:
        """Whether an address is one of `who`; `who` is a place pattern, or an address in which `*` may stand. Every address
        belongs to an empty `who`."""
        if not who:
            return True
        address = bare(address)
        return fnmatchcase(address, who) if is_address(who) else address in self.addresses(who)

    def running(self, host: str, name: str = "*") -> Iterator[DockerContainer]:
        return (container for container in self.containers(host, name) if container.state == "running")

    def containers(self, host: str, name: str = "*") -> Iterator[DockerContainer]:
        for key, docker in self.snapshot.docker.items():
            if like(key, host):
                yield from (container for container in docker.containers if like(container.name, name))

    def networks(self, host: str, name: str = "*") -> Iterator[DockerNetwork]:
        for key, docker in self.snapshot.docker.items():
            if like(key, host):
                yield from (network for network in docker.networks if like(network.name, name))
