"""One network driver, as its package describes it: everything the product knows of it and shows somewhere."""

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
    """On the pages: `name` is its word in a lesson's `driver`, in a comparison and in the name of its folder (there with `_`);
    `order` its place among the cards; `promise` its line while it has no lesson; `folder` is where `diagram.svg` lies.

    In Docker: `docker` is what the daemon calls it, "" when it is no driver of Docker Engine; `plugin` is what
    `docker network create -d` is told, when that is another word. Docker has the only network of a `predefined` driver itself,
    under the driver's name. `in_host`: containers use the host's namespace. `on_lan`: networks have the LAN's own subnet.
    `spans_hosts`: a network reaches over the hosts of a swarm.

    Why a line is there: `why` for an item, `why_address` for one address of an interface; both give `UNKNOWN` for what is not
    this driver's doing. Drivers are asked in the order of `asked`; one whose words would fit things of others comes late.

    On a kernel: without `needs` it cannot be played; without `wants` it can, with less; `options` are options of its networks
    that need something. `links` are the kinds of interfaces it makes that the map draws in a role of their own: a `child` sits
    on a parent interface without a cable, a `tunnel` carries frames to other hosts.

    In a comparison: `variants` by their place on the page; `reasons` by row and answer (see `comparison/reasons.py`);
    `unpublished` why `-p` leads nowhere; `slow` why making it takes longer.

    `summary` gives a lesson's closing card: (title, text) of what is on this host now that the driver put there."""

    name: str
    order: int
    title: str
    promise: str
    folder: Path
    docker: str = ""
    plugin: str = ""
    predefined: bool = False
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
        """The picture of its card, as SVG without outside references."""
        return (self.folder / "diagram.svg").read_text()
