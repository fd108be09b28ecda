"""One file per Docker network driver, all of the same shape; what they know of a place is in `known`.

A driver has two functions. Each gives a `Why` (a sentence, and what the thing belongs to), or `UNKNOWN` when the thing is not
this driver's doing:
    why(known, item)                     an interface, route, neighbour, FDB entry, chain or rule
    why_address(known, interface, cidr)  one address of an interface
Adding a driver is a file here and its line in `DRIVERS`.
"""

from __future__ import annotations

from typing import Protocol, cast

from explorer.network.cause import Why
from explorer.network.drivers import bridge, host, ipvlan, macvlan, none, overlay, remote
from explorer.network.drivers.known import Known
from explorer.network.model import Interface, Item


class Driver(Protocol):
    def why(self, known: Known, item: Item) -> Why: ...
    def why_address(self, known: Known, interface: Interface, cidr: str) -> Why: ...


DRIVERS: dict[str, Driver] = {
    "host": cast(Driver, host),
    "null": cast(Driver, none),  # what the daemon calls the driver of network `none`
    "macvlan": cast(Driver, macvlan),
    "ipvlan": cast(Driver, ipvlan),
    "overlay": cast(Driver, overlay),
    "": cast(Driver, remote),  # any other name: a program of its own; before bridge, whose words fit any switch
    "bridge": cast(Driver, bridge),
}
