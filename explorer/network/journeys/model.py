"""What is asked of a journey, and what it is once told."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from explorer.network.model import Fact

Kind = Literal["ping", "tcp", "http", "dns", "record"]
Ending = Literal["arrived", "dropped", "refused", "unreachable", "unanswered", "lost"]
HOPS = 120


class Asked(Fact):
    """From a place to a place, a name or an IPv4 address. For dns, `target` is the name that is looked up. For record nothing
    is sent: the first ping, connection or name lookup that leaves the place by itself is followed, wherever it goes."""

    source: str = Field(min_length=1, max_length=200)
    target: str = Field(min_length=1, max_length=253)
    kind: Kind = "ping"
    port: int = Field(default=80, ge=1, le=65535)


class Header(Fact):
    """One header field as it was at a hop. `depth` counts the tunnels around it; `offset`, `length`: bytes of `Hop.frame`."""

    layer: str
    name: str
    value: str
    offset: int
    length: int
    depth: int = 0
    changed: bool = False  # differs from the hop before


class Met(Fact):
    """One rule, or a chain's policy, that the kernel says the packet met. `position` counts from 1 as iptables does; 0 is the
    policy. `key` is that of the rule in the view of its table, empty when no view has it."""

    table: str
    chain: str
    position: int = 0
    rule: str = ""
    key: str = ""
    verdict: str
    why: str = ""


class Hop(Fact):
    """`ms` counts from the first sight of the packet. `interface` and `key` name the item of the place's interfaces it was seen
    at. `frame` is the start of the frame in hexadecimal."""

    kind: Literal["leaves", "arrives", "switched", "rule", "routed", "translated", "delivered", "ended"]
    place: str
    ms: float
    text: str
    why: str = ""
    interface: str = ""
    key: str = ""
    met: Met | None = None
    headers: tuple[Header, ...] = ()
    frame: str = ""


class Journey(Fact):
    """One packet's way. `end` is the sentence of how it ended."""

    way: Literal["request", "answer"]
    hops: tuple[Hop, ...] = ()
    ending: Ending = "arrived"
    end: str = ""
    truncated: bool = False


class Journeys(Fact):
    """What was asked, the request's way and the answer's, and what came of it. `error` says why there is none."""

    asked: Asked
    at: float
    address: str = ""  # what the target's name meant
    request: Journey | None = None
    answer: Journey | None = None
    result: str = ""
    ok: bool = False
    error: str = ""
    took_ms: float = 0.0
    notes: tuple[str, ...] = ()  # what could not be seen, and why
