"""Addresses and subnets that collide: what happened, who has it too, and what helps.

The kernel asks on a link whether somebody has an IPv6 address before it uses it (duplicate address detection, RFC 4862). When
somebody has, it marks the address `dadfailed` and uses it for nothing. Of two interfaces with addresses of overlapping subnets
the kernel takes one for a packet, as its routes say; who is behind the other is not reached.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from explorer.network.cause import Why
from explorer.network.drivers.known import Known
from explorer.network.model import Interface, Route
from explorer.network.names import title

FAILED = "dadfailed"
SHOWN = 3
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def with_address(known: Known, item: Interface, cidr: str, told: Why) -> Why:
    """The reason of an address, and whether it collides."""
    return _and(told, *_twice(known, item, cidr), *_beside(known, item.name, _network(cidr)))


def with_route(known: Known, item: Route, told: Why) -> Why:
    """The reason of a route to a subnet that an interface has an address of, and whether another interface has one as well."""
    network = _network(item.destination)
    held = known.interfaces.get(item.dev)
    if item.protocol != "kernel" or item.type != "unicast" or network is None or held is None:
        return told
    if network not in [_network(address.cidr) for address in held.addresses]:
        return told
    return _and(told, *_beside(known, item.dev, network))


def _and(told: Why, *more: str) -> Why:
    return Why(" ".join(filter(None, (told.text, *more))), told.about) if more else told


def _twice(known: Known, item: Interface, cidr: str) -> Iterator[str]:
    if not any(held.cidr == cidr and FAILED in held.flags for held in item.addresses):
        return
    address = cidr.partition("/")[0]
    yield (
        f"It collides: the kernel asked on {item.name} who has {address} (duplicate address detection), and somebody answered. "
        f"So nothing here uses it."
    )
    others = [place for place in known.elsewhere.holders.get(address, ()) if place != known.place.id]
    yield f"{_list(others)} has the same address now." if others else "Who answered does not show here."
    yield "Give one of the two another address; the kernel asks again when this one is removed and added."


def _beside(known: Known, dev: str, network: _Network | None) -> Iterator[str]:
    if network is None:
        return
    for other, cidr in _overlapping(known, dev, network):
        docker = next((known.bridges[name] for name in (dev, other) if name in known.bridges), None)
        family = " -6" if network.version == 6 else ""
        yield (
            f"It collides with {cidr} on {other}: what is sent to an address of both goes to one of the two interfaces alone "
            f"(`ip{family} route get ADDRESS` says to which), and who is behind the other is not reached."
        )
        if docker:
            yield f"Make {title(docker)} anew with another --subnet."
        return


def _overlapping(known: Known, dev: str, network: _Network) -> Iterator[tuple[str, str]]:
    """(interface, address) of other interfaces of this namespace whose subnets overlap this one."""
    for name, other in known.interfaces.items():
        for held in other.addresses if name != dev and other.kind != "loopback" else ():
            theirs = _network(held.cidr)
            if theirs is not None and theirs.version == network.version and theirs.overlaps(network):
                yield name, held.cidr


def _network(cidr: str) -> _Network | None:
    """The subnet of an address with the length of its prefix; None for one that is no subnet, and for those of a link alone."""
    try:
        network = ipaddress.ip_network(cidr, strict=False)
    except ValueError:
        return None
    if "/" not in cidr or network.prefixlen == network.max_prefixlen:
        return None
    return None if network.is_link_local and network.version == 6 else network


def _list(places: list[str]) -> str:
    shown = places[:SHOWN]
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))
