"""The question of a journey and its result."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import Field, model_validator

from explorer.network.model import Fact

Kind = Literal["ping", "tcp", "http", "dns", "record"]
Ending = Literal["arrived", "dropped", "rejected", "refused", "unreachable", "unanswered", "lost", "unknown"]
HOPS = 120
WITH_PORT = re.compile(r"([^:\s]+|\[[0-9a-fA-F:.]+\]):(\d{1,5})")
_REMARK = re.compile(r'(?:--)?comment (?!--)(?:"(?:[^"\\]|\\.)*"|\S+)|/\*.*?\*/|"(?:[^"\\]|\\.)*"')


Ground = Literal[
    "rule", "frame", "unseen", "route", "counter", "socket", "icmp", "neighbour", "arp", "switch", "drop", "sender",
    "interface", "resolver", "tracked",
]  # fmt: skip


class Evidence(Fact):
    """One thing that was seen or asked, in words. `place` is where. `command` is what a person can type there to see the same;
    "" when it cannot be seen afterwards."""

    kind: Ground
    place: str
    text: str
    command: str = ""


class Asked(Fact):
    """The question: from a place to a place, a name or an address. For dns, `target` is the name that is looked up. For record
    nothing is sent: the first ping, connection, datagram or lookup that leaves the place by itself is followed. A target may
    end with a port, as in h1:8080 or [fd00::11]:8080. `family` is the version of IP by which a place or a name is asked; with
    4, IPv6 is taken where there is nothing else."""

    source: str = Field(min_length=1, max_length=200)
    target: str = Field(min_length=1, max_length=253)
    kind: Kind = "ping"
    port: int = Field(default=80, ge=1, le=65535)
    family: Literal[4, 6] = 4

    @model_validator(mode="before")
    @classmethod
    def _with_port(cls, asked: Any) -> Any:
        """People write `h1:8080`: the port of a TCP connection, unless another kind with ports was asked for."""
        if not isinstance(asked, dict) or not (found := WITH_PORT.fullmatch(str(asked.get("target", "")))):
            return asked
        kind = asked.get("kind", "ping")
        return (
            asked
            if kind in ("dns", "record")
            else {**asked, "target": found[1], "port": int(found[2]), "kind": "tcp" if kind == "ping" else kind}
        )


class Header(Fact):
    """One header field at a hop. `depth` is the number of tunnels around it; `offset` and `length` are bytes of `Hop.frame`."""

    layer: str
    name: str
    value: str
    offset: int
    length: int
    depth: int = 0
    changed: bool = False  # the value differs from the value at the hop before


def words_of_rule(rule: str) -> set[str]:
    """The words of a rule without its comments and quoted texts, which may hold any word."""
    return set(_REMARK.sub(" ", rule).split())


class Met(Fact):
    """One rule, or a chain's policy, that the packet met according to the kernel. `position` counts from 1 as iptables does;
    0 is the policy. `key` is the rule's key in the view of its table; empty when no view has the rule."""

    table: str
    chain: str
    position: int = 0
    rule: str = ""
    key: str = ""
    verdict: str
    why: str = ""

    @property
    def rejects(self) -> bool:
        """Whether the rule answers what it stops, instead of dropping it in silence."""
        return bool({"REJECT", "reject"} & words_of_rule(self.rule))


class Hop(Fact):
    """One hop. `ms` counts from the first sighting of the packet. `interface` and `key` name the place's interface where it
    was seen. `frame` is the beginning of the frame in hexadecimal."""

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
    """The way of one packet. `end` is a sentence about how it ended, `evidence` what the sentence rests on. Journeys that were
    kept by earlier versions have no evidence."""

    way: Literal["request", "answer"]
    hops: tuple[Hop, ...] = ()
    ending: Ending = "arrived"
    end: str = ""
    evidence: tuple[Evidence, ...] = ()
    truncated: bool = False


class Journeys(Fact):
    """The question, the way of the request, the way of the answer, and the outcome. `error` says why there is no journey."""

    asked: Asked
    at: float
    address: str = ""  # the address that the target's name was resolved to
    request: Journey | None = None
    answer: Journey | None = None
    result: str = ""
    ok: bool = False
    error: str = ""
    took_ms: float = 0.0
    notes: tuple[str, ...] = ()  # sentences about what could not be seen, and why
