"""What a comparison asks of a driver: a variant of its network, and the answer to one question about it.

The comparison (`network/comparison`) is built on these types. They stand here because every driver's package holds its own
variants and clauses.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from pydantic import Field

from explorer.network.drivers.registry import DRIVERS
from explorer.network.engines import DEFAULT_ENGINE, PODMAN
from explorer.network.model import Fact

NETWORK = "town"  # the name of the network, where one is made
LAN_OPTIONS = ("--subnet", "lan", "--gateway", "lan.1", "--ip-range", "lan.192/27", "-o", "parent=eth0")
Mark = Literal["yes", "no", "partly", "value", "same", "lacks", "failed", "unknown"]
OUTPUT, COMMAND = 4096, 600  # characters kept of one command's output, and of the command
EVIDENCE = 8


def _list_drivers(schema: dict[str, Any]) -> None:
    schema["enum"] = [driver.name for driver in DRIVERS.values() if driver.variants]


class Variant(Fact):
    """One way to connect the two containers. `options` are further words for `docker network create`, in which `lan` and
    `lan.1` stand for the sandbox's addresses (network.scenario.fill). `publish` is the host's address where a port is
    published, as `-p` takes it, "" for all addresses. `since` is the first version of Docker Engine that can make it. `daemon`
    is added to the host's daemon.json before its daemon is started anew. `prepare` are shell lines for the host that run
    before anything else."""

    id: str = Field(pattern=r"^[a-z][a-z0-9-]{0,30}(@(\d{1,4}|podman))?$")
    title: str = Field(max_length=60)
    driver: str = Field(json_schema_extra=_list_drivers)
    engine: str = DEFAULT_ENGINE
    since: int = 0
    options: tuple[str, ...] = ()
    publish: str = ""
    daemon: dict[str, bool] = Field(default_factory=dict)
    prepare: tuple[str, ...] = ()
    summary: str = Field(default="", max_length=200)

    @property
    def internal(self) -> bool:
        return "--internal" in self.options

    @property
    def ipv6(self) -> bool:
        """Whether IPv6 has a part in it: its network has IPv6, or its port is published at an IPv6 address."""
        return "--ipv6" in self.options or ":" in self.publish

    @property
    def program(self) -> str:
        """The hosts' command line for containers."""
        return PODMAN if self.engine == PODMAN else "docker"

    @property
    def in_podman(self) -> bool:
        """Whether Podman can make it too: its driver is one of Podman's, and nothing of it is an option of Docker's alone."""
        dockers = self.daemon or self.prepare or self.since or any("com.docker" in word for word in self.options)
        return DRIVERS[self.driver].podman and not dockers and not self.ipv6

    @property
    def in_host(self) -> bool:
        """Whether its containers use the host's network namespace and have none of their own."""
        return DRIVERS[self.driver].in_host

    @property
    def spans_hosts(self) -> bool:
        """Whether the network spans two hosts of a swarm."""
        return DRIVERS[self.driver].spans_hosts

    @property
    def network(self) -> str:
        """The argument of `docker run --network`."""
        return self.driver if DRIVERS[self.driver].predefined else NETWORK

    @property
    def plugin(self) -> str:
        """The argument of `docker network create -d`; "" where no network is made."""
        driver = DRIVERS[self.driver]
        return "" if driver.predefined else driver.plugin or driver.docker

    @property
    def scenario(self) -> str:
        """The scenario that its sandbox begins with."""
        return "two-hosts" if self.spans_hosts else "one-host"


class Transcript(Fact):
    """The source of a statement. `command` can be typed at `where` (a place) as it stands; `status` is its exit status, None
    when it did not end in time. `lines`: a view of that place, read from outside, with the new lines marked. `try`: a command
    that did not run here; the thing was measured in another way, and this command shows it too."""

    kind: Literal["command", "lines", "try"] = "command"
    where: str = Field(max_length=200)
    command: str = Field(max_length=COMMAND)
    status: int | None = None
    output: str = Field(default="", max_length=OUTPUT)
    cut: bool = False  # there was more output
    note: str = Field(default="", max_length=300)


class Figures(Fact):
    """Many samples of one thing. `rounds` are the medians of each round. `loopback` is the same measurement from a namespace
    to itself, taken in turn with it: it shows how busy the machine was. `p95` is None where each sample is a whole run."""

    unit: Literal["µs", "Mbit/s"]
    median: float
    low: float
    high: float
    p95: float | None = None
    samples: int
    rounds: tuple[float, ...] = Field(default=(), max_length=40)
    loopback: tuple[float, ...] = Field(default=(), max_length=40)
    way: str = Field(default="", max_length=160)  # from where to where, for example "h1/client → h1/server"


class Cell(Fact):
    """One row's answer in one column. `mark` is yes, no or partly, or `value` when the answer is not yes or no; `lacks`: this
    node cannot do it; `failed`: it was tried and did not work; `unknown`: the answer could not be read. `why` is this
    column's reason."""

    row: str
    mark: Mark
    word: str = Field(max_length=80)
    value: str = Field(default="", max_length=200)
    number: float | None = None
    unit: str = ""
    figures: Figures | None = None
    evidence: tuple[Transcript, ...] = Field(default=(), max_length=EVIDENCE)
    why: str = Field(default="", max_length=400)


Clause = str | Callable[[Variant, Cell], str]
"""Why an answer is what it is, to stand after a column's name; "" where the answer is none that this clause explains."""
