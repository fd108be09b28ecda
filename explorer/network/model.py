"""The typed picture of a sandbox at one moment.

A `Snapshot` holds `Place`s: network namespaces under the names that a learner knows. Each place has `Observation`s: the text
that a tool printed and the typed items that were read from the same text, so the two cannot disagree. Kernel facts (`places`)
and Docker's names (`docker`) are kept apart. Everything here came from a host and is hostile input: `lab` bounds its size,
and names are plain text that a page has to escape.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from explorer.network import Fact as Fact
from explorer.network.nft.facts import Elements, NftSet, Table

View = str  # the name of a row in `network/views.py`
PlaceKind = Literal["host", "container", "machine", "namespace"]
Tool = Literal["iptables", "nft"]  # the words in which a rule is written
EngineKind = Literal["docker", "podman"]


class Address(Fact):
    """One address of an interface. `cidr` is address/prefix length. `flags` are those of duplicate address detection:
    `tentative` while the kernel asks whether somebody has it, `dadfailed` when somebody has."""

    cidr: str
    family: Literal["inet", "inet6"]
    scope: str = "global"
    flags: tuple[str, ...] = ()


class Interface(Fact):
    """One interface of `ip addr`. `kind` is the kernel's link kind (veth, bridge, vxlan, macvlan and others), `loopback`, or
    `physical` when the kernel names none. `peer_index` is the index of the other end of a veth pair in the namespace that
    `peer_nsid` points at."""

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
    peer_place: str = ""  # filled in when the other namespace was read too, for example "h1/web"
    addresses: tuple[Address, ...] = ()
    detail: tuple[tuple[str, str], ...] = ()  # driver facts as (name, value), for example ("id", "4097") for a vxlan


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
    """A chain of iptables or of nft. `table` is named as in `Rule`. `hook` and what stands beside it are nft's words about
    where packets meet the chain; they are empty for a chain that only rules lead to, and for chains of iptables, whose names
    say it. `policy` is ACCEPT or DROP, "" for a chain without one."""

    kind_of: Literal["chain"] = "chain"
    key: str
    table: str
    name: str
    policy: str = ""
    tool: Tool = "iptables"
    type: str = ""
    hook: str = ""
    device: str = ""
    priority: str = ""
    packets: int | None = None
    bytes: int | None = None


class Rule(Fact):
    """One `-A` line of `iptables-save -c`, or one rule of `nft list ruleset`; `tool` says which. `table` is the name of its
    table; `ip6 ` before the name means IPv6, `inet `, `bridge `, `arp ` and `netdev ` are other families of nft, `legacy `
    means the older iptables program. `position` counts from 1 within its chain. Words that the parser does not know are kept in
    `other` as they are; `spec` is always the whole rule as printed, without counters. The other fields are in iptables' words
    whichever tool printed the rule: a target of nft's is ACCEPT, DROP, REJECT, RETURN, DNAT, SNAT, MASQUERADE, REDIRECT, the
    chain that a rule goes on to, or `@NAME` for a map that holds verdicts; a value that must not match begins with `!`."""

    kind_of: Literal["rule"] = "rule"
    key: str
    table: str
    chain: str
    position: int
    spec: str
    tool: Tool = "iptables"
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
    """One entry of `conntrack -L`. A translation shows as a reply that is not the mirror of the original."""

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
    """One line of a LAN machine's own log: a request that the machine got, and from which address."""

    kind_of: Literal["request"] = "request"
    key: str
    protocol: str  # http | dns | ping
    source: str
    source_port: int | None = None
    what: str = ""
    at: str = ""


class Frame(Fact):
    """One VXLAN frame on a host's LAN. The outer addresses are those of hosts, the inner addresses those of the two
    containers that talk. `at` is Unix time. Lengths are bytes on the wire; `inner_length` is the length of the inner frame.
    `problem` says what is wrong with the frame."""

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
    """One question of Docker to a third-party network driver, read from the driver's journal. `seconds` is the time until the
    answer, None while there is none. `asked` and `answer` are JSON made readable; `error` is the driver's own error."""

    kind_of: Literal["call"] = "call"
    key: str
    driver: str
    run: str = ""  # the driver's own number or name for its present run
    method: str
    at: float
    what: str = ""  # the question in a few words
    asked: str = ""
    answer: str = ""
    error: str = ""
    seconds: float | None = None


class Qdisc(Fact):
    """A queueing discipline that somebody gave an interface: it shapes, delays or drops what leaves by it. `parent` is `root`
    or the class it hangs on. Times are in milliseconds, the rate in bits per second; 0 where the discipline has none."""

    kind_of: Literal["qdisc"] = "qdisc"
    key: str
    dev: str
    kind: str
    handle: str = ""
    parent: str = ""
    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    loss_percent: float = 0.0
    rate: float = 0.0
    more: str = ""  # what else it does to packets, in tc's words
    words: str = ""  # for people


Item = (
    Interface
    | Route
    | Neighbour
    | FdbEntry
    | Chain
    | Rule
    | Table
    | NftSet
    | Elements
    | Connection
    | Request
    | Frame
    | Call
    | Qdisc
)


class Line(Fact):
    """One line of text as the tool printed it. The lines of one item share its `key`. A key does not change with counters or
    timers, so that two moments can be compared by keys. `why` is one sentence, empty when nothing is known. `about` names the
    owners, the most specific first, in the form of `network.cause`."""

    text: str
    key: str = ""
    why: str = ""
    about: tuple[str, ...] = ()


class Observation(Fact):
    """What one view of one place showed. `command` is what a person would type there to see the same text. `since` and
    `changed` are Unix times by key, for owned views: when the line appeared, and when it last changed. A key without a time
    was there when the watching began, or nobody watched."""

    command: str
    lines: tuple[Line, ...] = ()
    items: tuple[Item, ...] = Field(default=())
    error: str = ""
    truncated: bool = False
    since: dict[str, float] = Field(default_factory=dict)
    changed: dict[str, float] = Field(default_factory=dict)


class Place(Fact):
    """One network namespace under a learner's name for it: `h1`, `h1/web`, `outside`. `netns` is the namespace's inode
    (`readlink /proc/self/ns/net` shows it there). `shares` names the place whose namespace this place uses. `since` is the
    Unix time when the watching of this place began; 0 when nobody watches."""

    id: str
    kind: PlaceKind
    host: str = ""
    name: str
    netns: int = 0
    shares: str = ""
    error: str = ""  # why the place could not be read; other places are not affected
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
    ranges: tuple[str, ...] = ()  # the range of addresses that Docker gives out, where it is only a part of the subnet
    ipv4: bool = True
    ipv6: bool = False
    bridge: str = ""  # the Linux bridge of the network, such as docker0, br-<first 12 of the id> or podman1
    created: float = 0.0  # Unix time as the daemon says; 0 when it did not say
    project: str = ""  # the Compose project that its labels name, and its name in the project's file
    in_project: str = ""
    options: dict[str, str] = Field(default_factory=dict)


class Endpoint(Fact):
    """A container's connection to one network. `prefix` is the length of the address's prefix; a 6 marks IPv6. `priority` is
    what Docker weighs first when it chooses which network has the container's default gateway."""

    network: str  # the network's name
    address: str = ""
    prefix: int = 0
    gateway: str = ""
    address6: str = ""
    prefix6: int = 0
    gateway6: str = ""
    priority: int = 0
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
    opened: tuple[PublishedPort, ...] = ()  # published on a network in gateway mode routed: without a port of the host, so 0
    exposed: tuple[str, ...] = ()
    command: str = ""  # the command, as the daemon's list writes it: words with spaces are quoted
    created: float = 0.0  # Unix time as the daemon says, in whole seconds; 0 when it did not say
    project: str = ""  # the Compose project and service that its labels name
    service: str = ""


class DockerState(Fact):
    """What a host's own daemon says: Docker's, or Podman's API. It is the learner's and may be dead or may lie: it gives names,
    not kernel facts. `version` is that of `engine`."""

    host: str
    engine: EngineKind = "docker"
    version: str = ""
    error: str = ""
    cut: bool = False  # the daemon named more networks or containers than are kept
    pool6: str = ""  # the engine's own pool of IPv6 prefixes, where a network has IPv6 (`writes.pools`)
    networks: tuple[DockerNetwork, ...] = ()
    containers: tuple[DockerContainer, ...] = ()


class Put(Fact):
    """One thing that an owner added to a host, as it was seen there last: enough to find it again."""

    place: str
    view: View | Literal["namespaces"]
    key: str
    text: str


class Gone(Fact):
    """A removed network or container, with everything that it had added to its host. `owner` has the form of `network.cause`;
    `detail` is its driver or image."""

    host: str
    owner: str
    detail: str = ""
    at: float
    put: tuple[Put, ...] = ()
    more: bool = False  # it had added more than is kept


class Probe(Fact):
    """A question that only a packet can answer: can `source` (a place) reach `target` (a place, a name or an address)?"""

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
    detail: str = ""  # what came back, or why nothing came, in one short sentence
    source_seen: str = ""  # http only: the source address that the answering side says it saw
    at: float


class Script(Fact):
    """A question that a program on a host answers: exit status 0 means yes."""

    place: str
    file: str

    @property
    def key(self) -> str:
        return f"{self.place} {self.file}"


class ScriptResult(Fact):
    """The result. `status` is None when the program did not end by itself; then `error` says why. `said` is the beginning of
    its output."""

    status: int | None = None
    error: str = ""
    said: str = ""
    at: float = 0.0


class Road(Fact):
    """One path that is measured. Packets go from `source` to `at` (a place or an address) at port `port`. The receiver is in
    `target` and listens on port `listen`."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,30}$")
    title: str = Field(max_length=80)
    source: str
    target: str
    at: str
    port: int = Field(ge=1, le=65535)
    listen: int = Field(ge=1, le=65535)


class Spread(Fact):
    """The spread of many samples: the minimum, the median, the 95th percentile (for throughput runs: the maximum), and the
    number of samples."""

    low: float
    median: float
    high: float
    samples: int


class RoadMeasured(Fact):
    """The figures of one road. `trips` are round trips in microseconds, `rates` are in Mbit/s. `by_round` holds (median trip,
    rate) of each round."""

    road: Road
    trips: Spread | None = None
    rates: Spread | None = None
    by_round: tuple[tuple[float, float], ...] = ()


class Measured(Fact):
    """Several roads measured in turn, round by round, so that other work of the machine disturbs all of them alike."""

    roads: tuple[RoadMeasured, ...] = ()
    error: str = ""  # one sentence about why there are no figures
    at: float = 0.0


class Snapshot(Fact):
    """Everything seen in one sandbox. `number` is the number of the last event that is part of it; `at` is Unix time in
    seconds."""

    sandbox: str
    generation: int = 1
    number: int = 0
    at: float = 0.0
    places: dict[str, Place] = Field(default_factory=dict)
    docker: dict[str, DockerState] = Field(default_factory=dict)
    probes: dict[str, ProbeResult] = Field(default_factory=dict)
    measured: dict[str, Measured] = Field(default_factory=dict)  # by the id of the lesson's question
    scripts: dict[str, ScriptResult] = Field(default_factory=dict)
    gone: tuple[Gone, ...] = ()  # the newest is the last
    no_commands: str = ""  # why the timeline lists no commands; empty where it lists them
