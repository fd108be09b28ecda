"""The drivers that the product knows, by name, in the order of the cards.

The registry is empty until the package `drivers` has looked through its own folder. Every function here reads the registry
when it is called, not at import, so a driver that is added later is found too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class Registered(Protocol):
    """The attributes that parts of a driver read of other drivers. Each value is a `driver.Driver`; that type is built of
    these parts and cannot be imported here."""

    @property
    def name(self) -> str: ...
    @property
    def docker(self) -> str: ...
    @property
    def plugin(self) -> str: ...
    @property
    def predefined(self) -> bool: ...
    @property
    def podman(self) -> bool: ...
    @property
    def in_host(self) -> bool: ...
    @property
    def spans_hosts(self) -> bool: ...
    @property
    def on_lan(self) -> bool: ...
    @property
    def links(self) -> Mapping[str, Any]: ...
    @property
    def variants(self) -> Mapping[int, Any]: ...


DRIVERS: dict[str, Registered] = {}


def built_in() -> set[str]:
    """The names that the daemon uses for the drivers of Docker Engine."""
    return {driver.docker for driver in DRIVERS.values() if driver.docker}


def network_drivers() -> tuple[str, ...]:
    """The drivers of Docker Engine with which a person can make networks."""
    return tuple(driver.docker for driver in DRIVERS.values() if driver.docker and not driver.predefined)


def links(role: str) -> set[str]:
    """The link kinds of the kernel that drivers give this role: `child` or `tunnel` (`Driver.links`)."""
    return {kind for driver in DRIVERS.values() for kind, its in driver.links.items() if its == role}


def on_lan(docker: str) -> bool:
    """Whether networks of this driver have the LAN's own subnet. `docker` is the daemon's name of the driver."""
    return any(driver.on_lan for driver in DRIVERS.values() if driver.docker == docker)


def links_for_page() -> dict[str, str]:
    """Link kind → its role, for the map (static/js/page/tables.js)."""
    return {kind: role for driver in DRIVERS.values() for kind, role in driver.links.items()}
