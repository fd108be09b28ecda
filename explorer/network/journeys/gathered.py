"""What the node saw while a packet travelled. Times are nanoseconds of one kernel's clock, so times of different namespaces
can be compared."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from explorer.network.journeys.kernel import Answers


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
    """One message of nftables' trace, in the order in which the kernel sent them in this place. `table` is named as in
    `model.Rule`: `ip6 nat` is IPv6's nat, and ours has its bare name. `handle` is 0 for a chain's policy. `network` and
    `transport` are the beginnings of those headers; they are empty where the kernel leaves them out (it sends them with the
    first step of each base chain).
    Source: NFTA_TRACE_* in <linux/netfilter/nf_tables.h>."""

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


@dataclass(frozen=True, slots=True)
class Drop:
    """A packet that the kernel threw away in this place. `reason` is the kernel's name for why, without its prefix
    (`enum skb_drop_reason`), `function` the kernel function that did it. `data` begins with the Ethernet header, if the packet
    had one there; the network header begins `network` bytes later. `device` is "" for a packet without an interface."""

    at: int
    place: str
    reason: str
    function: str
    device: str
    protocol: int  # ETH_P_*, <linux/if_ether.h>
    network: int
    data: bytes
    length: int
    mark: int = 0


@dataclass(frozen=True, slots=True)
class NameAsked:
    """A name that a server was asked for, and what it said: its result, or why there was none."""

    name: str
    said: str


@dataclass(frozen=True, slots=True)
class NameSearch:
    """How a program there looks up `wanted`: the server that its resolv.conf names first, the domains in which it searches,
    and the names that were asked for, in order. The last question is the packet that is followed. `others` are the servers
    that a program asks after this one."""

    wanted: str
    server: str
    search: tuple[str, ...] = ()
    asked: tuple[NameAsked, ...] = ()
    others: tuple[str, ...] = ()


Handles = dict[tuple[str, str], tuple[tuple[int, str], ...]]  # (table, chain) → its rules' (handle, text), in order


@dataclass(frozen=True, slots=True)
class Gathered:
    """Everything that was gathered. `outcome` is what the sender got: whether it worked, and a sentence. When a program of the
    place sent the packet (`ours` is false), nobody knows what its socket was told, and `ok` says that an answer's frame came
    in. `handles` says, per place, which rule the handle of a step means."""

    sightings: tuple[Sighting, ...] = ()
    steps: tuple[Step, ...] = ()
    handles: dict[str, Handles] = field(default_factory=dict)
    ok: bool = False
    outcome: str = ""
    ours: bool = True
    errno: int = 0
    notes: tuple[str, ...] = ()
    drops: tuple[Drop, ...] = ()
    deaf: str = ""  # why the kernel told no drop reasons, or not all of them; "" when it told every one
    answers: dict[str, Answers] = field(default_factory=dict)  # place → what its kernel answered when it was asked
    ruled: frozenset[str] = frozenset()  # places where every rule that the packet met was traced
    names: NameSearch | None = None  # of a name lookup
    cut: frozenset[str] = frozenset()  # places where the observer lost something, so that "not seen" says nothing
