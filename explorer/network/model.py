"""The typed picture of a sandbox at one moment.

A `Snapshot` holds `Place`s (network namespaces under the names a learner knows them by), each with its `Observation`s:
the text a tool printed and the typed items read from that same text, so the two can never disagree. Kernel facts and
Docker's names are kept apart (`places` and `docker`). Everything here came from a host and is hostile input: sizes are
bounded where the data enters (`lab`), names are plain text for whoever renders them.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

View = str  # the name of a row in `network/views.py`
PlaceKind = Literal["host", "container", "machine", "namespace"]


class Fact(BaseModel):
    """Base of everything seen: immutable, and an unknown field is an error of ours."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Address(Fact):
    """One address of an interface. `cidr` is address/prefix length."""

    cidr: str
    family: Literal["inet", "inet6"]
    scope: str = "global"


class Interface(Fact):
    """One line pair of `ip addr`. `kind` is the kernel's link kind (veth, bridge, vxlan, macvlan, …), `loopback`, or
    `physical` when the kernel names none. `peer_index` is the other end of a veth, in the namespace `peer_nsid` points at."""

    kind_of: Literal["interface"] = "interface"
    key: str
    index: int
    name: str
    kind: str
    mac: str = ""
    mtu: int
    state: str
    flags: tuple[str, ...] = ()
    master: str = ""
    peer_index: int | None = None
    peer_name: str = ""
    peer_nsid: int | None = None
    peer_place: str = ""  # filled in when the other namespace was read too, e.g. "h1/web"
    addresses: tuple[Address, ...] = ()
    detail: tuple[tuple[str, str], ...] = ()  # driver facts as (name, value), e.g. ("id", "4097") for a vxlan


class Route(Fact):
    kind_of: Literal["route"] = "route"
    key: str
    destination: str  # "default" or a CIDR
    type: str = "unicast"
    via: str = ""
    dev: str = ""
    source: str = ""
    scope: str = ""
    protocol: str = ""
    metric: int | None = None


class Neighbour(Fact):
    kind_of: Literal["neighbour"] = "neighbour"
    key: str
    address: str
    dev: str
    mac: str = ""
    state: str = ""


class FdbEntry(Fact):
    kind_of: Literal["fdb"] = "fdb"
    key: str
    mac: str
    dev: str
    master: str = ""
    destination: str = ""
    vlan: int | None = None
    flags: tuple[str, ...] = ()


class Chain(Fact):
    kind_of: Literal["chain"] = "chain"
    key: str
    table: str
    name: str
    policy: str = ""  # "-" in iptables-save becomes ""
    packets: int | None = None
    bytes: int | None = None


class Rule(Fact):
    """One `-A` line of `iptables-save -c`. `table` is its name there; with `ip6 ` before it, it was `ip6tables-save`, with
    `legacy ` the older program beside it. `position` counts from 1 within its chain. What the parser does not know stays
    in `other`, word for word; `spec` is always the whole rule as printed, without counters."""

    kind_of: Literal["rule"] = "rule"
    key: str
    table: str
    chain: str
    position: int
    spec: str
    target: str = ""
    protocol: str = ""
    source: str = ""
    destination: str = ""
    in_interface: str = ""
    out_interface: str = ""
    source_port: str = ""
    destination_port: str = ""
    to_destination: str = ""
    to_source: str = ""
    ct_state: str = ""
    other: tuple[str, ...] = ()
    packets: int | None = None
    bytes: int | None = None


class Flow(Fact):
    """One direction of a tracked connection. For ICMP the ports are empty and `id` is set."""

    source: str
    destination: str
    source_port: int | None = None
    destination_port: int | None = None
    id: int | None = None


class Connection(Fact):
    """One entry of `conntrack -L`. Translation shows as a reply that does not mirror the original."""

    kind_of: Literal["connection"] = "connection"
    key: str
    protocol: str
    state: str = ""
    original: Flow
    reply: Flow
    snat: bool = False
    dnat: bool = False
    flags: tuple[str, ...] = ()


class Request(Fact):
    """One line of a LAN machine's own log: who asked it for what, as it saw them."""

    kind_of: Literal["request"] = "request"
    key: str
    protocol: str  # http | dns | ping
    source: str
    source_port: int | None = None
    what: str = ""
    at: str = ""


class Frame(Fact):
    """One frame of VXLAN on a host's LAN: the outer addresses are those of hosts, the inner ones those of the two that talk.
    `at` is Unix time; lengths are in bytes on the wire, `inner_length` that of the frame inside; `problem`, what is wrong."""

    kind_of: Literal["frame"] = "frame"
    key: str
    at: float
    dev: str
    way: Literal["in", "out"]
    outer_source: str = ""
    outer_destination: str = ""
    source_port: int | None = None
    destination_port: int | None = None
    vni: int | None = None
    inner_source_mac: str = ""
    inner_destination_mac: str = ""
    inner_source: str = ""
    inner_destination: str = ""
    summary: str = ""
    length: int
    inner_length: int = 0
    problem: str = ""


class Call(Fact):
    """One question of Docker's to a network driver that is a program of its own, out of that driver's journal. `seconds` is
    how long the answer took, None while there is none; `asked` and `answer` are JSON for reading, `error` the driver's own."""

    kind_of: Literal["call"] = "call"
    key: str
    driver: str
    run: str = ""  # which start of the driver, as it says itself
    method: str
    at: float
    what: str = ""  # the question in a few words
    asked: str = ""
    answer: str = ""
    error: str = ""
    seconds: float | None = None


Item = Interface | Route | Neighbour | FdbEntry | Chain | Rule | Connection | Request | Frame | Call


class Line(Fact):
    """One line of text as the tool printed it. Lines that belong to one item share its `key`; `key` does not change with
    counters or timers, so two moments can be compared by it. `why` is one sentence, or empty when nothing is known; `about`
    names what the line belongs to, most specific first, in the words of `network.cause`."""

    text: str
    key: str = ""
    why: str = ""
    about: tuple[str, ...] = ()


class Observation(Fact):
    """What one view of one place showed. `command` is what a person would type there to see the same text. `since` and
    `changed` are Unix times by key, kept by whoever watched: since when it has been there, when it last became different.
    A key without a time was there when the watching began (or nobody watched)."""

    command: str
    lines: tuple[Line, ...] = ()
    items: tuple[Item, ...] = Field(default=())
    error: str = ""
    truncated: bool = False
    since: dict[str, float] = Field(default_factory=dict)
    changed: dict[str, float] = Field(default_factory=dict)


class Place(Fact):
    """One network namespace under a learner's name for it: `h1`, `h1/web`, `outside`. `netns` is the namespace's inode
    (what `readlink /proc/self/ns/net` shows there). `shares` names the place whose namespace this one lives in. `since` is
    when watching it began, in Unix time; 0 when nobody watches."""

    id: str
    kind: PlaceKind
    host: str = ""
    name: str
    netns: int = 0
    shares: str = ""
    error: str = ""  # why it could not be read; other places are unaffected
    since: float = 0.0
    views: dict[View, Observation] = Field(default_factory=dict)


class DockerNetwork(Fact):
    id: str
    name: str
    driver: str
    scope: str = "local"
    internal: bool = False
    attachable: bool = False
    subnets: tuple[str, ...] = ()
    gateways: tuple[str, ...] = ()
    ranges: tuple[str, ...] = ()  # of addresses given out, where they are only part of a subnet
    bridge: str = ""  # the Linux bridge behind it, e.g. docker0 or br-<first 12 of the id>
    created: float = 0.0  # Unix time by the daemon's word; 0 when it did not say
    options: dict[str, str] = Field(default_factory=dict)


class Endpoint(Fact):
    network: str  # the network's name
    address: str = ""
    gateway: str = ""
    mac: str = ""
    aliases: tuple[str, ...] = ()


class PublishedPort(Fact):
    host_address: str
    host_port: int
    container_port: int
    protocol: str = "tcp"


class DockerContainer(Fact):
    id: str
    name: str
    image: str
    state: str  # created running paused restarting removing exited dead
    network_mode: str = ""
    endpoints: tuple[Endpoint, ...] = ()
    ports: tuple[PublishedPort, ...] = ()
    exposed: tuple[str, ...] = ()
    command: str = ""  # what runs in it, as the daemon's list writes it: words with spaces quoted
    created: float = 0.0  # Unix time by the daemon's word, in whole seconds; 0 when it did not say


class DockerState(Fact):
    """What a host's own daemon says. It is the learner's daemon and may be dead or lie: names only, never kernel facts."""

    host: str
    version: str = ""
    error: str = ""
    networks: tuple[DockerNetwork, ...] = ()
    containers: tuple[DockerContainer, ...] = ()


class Put(Fact):
    """One thing an owner put on a host, as it was seen there last: enough to find it again."""

    place: str
    view: View | Literal["namespaces"]
    key: str
    text: str


class Gone(Fact):
    """A network or container that was removed, with all that it had put on its host. `owner` is in the words of
    `network.cause`, `detail` its driver or image."""

    host: str
    owner: str
    detail: str = ""
    at: float
    put: tuple[Put, ...] = ()
    more: bool = False  # it had put more than is kept


class Probe(Fact):
    """A question only a packet can answer: can `source` (a place) reach `target` (a place, a name or an address)?"""

    source: str
    target: str
    kind: Literal["ping", "http", "dns"] = "ping"
    port: int = 80

    @property
    def key(self) -> str:
        return f"{self.kind} {self.source} {self.target} {self.port}"


class ProbeResult(Fact):
    probe: Probe
    ok: bool
    detail: str = ""  # what came back, or why not, in one short sentence
    source_seen: str = ""  # http only: the address the answering side says it saw
    at: float


class Script(Fact):
    """A question that a program answers: run on a host, it says yes by ending with status 0."""

    place: str
    file: str

    @property
    def key(self) -> str:
        return f"{self.place} {self.file}"


class ScriptResult(Fact):
    """`status` is None when it did not end by itself; then `error` says why. `said` is the beginning of what it wrote."""

    status: int | None = None
    error: str = ""
    said: str = ""
    at: float = 0.0


class Road(Fact):
    """One way to measure. Packets go from `source` to `at` (a place or an address), port `port`; who takes them sits in
    `target`, at port `listen`."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,30}$")
    title: str = Field(max_length=80)
    source: str
    target: str
    at: str
    port: int = Field(ge=1, le=65535)
    listen: int = Field(ge=1, le=65535)


class Spread(Fact):
    """Of many samples: the least, the middle, the 95th of 100 (of runs: the most), and how many there were."""

    low: float
    median: float
    high: float
    samples: int


class RoadMeasured(Fact):
    """`trips` in microseconds there and back, `rates` in Mbit/s; `by_round` are (median trip, rate) of each round."""

    road: Road
    trips: Spread | None = None
    rates: Spread | None = None
    by_round: tuple[tuple[float, float], ...] = ()


class Measured(Fact):
    """Several roads measured in turn, round by round, so that whatever else the machine does disturbs all of them alike."""

    roads: tuple[RoadMeasured, ...] = ()
    error: str = ""  # one sentence; then there are no figures
    at: float = 0.0


class Snapshot(Fact):
    """Everything seen in one sandbox. `number` is the last event folded into it; `at` is Unix time in seconds."""

    sandbox: str
    generation: int = 1
    number: int = 0
    at: float = 0.0
    places: dict[str, Place] = Field(default_factory=dict)
    docker: dict[str, DockerState] = Field(default_factory=dict)
    probes: dict[str, ProbeResult] = Field(default_factory=dict)
    measured: dict[str, Measured] = Field(default_factory=dict)  # by the id of the lesson's question
    scripts: dict[str, ScriptResult] = Field(default_factory=dict)
    gone: tuple[Gone, ...] = ()  # the newest last
    no_commands: str = ""  # why the commands given are not listed, where they are not
