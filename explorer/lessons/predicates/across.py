"""Questions about networks that span several hosts: which hosts know a network, which frames pass, where an address is."""

from __future__ import annotations

from explorer.lessons.predicates.words import Who
from explorer.network.model import FdbEntry, Frame, Interface
from explorer.network.world import World, like


def network_spans(world: World, *, first: Who, second: Who, name: str = "*", driver: str = "overlay") -> bool:
    """Two hosts know the same network: its name and its id are equal."""
    mine, others = (
        {(one.name, one.id) for one in world.networks(host, name) if like(one.driver, driver)} for host in (first, second)
    )
    return bool(mine & others)


def attachable(world: World, *, name: str = "*", host: Who = "*") -> bool:
    """A swarm network that fits accepts containers of `docker run`."""
    return any(one.scope == "swarm" and one.attachable for one in world.networks(host, name))


def frame(
    world: World,
    *,
    place: Who,
    outer_source: Who = "",
    outer_destination: Who = "",
    inner_source: Who = "",
    inner_destination: Who = "",
    about: str = "",
) -> bool:
    """A VXLAN frame passed on the LAN of `place`; `about` is a pattern for a description of its content."""
    return any(
        one.vni is not None
        and world.belongs(one.outer_source, outer_source)
        and world.belongs(one.outer_destination, outer_destination)
        and world.belongs(one.inner_source, inner_source)
        and world.belongs(one.inner_destination, inner_destination)
        and like(one.summary, about)
        for one in world.everywhere(place, "frames", Frame)
    )


def lives_at(world: World, *, place: Who, of: Who, at: Who, written: bool | None = None) -> bool:
    """A tunnel in `place` sends frames for a MAC address of `of` to the host `at`; `written`: a program wrote the entry, it
    was not learned."""
    macs = {one.mac for one in world.everywhere(of, "interfaces", Interface) if one.mac and one.kind != "loopback"}
    return any(
        one.mac in macs
        and one.destination
        and world.belongs(one.destination, at)
        and (written is None or ("permanent" in one.flags) == written)
        for one in world.everywhere(place, "fdb", FdbEntry)
    )


def mtu(world: World, *, place: Who, size: int, name: str = "", kind: str = "") -> bool:
    """The MTU of an interface that fits is at most `size` bytes."""
    return any(
        one.mtu == size and like(one.name, name) and like(one.kind, kind)
        for one in world.everywhere(place, "interfaces", Interface)
    )


QUESTIONS = (network_spans, attachable, frame, lives_at, mtu)
