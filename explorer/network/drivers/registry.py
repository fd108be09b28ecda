"""The drivers that the product knows, by name, in the order in which people meet them.

Empty until the package `drivers` has looked through its own folder. Everybody reads it when asked, never at import, so that a
driver which joins later is found everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class Registered(Protocol):
    """What the parts of a driver look up about others; each is a `driver.Driver`, which is made of those parts."""

    @property
    def name(self) -> str: ...
    @property
    def docker(self) -> str: ...
    @property
    def plugin(self) -> str: ...
    @property
    def predefined(self) -> bool: ...
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
    """What the daemon calls the drivers that are part of Docker Engine."""
    return {driver.docker for driver in DRIVERS.values() if driver.docker}


def network_drivers() -> tuple[str, ...]:
    """The drivers of Docker Engine with which one can make networks of one's own."""
    return tuple(driver.docker for driver in DRIVERS.values() if driver.docker and not driver.predefined)


def links(role: str) -> set[str]:
    """The kernel's kinds of interfaces that drivers make in this role: `child` or `tunnel` (`Driver.links`)."""
    return {kind for driver in DRIVERS.values() for kind, its in driver.links.items() if its == role}


def on_lan(docker: str) -> bool:
    """Whether networks of the driver that the daemon calls so have the LAN's own subnet."""
    return any(driver.on_lan for driver in DRIVERS.values() if driver.docker == docker)


def links_for_page() -> dict[str, str]:
    """Kind of interface → its role, for the map (static/js/page/tables.js)."""
    return {kind: role for driver in DRIVERS.values() for kind, role in driver.links.items()}
