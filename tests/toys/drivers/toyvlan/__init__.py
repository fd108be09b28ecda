"""A driver that Docker does not have: its cards are made out of the host's, like those of macvlan, and are green."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from explorer.network.cause import UNKNOWN, Why, of_container
from explorer.network.drivers.compared import Cell, Variant
from explorer.network.drivers.driver import Driver
from explorer.network.drivers.known import Known
from explorer.network.drivers.needs import Need
from explorer.network.drivers.summary import Fact, interfaces, listed
from explorer.network.model import Interface, Item, Place
from explorer.network.world import World


def why(known: Known, item: Item) -> Why:
    network = known.network_of(item) if isinstance(item, Interface) else None
    if network is None or network.driver != "toyvlan" or known.container is None:
        return UNKNOWN
    return Why(f"{known.container.name}'s green card on network {network.name}.", of_container(known.container.name, network))


def why_address(known: Known, interface: Interface, cidr: str) -> Why:
    told = why(known, interface)
    return Why(f"A green address: {cidr}.", told.about) if told else UNKNOWN


def facts(world: World, host: Place) -> Iterator[Fact]:
    cards = [one.name for place in world.places(f"{host.id}/*") for one in interfaces(world, place) if one.kind == "toyvlan"]
    yield "Green cards", listed(cards)


def _green(variant: Variant, cell: Cell) -> str:
    return f"a green card has {int(cell.number or 0)} bytes of room"


DRIVER = Driver(
    name="toyvlan",
    docker="toyvlan",
    on_lan=True,
    order=65,
    title="toyvlan",
    promise="A green card for every container.",
    folder=Path(__file__).parent,
    why=why,
    why_address=why_address,
    needs=(Need("toyvlan", "ip link add link p0 name tv0 type toyvlan"),),
    wants=(Need("paint", "test -e /dev/green", use="the colour in {} lessons", without="no green"),),
    links={"toyvlan": "child"},
    variants={45: Variant(id="toyvlan", title="toyvlan", driver="toyvlan", summary="Green.")},
    reasons={"interfaces": "eth0 is a green card", "mtu value": _green, "same-host": "from green card to green card"},
    unpublished="green cards publish nothing",
    slow="Paint has to dry first.",
    summary=facts,
)
