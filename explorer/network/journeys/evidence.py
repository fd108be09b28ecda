"""What the node saw while a packet travelled. Times are nanoseconds of one kernel's clock, so times of different namespaces
can be compared."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Sighting:
    """A frame at an interface of a place, on its way in or out. `data` is the beginning of the frame, `length` its bytes on
    the wire."""

    at: int
    place: str
    device: str
    way: Literal["in", "out"]
    data: bytes
    length: int


@dataclass(frozen=True, slots=True)
class Step:
    """One message of nftables' trace, in the order in which the kernel sent them in this place. `handle` is 0 for a chain's
    policy. `network` and `transport` are the beginnings of those headers; they are empty where the kernel leaves them out (it
    sends them with the first step of each base chain). Source: NFTA_TRACE_* in <linux/netfilter/nf_tables.h>."""

    place: str
    packet: int  # the kernel's number for the packet; the steps of one hook share it
    table: str
    chain: str
    handle: int
    verdict: str  # accept, drop, continue, jump, goto, return, queue
    target: str = ""  # the target of a jump or goto
    policy: bool = False
    network: bytes = b""
    transport: bytes = b""


Handles = dict[tuple[str, str], tuple[tuple[int, str], ...]]  # (table, chain) → its rules' (handle, text), in order


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that was seen. `outcome` is what the sender got: whether it worked, and a sentence. `handles` says, per
    place, which rule the handle of a step means."""

    sightings: tuple[Sighting, ...] = ()
    steps: tuple[Step, ...] = ()
    handles: dict[str, Handles] = field(default_factory=dict)
    ok: bool = False
    outcome: str = ""
    errno: int = 0
    notes: tuple[str, ...] = ()
