"""What the kernel of a place answered when it was asked about one packet: the route that it looks up for this packet, its
listening sockets, its neighbours, its switches, and the counters that moved meanwhile."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field

from explorer.network.journeys.ends import Ends


@dataclass(frozen=True, slots=True)
class Lookup:
    """A question to a routing table: this packet, as it stands in this place. `iif` is "" for a packet that the place sends
    itself."""

    place: str
    destination: str
    source: str = ""
    iif: str = ""
    mark: int = 0


@dataclass(frozen=True, slots=True)
class Looked:
    """The kernel's answer. `kind` is the type of the route (unicast, local, broadcast …); "" with `errno` when the kernel
    refuses. `matched` is the prefix of the route that fits, as `ip route get fibmatch` says it."""

    asked: Lookup
    kind: str = ""
    device: str = ""
    via: str = ""
    matched: str = ""
    table: int = 0
    errno: int = 0

    @property
    def command(self) -> str:
        """What a person types in the place to ask the same."""
        words = ["ip route get", self.asked.destination]
        if self.asked.source:
            words += ["from", self.asked.source]
        if self.asked.iif:
            words += ["iif", shlex.quote(self.asked.iif)]
        if self.asked.mark:
            words += ["mark", hex(self.asked.mark)]
        return " ".join(words)


@dataclass(frozen=True, slots=True)
class Listener:
    """A socket that takes connections (tcp) or datagrams (udp). `address` is 0.0.0.0 or :: for every address."""

    protocol: str
    address: str
    port: int
    waiting: int = 0  # connections that nobody has accepted yet, or bytes that nobody has read yet
    remote: str = ""  # a datagram socket that hears this address only


@dataclass(frozen=True, slots=True)
class Neighbour:
    """An entry of the neighbour table."""

    address: str
    device: str
    state: str  # reachable, stale, delay, probe, incomplete, failed, permanent, noarp
    mac: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A route, or with `rule` a policy rule, that refuses packets: its type (blackhole, unreachable, prohibit, throw) and for
    which prefix. `table` is 0 for a rule, `priority` 0 for a route."""

    kind: str
    prefix: str
    table: int = 0
    rule: bool = False
    priority: int = 0
    source: str = ""  # of a rule: the prefix of the packet's source, "" for any
    device: str = ""  # of a rule: the interface where the packet came in, "" for any
    mark: int = 0  # of a rule: the packet's mark, in the bits of `mask`
    mask: int = 0

    def fits(self, asked: Lookup) -> bool:
        """Whether a rule is for packets that come in there and have that mark."""
        return self.device in ("", asked.iif or "lo") and asked.mark & self.mask == self.mark & self.mask

    @property
    def words(self) -> str:
        if self.rule:
            told = (("from", self.source), ("to", self.prefix), ("iif", self.device))
            matches = [f"{word} {value}" for word, value in told if value]
            matches += [f"fwmark {self.mark:#x}"] if self.mask else []
            return f"policy rule {self.priority}: {' '.join([*matches, self.kind])}"
        return f"route {self.kind} {self.prefix}" + ("" if self.table in (0, 254) else f" in table {self.table}")


@dataclass(frozen=True, slots=True)
class Flow:
    """A question to connection tracking: a packet of this protocol (tcp, udp, icmp) with these ends. `number` is the
    identifier of an ICMP echo, `answer` that it is an echo reply."""

    protocol: str
    ends: Ends
    number: int = 0
    answer: bool = False


@dataclass(frozen=True, slots=True)
class Tracked:
    """The connection that the kernel tracks for such a packet: the ends of its first packet, and those that an answer has when
    it comes in. None, None: it tracks no such connection. `replied` says whether an answer was seen."""

    asked: Flow
    original: Ends | None = None
    reply: Ends | None = None
    replied: bool = False


@dataclass(frozen=True, slots=True)
class Answers:
    """All answers of one place. `counters` holds those that moved while the packet travelled: name → by how much. `switches`
    holds sysctls: name → value. `silent` says why the kernel could not be asked."""

    place: str
    looked: tuple[Looked, ...] = ()
    listeners: tuple[Listener, ...] = ()
    neighbours: tuple[Neighbour, ...] = ()
    switches: dict[str, str] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)
    refusals: tuple[Refusal, ...] = ()
    tracked: tuple[Tracked, ...] = ()
    legacy: tuple[str, ...] = ()  # tables of iptables-legacy, which nftables does not list
    silent: str = ""
