"""The description of one network driver: the product reads what it knows and shows of a driver from this type."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from explorer.network.cause import UNKNOWN, Why
from explorer.network.drivers.compared import Clause, Variant
from explorer.network.drivers.known import Known
from explorer.network.drivers.needs import Need
from explorer.network.drivers.summary import Fact
from explorer.network.model import Interface, Item, Place
from explorer.network.world import World

LinkRole = Literal["child", "tunnel"]


def _no_why(known: Known, item: Item) -> Why:
    return UNKNOWN


def _no_why_address(known: Known, interface: Interface, cidr: str) -> Why:
    return UNKNOWN


def _no_summary(world: World, host: Place) -> Iterator[Fact]:
    return iter(())


@dataclass(frozen=True)
class Driver:
    """On the pages: `name` is the driver's name in a lesson's `driver`, in a comparison and as the name of its folder (there
    with `_`). `order` is its place among the cards, `promise` the line on its card while it has no lesson, `folder` the
    folder of `diagram.svg`.

    In Docker: `docker` is the name that the daemon uses, "" when it is not a driver of Docker Engine. `plugin` is the
    argument of `docker network create -d` when it differs from that name. `predefined`: Docker itself has the only network of
    this driver, under the driver's name. `in_host`: containers use the host's namespace. `on_lan`: networks have the LAN's
    own subnet. `spans_hosts`: a network spans the hosts of a swarm.

    `podman`: Podman has a driver of this name too.

    Why a line is there: `why` answers for an item, `why_address` for one address of an interface. Both return `UNKNOWN` for
    things that this driver did not make. Drivers are asked in ascending order of `asked`; a driver whose sentences would also
    fit other drivers' things comes late.

    On a kernel: without `needs` the driver cannot be used; without `wants` it can be used with less; `options` are options of
    its networks that need something. `links` are the link kinds that the map draws in a special role: a `child` sits on a
    parent interface without a cable, a `tunnel` carries frames to other hosts.

    In a comparison: `variants` by their place on the page; `reasons` by row and answer (see `comparison/reasons.py`);
    `unpublished` is why `-p` has no effect; `slow` is why making the network takes longer.

    `summary` gives a lesson's closing card: (title, text) of what the driver added to this host.
    """

    name: str
    order: int
    title: str
    promise: str
    folder: Path
    docker: str = ""
    plugin: str = ""
    predefined: bool = False
    podman: bool = False
    in_host: bool = False
    on_lan: bool = False
    spans_hosts: bool = False
    why: Callable[[Known, Item], Why] = _no_why
    why_address: Callable[[Known, Interface, str], Why] = _no_why_address
    asked: int = 0
    needs: tuple[Need, ...] = ()
    wants: tuple[Need, ...] = ()
    options: Mapping[str, Need] = field(default_factory=dict)
    links: Mapping[str, LinkRole] = field(default_factory=dict)
    variants: Mapping[int, Variant] = field(default_factory=dict)
    reasons: Mapping[str, Clause] = field(default_factory=dict)
    unpublished: str = ""
    slow: str = ""
    summary: Callable[[World, Place], Iterator[Fact]] = _no_summary

    @property
    def diagram(self) -> str:
        """The picture on its card: SVG text that refers to no other file."""
        return (self.folder / "diagram.svg").read_text()
