"""One package per Docker network driver. `known` holds what drivers build their sentences from.

A driver is a folder here whose `__init__` holds `DRIVER`; `driver.Driver` explains each field. `find_drivers` finds the
folder, and the pages, lists and checks read `DRIVERS`. To add a driver, add a folder here with its `diagram.svg`, a lesson in
`lessons/content`, and a capture in `tests/lessons/seen` that the tests of the driver's sentences read.

`start` is not a driver. It is the subject of the first lesson, which has a card, a picture and a closing card like the
lessons of drivers.
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
    """The `DRIVER` of every package in this folder, in the order of the cards on the home page."""
    names = [found.name for found in pkgutil.iter_modules(package.__path__) if found.ispkg]
    found: list[Driver] = [importlib.import_module(f"{package.__name__}.{name}").DRIVER for name in names]
    return sorted(found, key=lambda driver: driver.order)


def in_asking_order() -> list[Driver]:
    """The drivers in the order in which they are asked why something is there; the first answer counts."""
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
