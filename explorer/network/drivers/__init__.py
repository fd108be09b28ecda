"""One package per Docker network driver; what they build their sentences from is in `known`.

A driver is a folder here whose `__init__` holds `DRIVER`: see `driver.Driver` for what it says of itself. The folder is found
by itself, and every page, list and check reads `DRIVERS`. To add a driver: a folder here with its `diagram.svg`, a lesson in
`lessons/content`, and a capture in `tests/captures` that the tests of its sentences read.

`start` is no driver: it is what the first lesson is about, which has a card, a picture and a closing card like the others.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from types import ModuleType
from typing import cast

from explorer.network.drivers import registry
from explorer.network.drivers.driver import Driver
from explorer.network.drivers.registry import built_in, links, links_for_page, network_drivers, on_lan

DRIVERS = cast("dict[str, Driver]", registry.DRIVERS)


def find_drivers(package: ModuleType) -> list[Driver]:
    """The `DRIVER` of every package in this one's folder, in the order in which people meet them."""
    names = [found.name for found in pkgutil.iter_modules(package.__path__) if found.ispkg]
    found: list[Driver] = [importlib.import_module(f"{package.__name__}.{name}").DRIVER for name in names]
    return sorted(found, key=lambda driver: driver.order)


def in_asking_order() -> list[Driver]:
    """As they are asked why something is there; the first that knows answers."""
    return sorted(DRIVERS.values(), key=lambda driver: driver.asked)


DRIVERS.update((driver.name, driver) for driver in find_drivers(sys.modules[__name__]))

__all__ = [
    "DRIVERS",
    "Driver",
    "built_in",
    "find_drivers",
    "in_asking_order",
    "links",
    "links_for_page",
    "network_drivers",
    "on_lan",
]
