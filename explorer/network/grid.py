"""Who reaches whom: which questions are asked between which places and addresses, and the outcome of each.

A cell has three questions: by address, by IPv6 address and by name. `told` says what happened to the packets. `ok` is true only
when the echo request was seen in the target itself and its answer came back; an answer from another place with the same address
does not count.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Literal

from pydantic import Field

from explorer.network.journeys.model import Evidence
from explorer.network.model import Fact, Interface, Place

PLACES = 12
Held = ipaddress.IPv4Interface | ipaddress.IPv6Interface
Outcome = Literal["answered", "stranger", "one-way", "refused", "no-route", "silent", "no-name", "no-address", "unmeasured"]


class Told(Fact):
    """The outcome of one question. `address` is the address that was tried, `by` the place that refused or that also has the
    address, `why` one sentence, `evidence` what the sentence rests on."""

    outcome: Outcome
    address: str = ""
    by: str = ""
    ms: float | None = None
    why: str = ""
    evidence: tuple[Evidence, ...] = ()

    @property
    def ok(self) -> bool | None:
        return None if self.outcome == "unmeasured" else self.outcome == "answered"


class Cell(Fact):
    """`by_address6` is None in a grid that was measured before IPv6 was asked for."""

    source: str
    target: str
    by_address: Told
    by_name: Told
    by_address6: Told | None = None

    @property
    def questions(self) -> tuple[Told, ...]:
        return tuple(told for told in (self.by_address, self.by_name, self.by_address6) if told)


class Grid(Fact):
    """All outcomes. `left_out` are sentences about places that have no row. `error` says why there is no grid."""

    places: tuple[str, ...] = ()
    cells: tuple[Cell, ...] = ()
    left_out: tuple[str, ...] = ()
    at: float = 0.0
    seconds: float = 0.0
    error: str = Field(default="", max_length=300)


def rows_of(places: Mapping[str, Place]) -> tuple[list[str], list[str]]:
    """The places that ask and are asked, hosts and machines first; and sentences about the places left out."""
    left_out: list[str] = []
    rows: list[Place] = []
    for place in places.values():
        if place.kind == "namespace":
            continue
        if place.shares:
            left_out.append(f"{place.id} lives in the network namespace of {place.shares} and reaches what that reaches.")
        elif place.error:
            left_out.append(f"{place.id} cannot be read.")
        else:
            rows.append(place)
    rows.sort(key=lambda place: (place.kind == "container", place.id))
    if len(rows) > PLACES:
        more = ", ".join(place.id for place in rows[PLACES : PLACES + 8])
        left_out.append(f"A grid has at most {PLACES} places; left out: {more}{' and more' if len(rows) > PLACES + 8 else ''}.")
    rows = rows[:PLACES]
    rows.sort(key=lambda place: (place.kind == "machine", place.host or place.id, place.kind == "container", place.id))
    return [place.id for place in rows], left_out


def interfaces_of(place: Place) -> list[Interface]:
    seen = place.views.get("interfaces")
    return [item for item in seen.items if isinstance(item, Interface)] if seen else []


def addresses_of(place: Place, version: int = 4) -> Iterator[tuple[Held, Interface]]:
    """The place's addresses of this version of IP; the addresses of its own bridges come last."""
    family = "inet6" if version == 6 else "inet"
    for interface in sorted(interfaces_of(place), key=lambda one: (one.kind in ("bridge", "loopback"), one.index)):
        for address in interface.addresses:
            if address.family == family and address.scope == "global":
                try:
                    yield ipaddress.ip_interface(address.cidr), interface
                except ValueError:
                    continue


def holders(places: Mapping[str, Place], address: str) -> list[str]:
    """Every place that has this address. Two hosts can each have a container with the same address."""
    version = 6 if ":" in address else 4
    return [
        place.id
        for place in places.values()
        if not place.shares and any(str(own.ip) == address for own, _ in addresses_of(place, version))
    ]


def address_toward(source: Place, target: Place, version: int = 4) -> str:
    """The address of `target` that `source` uses: the one on a network that both share, else the target's first address."""
    own = [address for address, _ in addresses_of(source, version)]
    taken = {address.ip for address in own}
    found = [address for address, _ in addresses_of(target, version)]
    apart = [address for address in found if address.ip not in taken] or found
    near = [address for address in apart if any(address.ip in one.network for one in own)]
    return str((near or apart)[0].ip) if apart else ""
